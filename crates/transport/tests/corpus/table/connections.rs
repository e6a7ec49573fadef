//! What can happen to every connection, and what either route can be told.

use alipes_transport::Phase::Headers;

use super::{Struck, struck};
use crate::row::Outcome::{Answer, Fault};
use crate::row::Wires::{Plain, Tls};
use crate::row::{Examined, Family, Row};

/// Before anything is read. A handshake that fails once is mended by the dialer's own second, classical one.
const CONNECTIONS: &[Struck] = table! {
    "connection-reset"  Upgrade RESET:     over(Plain) once(Answer, 500, 1) always(Fault, 16_000, 0) examined_at(Headers);
    "connection-reset":                    over(Tls) once(Answer, 500, 1);
    "connection-reset"  Tls RESET:         over(Tls) always(Fault, 16_000, 0);
    "connection-cut"    Upgrade RESET:     over(Plain) once(Answer, 500, 1) always(Fault, 16_000, 0) examined_at(Headers);
    "connection-cut":                      over(Tls) once(Answer, 500, 1);
    "connection-cut"    Tls RESET:         over(Tls) always(Fault, 16_000, 0);
    "connection-silent" Upgrade TIMED_OUT: over(Plain) once(Answer, 3_000, 1) always(Fault, 130_000, 0) ends_as(crate::diagnosis::SILENT) examined_at(Headers);
    "connection-silent":                   over(Tls) once(Answer, 11_000, 1);
    "connection-silent" Tls TIMED_OUT:     over(Tls) always(Fault, 180_000, 0);
};

const EITHER: &[Struck] = table! {
    "401"                Upgrade UNAUTHORIZED: once(Answer, 500, 2) always(Fault, 2_000, 2);
    "429"                Upgrade RATE_LIMITED: once(Answer, 1_500, 2) always(Fault, 4_000, 4);
    "usage-limit"        Upgrade USAGE_LIMIT:  either(Fault, 600, 1);
    "500"                Upgrade SERVER_ERROR: once(Answer, 500, 2) always(Fault, 16_000, 9);
    "503"                Upgrade OVERLOADED:   once(Answer, 500, 2) always(Fault, 8_000, 5);
    "quota"              Upgrade QUOTA:        either(Fault, 600, 1);
    "usage-not-included" Upgrade FORBIDDEN:    either(Fault, 600, 1);
    "blocked"            Upgrade BLOCKED:      once(Answer, 500, 2) always(Fault, 1_000, 2);
    "captive-portal"     Upgrade CAPTIVE_PORTAL: once(Answer, 500, 2) always(Fault, 1_000, 2);
    "region"             Upgrade REGION:       once(Answer, 500, 2) always(Fault, 1_000, 2);
    "challenge"          Upgrade CHALLENGE:    once(Answer, 500, 2) always(Fault, 1_000, 2);
};

pub(super) fn rows() -> Vec<Row> {
    let connections = struck(Family::Connections, CONNECTIONS);
    // A turn meets it at the upgrade. Doctor asks by both routes at once and tells what the request is told.
    let either = struck(Family::EitherRoute, EITHER).into_iter();
    let either = either.map(|row| row.examined(Examined::At(Headers)));
    connections.into_iter().chain(either).collect()
}
