//! Faults get their right name, in their right phase, after the right number of attempts, on real sockets
//! as in the corpus; here with one route alone.

use crate::common::{
    Outcome, patient_session, pinging_session, say, session, simulator, tls_simulator,
};
use alipes_transport::Route;
use futures_util::StreamExt as _;

const SSE: &[Route] = &[Route::Sse];
const BOTH: &[Route] = &[Route::WebSocket, Route::Sse];

/// What a fault that strikes every time is called where no other route is open, and after how many
/// attempts; `answer` where it does no harm. What takes a machine long to read (`sse-endless`, `sse-crumbs`) runs
/// only in the corpus, whose clock stands still meanwhile.
const NAMES: &[Named] = &[
    ("websocket-refused-400", "upgrade/upgrade-refused", 1),
    ("websocket-refused-401", "upgrade/unauthorized", 2),
    ("websocket-refused-403", "upgrade/upgrade-refused", 1),
    ("websocket-refused-404", "upgrade/upgrade-refused", 1),
    ("websocket-refused-426", "upgrade/upgrade-refused", 1),
    ("websocket-refused-429", "upgrade/rate-limited", 4),
    ("websocket-refused-500", "upgrade/server-error", 3),
    ("websocket-refused-503", "upgrade/overloaded", 4),
    ("websocket-challenge", "upgrade/challenge", 1),
    ("websocket-html-200", "upgrade/not-an-api", 1),
    ("websocket-stall-before-upgrade", "upgrade/timed-out", 3),
    ("websocket-reset-before-upgrade", "upgrade/reset", 3),
    ("websocket-cut-before-upgrade", "upgrade/reset", 3),
    ("websocket-stall-before-first-event", "headers/silent", 2),
    ("websocket-freeze-before-first-event", "headers/silent", 2),
    ("websocket-reset-before-first-event", "headers/reset", 2),
    ("websocket-cut-before-first-event", "headers/reset", 2),
    ("websocket-close-1000-before-first-event", "headers/cut", 2),
    (
        "websocket-close-1009-before-first-event",
        "headers/too-large",
        1,
    ),
    (
        "websocket-close-1011-before-first-event",
        "headers/server-error",
        2,
    ),
    ("websocket-stall-after-created", "first-output/silent", 2),
    ("websocket-freeze-after-created", "first-output/silent", 2),
    ("websocket-reset-after-created", "first-output/cut", 2),
    ("websocket-cut-after-created", "first-output/cut", 2),
    (
        "websocket-close-1011-after-created",
        "first-output/server-error",
        2,
    ),
    ("websocket-stall-after-text", "stream/stalled", 2),
    ("websocket-freeze-after-text", "stream/stalled", 2),
    ("websocket-reset-after-text", "stream/cut", 2),
    ("websocket-cut-after-text", "stream/cut", 2),
    ("websocket-close-1000-after-text", "stream/cut", 2),
    ("websocket-close-1012-after-text", "stream/cut", 2),
    ("websocket-usage-limit", "headers/usage-limit", 1),
    ("websocket-rate-limited", "headers/rate-limited", 4),
    (
        "websocket-invalid-encrypted-content",
        "headers/invalid-encrypted-content",
        1,
    ),
    ("websocket-error-500", "headers/server-error", 2),
    (
        "websocket-connection-limit",
        "headers/connection-expired",
        2,
    ),
    ("websocket-previous-response-not-found", "answer", 1),
    ("websocket-failed", "stream/server-error", 2),
    ("websocket-failed-overloaded", "first-output/overloaded", 4),
    ("websocket-broken-json", "answer", 1),
    ("websocket-unknown-event", "answer", 1),
    ("websocket-null-output", "answer", 1),
    ("websocket-completed-twice", "answer", 1),
    ("websocket-endless", "stream/answer-too-large", 1),
    ("websocket-pings-unanswered", "answer", 1),
    ("sse-400", "headers/invalid-request", 1),
    (
        "sse-invalid-encrypted-content",
        "headers/invalid-encrypted-content",
        1,
    ),
    // The request is too small to be compressed.
    ("sse-refuses-zstd", "answer", 1),
    ("sse-401", "headers/unauthorized", 2),
    ("sse-403", "headers/forbidden", 1),
    ("sse-404", "headers/no-such-endpoint", 1),
    ("sse-413", "headers/too-large", 1),
    ("sse-409", "headers/unprocessed", 2),
    ("sse-421", "headers/unprocessed", 3),
    ("sse-425", "headers/unprocessed", 3),
    ("sse-429", "headers/rate-limited", 4),
    ("sse-usage-limit", "headers/usage-limit", 1),
    ("sse-500", "headers/server-error", 2),
    ("sse-503", "headers/overloaded", 4),
    ("sse-challenge", "headers/challenge", 1),
    ("sse-html-200", "headers/not-an-api", 1),
    ("sse-header-flood", "headers/answer-too-large", 1),
    ("sse-stall-before-headers", "headers/silent", 2),
    ("sse-freeze-before-headers", "headers/silent", 2),
    ("sse-reset-before-headers", "headers/reset", 2),
    ("sse-cut-before-headers", "headers/reset", 2),
    ("sse-stall-before-first-event", "first-output/silent", 2),
    ("sse-stall-after-created", "first-output/silent", 2),
    ("sse-freeze-after-created", "first-output/silent", 2),
    ("sse-reset-after-created", "first-output/cut", 2),
    ("sse-cut-after-created", "first-output/cut", 2),
    ("sse-stall-after-text", "stream/stalled", 2),
    ("sse-freeze-after-text", "stream/stalled", 2),
    ("sse-reset-after-text", "stream/cut", 2),
    ("sse-cut-after-text", "stream/cut", 2),
    ("sse-error-event", "first-output/server-error", 2),
    ("sse-failed", "stream/server-error", 2),
    ("sse-failed-held-open", "stream/server-error", 2),
    ("sse-failed-overloaded", "first-output/overloaded", 4),
    ("sse-failed-rate-limit", "first-output/rate-limited", 4),
    ("sse-incomplete", "stream/incomplete", 1),
    ("sse-broken-json", "answer", 1),
    ("sse-unknown-event", "answer", 1),
    ("sse-null-output", "answer", 1),
    ("sse-completed-twice", "answer", 1),
    ("sse-no-blank-line", "answer", 1),
    ("sse-no-final-event", "answer", 1),
    ("websocket-refused-501", "upgrade/server-error", 3),
    ("websocket-refused-524", "upgrade/edge-timeout", 3),
    ("websocket-blocked", "upgrade/blocked", 1),
    (
        "websocket-close-1013-before-first-event",
        "headers/overloaded",
        4,
    ),
    ("websocket-close-1008-after-text", "stream/malformed", 2),
    ("websocket-close-1009-after-text", "stream/too-large", 1),
    ("websocket-close-1011-after-text", "stream/server-error", 2),
    ("websocket-close-1013-after-text", "stream/overloaded", 4),
    ("websocket-error-401", "headers/unauthorized", 2),
    ("websocket-quota", "headers/quota", 1),
    ("websocket-context-too-long", "headers/context-too-long", 1),
    (
        "websocket-invalid-encrypted-content",
        "headers/invalid-encrypted-content",
        1,
    ),
    ("websocket-model-not-found", "headers/model-unavailable", 1),
    (
        "websocket-token-expired-after-text",
        "stream/unauthorized",
        2,
    ),
    ("websocket-text-after-final-event", "answer", 1),
    ("websocket-numbers-backwards", "answer", 1),
    ("websocket-huge-event", "stream/answer-too-large", 1),
    ("websocket-late-first-event", "headers/silent", 2),
    ("websocket-pause-after-text", "stream/stalled", 2),
    ("sse-429-date", "headers/rate-limited", 4),
    ("sse-429-negative", "headers/rate-limited", 4),
    ("sse-429-garbage", "headers/rate-limited", 4),
    ("sse-429-year", "headers/rate-limited", 1),
    ("sse-quota", "headers/quota", 1),
    ("sse-usage-not-included", "headers/forbidden", 1),
    ("sse-403-detail", "headers/forbidden", 1),
    ("sse-blocked", "headers/blocked", 1),
    ("sse-region", "headers/region", 1),
    ("sse-redirect", "headers/redirected", 1),
    ("sse-model-not-found", "headers/model-unavailable", 1),
    ("sse-context-too-long", "headers/context-too-long", 1),
    (
        "sse-invalid-encrypted-content",
        "headers/invalid-encrypted-content",
        1,
    ),
    ("sse-policy", "headers/policy", 1),
    ("sse-error-200", "headers/server-error", 2),
    ("sse-502", "headers/server-error", 2),
    ("sse-524", "headers/edge-timeout", 2),
    ("sse-json", "headers/whole-answer", 1),
    ("sse-encoded", "headers/encoded-answer", 1),
    ("sse-empty", "first-output/cut", 2),
    ("sse-token-expired-after-text", "stream/unauthorized", 2),
    ("sse-done", "answer", 1),
    ("sse-text-after-final-event", "answer", 1),
    ("sse-numbers-backwards", "answer", 1),
    ("sse-byte-order-mark", "answer", 1),
    ("sse-carriage-returns", "answer", 1),
    ("sse-invalid-utf8", "answer", 1),
    ("sse-huge-event", "stream/answer-too-large", 1),
    ("sse-late-first-event", "first-output/silent", 2),
    ("sse-pause-after-text", "stream/stalled", 2),
];

/// How many run side by side: most of them wait.
const SIDE_BY_SIDE: usize = 12;

#[tokio::test]
async fn every_fault_gets_its_right_name() {
    // What is long keeps the one thread busy, and the others count on being heard in time.
    let (long, short): (Vec<_>, Vec<_>) = NAMES.iter().partition(|(fault, ..)| is_long(fault));
    let mut wrong = misnamed(short, SIDE_BY_SIDE).await;
    wrong.extend(misnamed(long, 1).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Named = (&'static str, &'static str, usize);

/// Those that get another name than theirs, or are tried another number of times.
async fn misnamed(names: Vec<&Named>, side_by_side: usize) -> Vec<String> {
    futures_util::stream::iter(names)
        .map(|(fault, name, attempts)| async move {
            let outcome = try_with(fault).await;
            let seen = seen(&outcome);
            (seen != (*name, *attempts))
                .then(|| format!("{fault}: {seen:?}: {:?}", outcome.faults()))
        })
        .buffer_unordered(side_by_side)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Its end is its size, however slow the machine is.
fn is_long(fault: &str) -> bool {
    ["endless", "huge", "crumbs"]
        .iter()
        .any(|long| fault.contains(long))
}

/// One of each family of the corpus, over TLS with both routes open: the first fault's name, and whether an
/// answer comes.
const FAMILIES: &[(&str, &str, bool)] = &[
    ("certificate-expired", "tls/certificate", false),
    ("tls-reset-after-hello", "tls/reset", false),
    ("connection-reset", "tls/reset", false),
    ("challenge", "upgrade/challenge", false),
    ("websocket-refused-403", "upgrade/upgrade-refused", true),
    ("websocket-cut-after-text@1", "stream/cut", true),
    ("sse-cut-after-text@1", "stream/cut", true),
];

#[tokio::test]
async fn one_fault_of_each_family_gets_its_right_name_over_tls() {
    for (fault, name, is_answered) in FAMILIES {
        let simulator = tls_simulator(&[fault]).await;
        let routes = match fault.starts_with("sse") {
            true => SSE,
            false => BOTH,
        };
        let mut session = pinging_session(&simulator.base_url(), routes, simulator.ca_pem());
        let outcome = say(&mut session, "hello").await;
        let faults = outcome.faults();
        assert_eq!(faults.first().map(String::as_str), Some(*name), "{fault}");
        assert_eq!(outcome.result.is_ok(), *is_answered, "{fault}");
    }
}

async fn try_with(fault: &str) -> Outcome {
    let simulator = simulator(&[fault]).await;
    let route = if fault.starts_with("websocket") {
        Route::WebSocket
    } else {
        Route::Sse
    };
    let mut session = match is_long(fault) {
        true => patient_session(&simulator.base_url(), &[route]),
        false => session(&simulator.base_url(), &[route]),
    };
    say(&mut session, "hello").await
}

fn seen(outcome: &Outcome) -> (&'static str, usize) {
    let name = match &outcome.result {
        Ok(_) => "answer".to_owned(),
        Err(fault) => format!("{}/{}", fault.phase.as_str(), fault.cause.as_str()),
    };
    let known = NAMES
        .iter()
        .map(|(_, known, _)| *known)
        .find(|known| *known == name);
    (known.unwrap_or("something else"), outcome.attempts())
}
