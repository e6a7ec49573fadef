//! What the TLS handshake can meet with: middleboxes that end it, and certificates that do not fit.
//!
//! A first ClientHello that meets with silence is followed by a classical one, once, by the dialer itself; where
//! that mends it, nobody notices anything but the time.

use alipes_transport::Phase;

use super::{Struck, struck};
use crate::diagnosis::{RESET, TIMED_OUT};
use crate::row::Outcome::{Answer, Fault};
use crate::row::Wires::Tls;
use crate::row::{Family, Row};

const FAULTS: &[Struck] = table! {
    "tls-reset-after-hello":                     over(Tls) once(Answer, 500, 1);
    "tls-reset-after-hello" Tls RESET:           over(Tls) always(Fault, 16_000, 0);
    "tls-cut-after-hello":                       over(Tls) once(Answer, 500, 1);
    "tls-cut-after-hello" Tls RESET:             over(Tls) always(Fault, 16_000, 0);
    "tls-freeze-after-hello":                  over(Tls) once(Answer, 11_000, 1);
    "tls-freeze-after-hello" Tls TIMED_OUT:      over(Tls) always(Fault, 180_000, 0);
    "tls-reset-large-hello":                     over(Tls) either(Answer, 500, 1) examined(Phase::Tls, RESET);
    "tls-freeze-large-hello":                  over(Tls) either(Answer, 11_000, 1) examined(Phase::Tls, TIMED_OUT);
    "certificate-expired" Tls CERTIFICATE:       over(Tls) either(Fault, 500, 0);
    "certificate-not-yet-valid" Tls CLOCK_SKEW:  over(Tls) either(Fault, 500, 0);
    "certificate-wrong-host" Tls CERTIFICATE:    over(Tls) either(Fault, 500, 0);
    "certificate-stranger" Tls INTERCEPTED:      over(Tls) either(Fault, 500, 0);
    "http2-pings-unanswered":                    over(Tls) always(Answer, 500, 1);
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = struck(Family::Handshakes, FAULTS);
    for (seconds, name) in [
        (3, "tls-reset-after-hello@3s"),
        (7, "tls-reset-after-hello@7s"),
    ] {
        rows.push(
            Row::new(
                Family::Handshakes,
                name,
                "every handshake is reset for so long, then none",
            )
            .fault(name)
            .over(Tls)
            .named(Phase::Tls, RESET)
            .ends(Answer, (seconds + 8) * 1_000, 1),
        );
    }
    rows
}
