//! What the upgrade to a WebSocket can meet with; SSE is always open beside it.

use super::{Struck, struck};
use crate::row::Outcome::{Answer, Fault};
use crate::row::{Family, Row};

const FAULTS: &[Struck] = table! {
    "websocket-refused-400"          Upgrade UPGRADE_REFUSED: either(Answer, 500, 2);
    "websocket-refused-401"          Upgrade UNAUTHORIZED:    once(Answer, 500, 2) always(Fault, 2_000, 2);
    "websocket-refused-403"          Upgrade UPGRADE_REFUSED: either(Answer, 500, 2);
    "websocket-refused-404"          Upgrade UPGRADE_REFUSED: either(Answer, 500, 2);
    "websocket-refused-426"          Upgrade UPGRADE_REFUSED: either(Answer, 500, 2);
    "websocket-refused-429"          Upgrade RATE_LIMITED:    once(Answer, 1_500, 2) always(Fault, 4_000, 4);
    "websocket-refused-500"          Upgrade SERVER_ERROR:    either(Answer, 500, 2);
    "websocket-refused-503"          Upgrade OVERLOADED:      either(Answer, 500, 2);
    "websocket-refused-501"          Upgrade SERVER_ERROR:    either(Answer, 500, 2);
    "websocket-refused-524"          Upgrade EDGE_TIMEOUT:    either(Answer, 500, 2);
    "websocket-blocked"              Upgrade BLOCKED:         either(Answer, 500, 2);
    "websocket-challenge"            Upgrade CHALLENGE:       either(Answer, 500, 2);
    "websocket-html-200"             Upgrade NOT_AN_API:      either(Answer, 500, 2);
    "websocket-stall-before-upgrade" Upgrade TIMED_OUT:       either(Answer, 3_000, 2);
    "websocket-reset-before-upgrade" Upgrade RESET:           either(Answer, 500, 2);
    "websocket-cut-before-upgrade"   Upgrade RESET:           either(Answer, 500, 2);
};

pub(super) fn rows() -> Vec<Row> {
    struck(Family::Upgrades, FAULTS)
}
