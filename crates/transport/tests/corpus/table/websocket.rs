//! What can happen on a WebSocket that stands; SSE is always open beside it.

use std::time::Duration;

use alipes_transport::Phase::Headers;

use super::{Struck, struck};
use crate::diagnosis::{EDGE_DEAD, FORGOTTEN, SILENT, STALE};
use crate::row::Outcome::{Answer, Fault, Restarted};
use crate::row::{Family, Row, Wires};

const FAULTS: &[Struck] = table! {
    "websocket-stall-before-first-event"      Headers SILENT:            once(Answer, 22_000, 2) always(Answer, 42_000, 3);
    "websocket-freeze-before-first-event"     Headers EDGE_DEAD:         once(Answer, 10_000, 2) always(Answer, 17_000, 3) examined(Headers, SILENT);
    "websocket-reset-before-first-event"      Headers RESET:             once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-cut-before-first-event"        Headers RESET:             once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-close-1000-before-first-event" Headers CUT:               once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-close-1009-before-first-event" Headers TOO_LARGE:         either(Answer, 500, 2);
    "websocket-close-1011-before-first-event" Headers SERVER_ERROR:      once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-stall-after-created"           FirstOutput SILENT:        once(Answer, 22_000, 2) always(Answer, 42_000, 3) unfinished();
    "websocket-freeze-after-created"          FirstOutput EDGE_DEAD:     once(Answer, 10_000, 2) always(Answer, 17_000, 3) unfinished();
    "websocket-reset-after-created"           FirstOutput CUT:           once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-cut-after-created"             FirstOutput CUT:           once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-close-1011-after-created"      FirstOutput SERVER_ERROR:  once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-stall-after-reasoning"         Stream STALLED:            once(Answer, 122_000, 2) always(Answer, 242_000, 3) unfinished();
    "websocket-stall-after-call"              Stream STALLED:            once(Answer, 122_000, 2) always(Answer, 242_000, 3) unfinished();
    "websocket-stall-after-text"              Stream STALLED:            once(Restarted, 32_000, 2) always(Restarted, 62_000, 3) unfinished();
    "websocket-freeze-after-text"             Stream EDGE_DEAD:          once(Restarted, 10_000, 2) always(Restarted, 17_000, 3) unfinished();
    "websocket-reset-after-text"              Stream CUT:                once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-cut-after-text"                Stream CUT:                once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-close-1000-after-text"         Stream CUT:                once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-close-1012-after-text"         Stream CUT:                once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-usage-limit"                   Headers USAGE_LIMIT:       either(Fault, 600, 1);
    "websocket-rate-limited"                  Headers RATE_LIMITED:      once(Answer, 1_500, 2) always(Fault, 4_000, 4);
    "websocket-error-500"                     Headers SERVER_ERROR:      once(Answer, 500, 2) always(Answer, 500, 3);
    "websocket-connection-limit"              Headers EXPIRED:           once(Answer, 500, 2) always(Answer, 1_000, 3);
    "websocket-failed"                        Stream SERVER_ERROR:       once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-failed-overloaded"             FirstOutput OVERLOADED:    once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "websocket-broken-json":                                             either(Answer, 500, 1);
    "websocket-unknown-event":                                           either(Answer, 500, 1);
    "websocket-null-output":                                             either(Answer, 500, 1);
    "websocket-completed-twice":                                         either(Answer, 500, 1);
    "websocket-pings-unanswered":                                        always(Answer, 500, 1);
    "websocket-close-1013-before-first-event" Headers OVERLOADED:        once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "websocket-late-first-event":                                        either(Answer, 13_000, 1) examined(Headers, SILENT);
    "websocket-pause-after-text":                                        either(Answer, 13_000, 1) unfinished();
    "websocket-close-1008-after-text"         Stream MALFORMED:          once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-close-1009-after-text"         Stream TOO_LARGE:          either(Restarted, 500, 2);
    "websocket-close-1011-after-text"         Stream SERVER_ERROR:       once(Restarted, 500, 2) always(Restarted, 500, 3);
    "websocket-close-1013-after-text"         Stream OVERLOADED:         once(Restarted, 1_500, 2) always(Fault, 8_000, 4);
    "websocket-error-401"                     Headers UNAUTHORIZED:      once(Answer, 500, 2) always(Fault, 2_000, 2);
    "websocket-quota"                         Headers QUOTA:             either(Fault, 600, 1);
    "websocket-context-too-long"              Headers CONTEXT_TOO_LONG:  either(Fault, 500, 1);
    "websocket-invalid-encrypted-content"     Headers FOREIGN_REASONING: either(Fault, 500, 1);
    "websocket-model-not-found"               Headers NO_SUCH_MODEL:     either(Fault, 500, 1);
    "websocket-token-expired-after-text"      Stream UNAUTHORIZED:       once(Restarted, 500, 2) always(Fault, 2_000, 2);
    "websocket-text-after-final-event":                                  either(Answer, 500, 1);
    "websocket-numbers-backwards":                                       either(Answer, 500, 1);
    "websocket-huge-event"                    Stream ANSWER_TOO_LARGE:   over(Wires::Plain) always(Restarted, 30_000, 2);
    "websocket-endless"                       Stream ANSWER_TOO_LARGE:   over(Wires::Plain) always(Answer, 1_000, 2);
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = struck(Family::WebSocket, FAULTS);
    rows.extend([
        second("websocket-previous-response-not-found", "")
            .named(Headers, FORGOTTEN)
            .ends(Answer, 500, 2),
        second(
            "websocket-freeze-before-first-event@2",
            "a socket that was used before is dead",
        )
        .named(Headers, EDGE_DEAD)
        .ends(Answer, 10_000, 2),
        second(
            "websocket-reset-before-first-event@2",
            "a socket that was used before is reset",
        )
        .named(Headers, STALE)
        .ends(Answer, 500, 2),
        second(
            "websocket-close-1000-before-first-event@2",
            "a socket that was used before is closed",
        )
        .named(Headers, STALE)
        .ends(Answer, 500, 2),
        second(
            "websocket-text-after-final-event@1",
            "more text of the step before comes when this one has begun",
        )
        .pace(20)
        .after_a_step(Duration::ZERO)
        .named(Headers, STALE)
        .ends(Answer, 3_000, 2),
        second(
            "websocket-completed-twice@1",
            "a word is left over on the socket from the step before",
        ),
    ]);
    rows
}

/// A fault at the second step of a conversation.
fn second(fault: &str, about: &'static str) -> Row {
    let known = alipes_simulator::faults()
        .iter()
        .find(|known| known.name == fault);
    let about = known.map_or(about, |fault| fault.about);
    let name = format!("{fault}, second step");
    Row::new(Family::WebSocket, &name, about)
        .fault(fault)
        .after_a_step(Duration::from_secs(5))
}
