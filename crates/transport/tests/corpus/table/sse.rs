//! What can happen to an answer by SSE where there is no other way: the upgrade was refused beforehand.

use std::time::Duration;

use alipes_transport::Phase::{FirstOutput, Headers, Stream};

use super::{Struck, struck};
use crate::diagnosis::{DEADLINE, SILENT, STALLED};
use crate::row::Outcome::{Answer, Fault, Restarted};
use crate::row::Wires::{Plain, Tls};
use crate::row::{Family, Row};

const FAULTS: &[Struck] = table! {
    "sse-400"                       Headers INVALID_REQUEST:   either(Fault, 500, 1);
    "sse-bad-image"                 Headers INVALID_REQUEST:   either(Fault, 500, 1);
    "sse-401"                       Headers UNAUTHORIZED:      once(Answer, 500, 2) always(Fault, 2_000, 2);
    "sse-403"                       Headers FORBIDDEN:         either(Fault, 500, 1);
    "sse-404"                       Headers NO_SUCH_ENDPOINT:  either(Fault, 500, 1);
    "sse-413"                       Headers TOO_LARGE:         either(Fault, 500, 1);
    "sse-409"                       Headers UNPROCESSED:       once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-421"                       Headers UNPROCESSED:       once(Answer, 500, 2) always(Fault, 16_000, 9);
    "sse-425"                       Headers UNPROCESSED:       once(Answer, 500, 2) always(Fault, 16_000, 9);
    "sse-429"                       Headers RATE_LIMITED:      once(Answer, 1_500, 2) always(Fault, 4_000, 4);
    "sse-usage-limit"               Headers USAGE_LIMIT:       either(Fault, 600, 1);
    "sse-500"                       Headers SERVER_ERROR:      once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-503"                       Headers OVERLOADED:        once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "sse-500-later"                 Headers SERVER_ERROR:      once(Answer, 20_500, 2) always(Fault, 145_000, 8);
    "sse-503-later"                 Headers OVERLOADED:        once(Answer, 20_500, 2) always(Fault, 62_000, 4);
    "sse-challenge"                 Headers CHALLENGE:         either(Fault, 1_000, 1);
    "sse-html-200"                  Headers NOT_AN_API:        either(Fault, 500, 1);
    "sse-header-flood"              Headers ANSWER_TOO_LARGE:  either(Fault, 500, 1);
    "sse-stall-before-headers"      Headers SILENT:            once(Answer, 22_000, 2) always(Fault, 62_000, 5);
    "sse-freeze-before-headers"     Headers SILENT:            over(Plain) once(Answer, 22_000, 2) always(Fault, 62_000, 5);
    "sse-freeze-before-headers"     Headers EDGE_DEAD:         over(Tls) once(Answer, 10_000, 2) always(Fault, 60_000, 6) examined(Headers, SILENT);
    "sse-reset-before-headers"      Headers RESET:             once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-cut-before-headers"        Headers RESET:             once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-stall-before-first-event"  FirstOutput SILENT:        once(Answer, 22_000, 2) always(Fault, 62_000, 5) unfinished();
    "sse-stall-after-created"       FirstOutput SILENT:        once(Answer, 22_000, 2) always(Fault, 62_000, 5) unfinished();
    "sse-freeze-after-created"      FirstOutput SILENT:        over(Plain) once(Answer, 22_000, 2) always(Fault, 62_000, 5) unfinished();
    "sse-freeze-after-created"      FirstOutput EDGE_DEAD:     over(Tls) once(Answer, 10_000, 2) always(Fault, 60_000, 6) unfinished();
    "sse-reset-after-created"       FirstOutput CUT:           once(Answer, 250, 2) always(Fault, 16_000, 6);
    "sse-cut-after-created"         FirstOutput CUT:           once(Answer, 250, 2) always(Fault, 16_000, 6);
    "sse-stall-after-reasoning"     Stream STALLED:            once(Answer, 122_000, 2) always(Fault, 482_000, 5) unfinished();
    "sse-stall-after-call"          Stream STALLED:            once(Answer, 122_000, 2) always(Fault, 482_000, 5) unfinished();
    "sse-cut-late-after-call"       Stream STALLED:            once(Answer, 122_000, 2) always(Fault, 600_000, 8) unfinished();
    "sse-cut-late"                  FirstOutput SILENT:        once(Answer, 22_000, 2) always(Fault, 128_000, 8) unfinished();
    "sse-stall-after-text"          Stream STALLED:            once(Restarted, 32_000, 2) always(Fault, 92_000, 3) unfinished();
    "sse-freeze-after-text"         Stream STALLED:            over(Plain) once(Restarted, 32_000, 2) always(Fault, 92_000, 3) unfinished();
    "sse-freeze-after-text"         Stream EDGE_DEAD:          over(Tls) once(Restarted, 10_000, 2) always(Fault, 60_000, 6) unfinished();
    "sse-reset-after-text"          Stream CUT:                once(Restarted, 250, 2) always(Fault, 16_000, 6);
    "sse-cut-after-text"            Stream CUT:                once(Restarted, 250, 2) always(Fault, 16_000, 6);
    "sse-error-event"               FirstOutput SERVER_ERROR:  once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-failed"                    Stream SERVER_ERROR:       once(Restarted, 500, 2) always(Fault, 16_000, 8);
    "sse-failed-held-open"          Stream SERVER_ERROR:       once(Restarted, 500, 2) always(Fault, 16_000, 8);
    "sse-failed-overloaded"         FirstOutput OVERLOADED:    once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "sse-failed-rate-limit"         FirstOutput RATE_LIMITED:  once(Answer, 1_500, 2) always(Fault, 4_000, 4);
    "sse-incomplete"                Stream INCOMPLETE:         either(Fault, 500, 1);
    "sse-broken-json":                                         either(Answer, 500, 1);
    "sse-unknown-event":                                       either(Answer, 500, 1);
    "sse-null-output":                                         either(Answer, 500, 1);
    "sse-completed-twice":                                     either(Answer, 500, 1);
    "sse-no-blank-line":                                       either(Answer, 500, 1);
    "sse-no-final-event":                                      either(Answer, 500, 1);
    "sse-429-date"                  Headers RATE_LIMITED:      once(Answer, 2_500, 2) always(Fault, 8_000, 4);
    "sse-429-negative"              Headers RATE_LIMITED:      once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "sse-429-garbage"               Headers RATE_LIMITED:      once(Answer, 1_500, 2) always(Fault, 8_000, 4);
    "sse-429-year"                  Headers RATE_LIMITED:      either(Fault, 500, 1);
    "sse-quota"                     Headers QUOTA:             either(Fault, 600, 1);
    "sse-usage-not-included"        Headers FORBIDDEN:         either(Fault, 600, 1);
    "sse-403-detail"                Headers FORBIDDEN:         either(Fault, 600, 1);
    "sse-blocked"                   Headers BLOCKED:           either(Fault, 1_000, 1);
    "sse-region"                    Headers REGION:            either(Fault, 1_000, 1);
    "sse-redirect"                  Headers REDIRECTED:        either(Fault, 500, 1);
    "sse-model-not-found"           Headers NO_SUCH_MODEL:     either(Fault, 500, 1);
    "sse-context-too-long"          Headers CONTEXT_TOO_LONG:  either(Fault, 500, 1);
    "sse-invalid-encrypted-content" Headers FOREIGN_REASONING: either(Fault, 500, 1);
    "sse-policy"                    Headers POLICY:            either(Fault, 500, 1);
    "sse-error-200"                 Headers SERVER_ERROR:      once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-502"                       Headers SERVER_ERROR:      once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-524"                       Headers EDGE_TIMEOUT:      once(Answer, 500, 2) always(Fault, 16_000, 8);
    "sse-late-first-event":                                    either(Answer, 13_000, 1) unfinished();
    "sse-pause-after-text":                                    either(Answer, 13_000, 1) unfinished();
    "sse-json"                      Headers WHOLE_ANSWER:      either(Fault, 500, 1);
    "sse-encoded"                   Headers ENCODED_ANSWER:    either(Fault, 500, 1);
    "sse-empty"                     FirstOutput CUT:           once(Answer, 250, 2) always(Fault, 16_000, 6);
    "sse-token-expired-after-text"  Stream UNAUTHORIZED:       once(Restarted, 500, 2) always(Fault, 2_000, 2);
    "sse-done":                                                either(Answer, 500, 1);
    "sse-text-after-final-event":                              either(Answer, 500, 1);
    "sse-numbers-backwards":                                   either(Answer, 500, 1);
    "sse-byte-order-mark":                                     either(Answer, 500, 1);
    "sse-carriage-returns":                                    either(Answer, 500, 1);
    "sse-crumbs":                                              either(Answer, 500, 1);
    "sse-invalid-utf8":                                        either(Answer, 500, 1);
    // A greeting is too small to be compressed; `over_sockets/compression` has what is not.
    "sse-refuses-zstd":                                        either(Answer, 500, 1);
    "http2-stream-refused"          Headers UNPROCESSED:       over(Tls) once(Answer, 500, 1) always(Fault, 16_000, 0);
    "http2-go-away"                 Headers UNPROCESSED:       over(Tls) once(Answer, 500, 1) always(Fault, 16_000, 0);
    "sse-huge-event"                Stream ANSWER_TOO_LARGE:  over(Plain) always(Fault, 30_000, 1) unfinished();
    "sse-endless"                   FirstOutput ANSWER_TOO_LARGE:  over(Plain) always(Fault, 30_000, 1) unfinished();
    "sse-endless-line"              FirstOutput ANSWER_TOO_LARGE:  over(Plain) always(Fault, 30_000, 1) unfinished();
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = struck(Family::Sse, FAULTS);
    rows.push(
        Row::new(
            Family::Sse,
            "sse-stall-before-headers, 50 s allowed",
            "the step's time is up while two requests are silent side by side",
        )
        .sse_alone()
        .fault("sse-stall-before-headers")
        .within(Duration::from_secs(50))
        .named(Headers, SILENT)
        .ends_as(DEADLINE)
        .ends(Fault, 50_000, 3),
    );
    rows.extend(both_of_two_fail());
    rows
}

/// Of two requests side by side the elder is cut late.
fn both_of_two_fail() -> [Row; 2] {
    let row = |name, about| Row::new(Family::Sse, name, about).sse_alone();
    [
        row(
            "sse-cut-late-after-call@1, then sse-cut-late@2",
            "the connection of a finished function call is cut late, and so is the one beside it",
        )
        .fault("sse-cut-late-after-call@1")
        .fault("sse-cut-late@2")
        .named(Stream, STALLED)
        .ends(Answer, 170_000, 4),
        row(
            "sse-cut-late@1, then sse-stall-after-created@2",
            "the first of two that are silent side by side is cut, the second stays silent",
        )
        .fault("sse-cut-late@1")
        .fault("sse-stall-after-created")
        .named(FirstOutput, SILENT)
        .ends(Fault, 82_000, 3),
    ]
}
