//! Every fault does on the wire what its row says.

use std::collections::BTreeSet;

use alipes_base::Clock;
use alipes_net::NetErrorKind;
use alipes_net::websocket::{Message, Socket};
use alipes_simulator::{Options, Simulator, Target, faults};
use serde_json::Value;

use crate::client::{
    End, QUIET, Raw, ask, connect, create, deadline, kind, options, prompt, start, start_tls,
};
use crate::edges::EDGES;
use crate::issuer;

const NOTHING: &str = "";
const CREATED: &str = "response.created";
const DELTA: &str = "response.output_text.delta";
const COMPLETED: &str = "response.completed";
const FAILED: &str = "response.failed";

/// Fault, status (0: none), the last event, and how the connection ends.
pub(crate) const SSE: &[(&str, u16, &str, End)] = &[
    ("sse-400", 400, NOTHING, End::Closed),
    ("sse-invalid-encrypted-content", 400, NOTHING, End::Closed),
    ("sse-401", 401, NOTHING, End::Closed),
    ("sse-403", 403, NOTHING, End::Closed),
    ("sse-404", 404, NOTHING, End::Closed),
    ("sse-413", 413, NOTHING, End::Closed),
    ("sse-429", 429, NOTHING, End::Closed),
    ("sse-usage-limit", 429, NOTHING, End::Closed),
    ("sse-429-date", 429, NOTHING, End::Closed),
    ("sse-429-negative", 429, NOTHING, End::Closed),
    ("sse-429-garbage", 429, NOTHING, End::Closed),
    ("sse-429-year", 429, NOTHING, End::Closed),
    ("sse-quota", 429, NOTHING, End::Closed),
    ("sse-usage-not-included", 403, NOTHING, End::Closed),
    ("sse-403-detail", 403, NOTHING, End::Closed),
    ("sse-blocked", 403, NOTHING, End::Closed),
    ("sse-region", 403, NOTHING, End::Closed),
    ("sse-redirect", 302, NOTHING, End::Closed),
    ("sse-model-not-found", 404, NOTHING, End::Closed),
    ("sse-context-too-long", 400, NOTHING, End::Closed),
    ("sse-invalid-encrypted-content", 400, NOTHING, End::Closed),
    ("sse-policy", 400, NOTHING, End::Closed),
    ("sse-error-200", 200, NOTHING, End::Closed),
    ("sse-502", 502, NOTHING, End::Closed),
    ("sse-524", 524, NOTHING, End::Closed),
    ("sse-empty", 200, NOTHING, End::Closed),
    ("sse-token-expired-after-text", 200, FAILED, End::Closed),
    ("sse-done", 200, COMPLETED, End::Closed),
    ("sse-text-after-final-event", 200, DELTA, End::Closed),
    ("sse-numbers-backwards", 200, COMPLETED, End::Closed),
    ("sse-byte-order-mark", 200, COMPLETED, End::Closed),
    ("sse-carriage-returns", 200, COMPLETED, End::Closed),
    ("sse-crumbs", 200, NOTHING, End::Closed),
    ("sse-invalid-utf8", 200, COMPLETED, End::Closed),
    ("sse-500", 500, NOTHING, End::Closed),
    ("sse-503", 503, NOTHING, End::Closed),
    ("sse-challenge", 403, NOTHING, End::Closed),
    ("sse-html-200", 200, NOTHING, End::Closed),
    ("sse-header-flood", 200, NOTHING, End::Closed),
    ("sse-stall-before-headers", 0, NOTHING, End::Quiet),
    ("sse-freeze-before-headers", 0, NOTHING, End::Quiet),
    ("sse-reset-before-headers", 0, NOTHING, End::Reset),
    ("sse-cut-before-headers", 0, NOTHING, End::Closed),
    ("sse-stall-before-first-event", 200, NOTHING, End::Quiet),
    ("sse-stall-after-created", 200, CREATED, End::Quiet),
    ("sse-freeze-after-created", 200, CREATED, End::Quiet),
    ("sse-reset-after-created", 200, CREATED, End::Reset),
    ("sse-cut-after-created", 200, CREATED, End::Closed),
    ("sse-stall-after-text", 200, DELTA, End::Quiet),
    ("sse-freeze-after-text", 200, DELTA, End::Quiet),
    ("sse-reset-after-text", 200, DELTA, End::Reset),
    ("sse-cut-after-text", 200, DELTA, End::Closed),
    ("sse-error-event", 200, "error", End::Closed),
    ("sse-failed", 200, FAILED, End::Closed),
    ("sse-failed-held-open", 200, FAILED, End::Quiet),
    ("sse-failed-overloaded", 200, FAILED, End::Closed),
    ("sse-failed-rate-limit", 200, FAILED, End::Closed),
    ("sse-incomplete", 200, "response.incomplete", End::Closed),
    ("sse-broken-json", 200, COMPLETED, End::Closed),
    ("sse-unknown-event", 200, COMPLETED, End::Closed),
    ("sse-null-output", 200, COMPLETED, End::Closed),
    ("sse-completed-twice", 200, COMPLETED, End::Closed),
    ("sse-no-blank-line", 200, COMPLETED, End::Closed),
    (
        "sse-no-final-event",
        200,
        "response.output_item.done",
        End::Closed,
    ),
];

/// Words that must be in what came.
const WORDS: &[(&str, &[&str])] = &[
    ("sse-401", &["invalid_api_key", "www-authenticate: Bearer"]),
    ("sse-429", &["retry-after: 1\r\n", "rate_limit_exceeded"]),
    (
        "sse-usage-limit",
        &["usage_limit_reached", "\"resets_in_seconds\":3600"],
    ),
    ("sse-429-date", &["retry-after: ", " GMT\r\n"]),
    ("sse-429-negative", &["retry-after: -5\r\n"]),
    ("sse-429-garbage", &["retry-after: soon\r\n"]),
    ("sse-429-year", &["retry-after: 31536000\r\n"]),
    ("sse-quota", &["insufficient_quota"]),
    (
        "sse-usage-not-included",
        &["x-openai-authorization-error", "usage_not_included"],
    ),
    ("sse-403-detail", &["{\"detail\":\"Forbidden.\"}"]),
    ("sse-blocked", &["cf-ray: ", "you have been blocked"]),
    ("sse-region", &["unsupported_country_region_territory"]),
    (
        "sse-redirect",
        &["location: https://elsewhere.invalid/login"],
    ),
    ("sse-model-not-found", &["model_not_found"]),
    ("sse-context-too-long", &["context_length_exceeded"]),
    (
        "sse-invalid-encrypted-content",
        &["invalid_encrypted_content"],
    ),
    ("sse-policy", &["content_policy_violation"]),
    ("sse-error-200", &["\"error\":{", "application/json"]),
    ("sse-502", &["text/html"]),
    ("sse-524", &["text/html", "cf-ray: "]),
    ("sse-token-expired-after-text", &["token_expired"]),
    ("sse-done", &["data: [DONE]\n\n"]),
    ("sse-byte-order-mark", &["\u{feff}\r\n"]),
    ("sse-carriage-returns", &["event: response.completed\r\r\n"]),
    (
        "sse-crumbs",
        &["\r\n1\r\ne\r\n1\r\nv\r\n1\r\ne\r\n1\r\nn\r\n1\r\nt\r\n"],
    ),
    ("sse-invalid-utf8", &["\"weather\":\"\u{fffd}\u{fffd}\""]),
    ("sse-503", &["server_is_overloaded"]),
    (
        "sse-challenge",
        &[
            "cf-mitigated: challenge",
            "server: cloudflare",
            "cf-ray: ",
            "<html",
        ],
    ),
    ("sse-html-200", &["text/html", "<html"]),
    ("sse-failed-rate-limit", &["try again in 1s"]),
    ("sse-incomplete", &["max_output_tokens"]),
    ("sse-unknown-event", &["response.weather_report"]),
    ("sse-broken-json", &["\"delta\":\"br\n"]),
    ("sse-null-output", &["\"output\":null"]),
];

#[tokio::test]
async fn faults_of_the_sse_route_do_what_they_say() {
    let simulator = start(&[]).await;
    for (fault, status, last, end) in SSE {
        simulator.set_scenario(options(&[fault]).scenario);
        let mut raw = Raw::open(&simulator).await;
        raw.send("POST", "/v1/responses", &prompt("hi").to_string())
            .await;
        let ended = raw
            .read(|text| *end == End::Quiet && text.contains(last))
            .await;
        assert_eq!(ended, *end, "{fault}");
        assert_eq!(raw.status(), *status, "{fault}");
        assert_eq!(
            raw.kinds().last().copied().unwrap_or_default(),
            *last,
            "{fault}"
        );
        assert_eq!(simulator.seen().last().unwrap().fault, Some(*fault));
        let words = WORDS.iter().find(|(name, _)| name == fault);
        for word in words.into_iter().flat_map(|(_, words)| *words) {
            assert!(
                raw.text.contains(word),
                "{fault}: {word} is missing in {}",
                raw.text
            );
        }
        match *fault {
            "sse-header-flood" => assert!(raw.text.len() > 256 << 10),
            "sse-completed-twice" => {
                assert_eq!(
                    raw.kinds()
                        .iter()
                        .filter(|kind| **kind == COMPLETED)
                        .count(),
                    2
                );
            }
            // The last chunk ends the body; before it there is one line feed, not two.
            "sse-no-blank-line" => assert!(raw.text.ends_with("}\n\r\n0\r\n\r\n")),
            // A cut leaves the chunked body unfinished.
            "sse-cut-after-text" => assert!(!raw.text.ends_with("0\r\n\r\n")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_endless_answer_goes_on_until_the_client_leaves() {
    let simulator = start(&[]).await;
    for (fault, sample) in [
        ("sse-endless", ": still here\n: "),
        ("sse-endless-line", "xxxxxxxx"),
    ] {
        simulator.set_scenario(options(&[fault]).scenario);
        let mut raw = Raw::open(&simulator).await;
        raw.send("POST", "/v1/responses", &prompt("hi").to_string())
            .await;
        raw.swallow(8 << 20).await;
        let response = ask(
            &simulator,
            "POST",
            "/v1/responses",
            &[],
            prompt("hi").to_string(),
        )
        .await;
        let beginning = response.body.read_prefix(1 << 10, deadline()).await;
        assert!(beginning.starts_with(sample.as_bytes()), "{fault}");
    }
}

/// How a turn over WebSocket ended.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// The upgrade was refused with this status.
    Refused(u16),
    /// The connection was reset, or ended, before the upgrade's answer.
    NoUpgrade(End),
    /// The connection was reset or ended.
    Ended(End),
    /// A close frame.
    Close(u16),
    /// Nothing more came, but a pong.
    Stalled,
    /// Nothing more came, not even a pong.
    Frozen,
}

/// Fault, the last event, and how it ends.
const WEBSOCKET: &[(&str, &str, Turn)] = &[
    ("websocket-refused-400", NOTHING, Turn::Refused(400)),
    ("websocket-refused-401", NOTHING, Turn::Refused(401)),
    ("websocket-refused-403", NOTHING, Turn::Refused(403)),
    ("websocket-refused-404", NOTHING, Turn::Refused(404)),
    ("websocket-refused-426", NOTHING, Turn::Refused(426)),
    ("websocket-refused-429", NOTHING, Turn::Refused(429)),
    ("websocket-refused-500", NOTHING, Turn::Refused(500)),
    ("websocket-refused-503", NOTHING, Turn::Refused(503)),
    ("websocket-refused-501", NOTHING, Turn::Refused(501)),
    ("websocket-refused-524", NOTHING, Turn::Refused(524)),
    ("websocket-blocked", NOTHING, Turn::Refused(403)),
    (
        "websocket-close-1013-before-first-event",
        NOTHING,
        Turn::Close(1013),
    ),
    ("websocket-close-1008-after-text", DELTA, Turn::Close(1008)),
    ("websocket-close-1009-after-text", DELTA, Turn::Close(1009)),
    ("websocket-close-1011-after-text", DELTA, Turn::Close(1011)),
    ("websocket-close-1013-after-text", DELTA, Turn::Close(1013)),
    ("websocket-error-401", "error", Turn::Stalled),
    ("websocket-quota", "error", Turn::Stalled),
    ("websocket-context-too-long", "error", Turn::Stalled),
    (
        "websocket-invalid-encrypted-content",
        "error",
        Turn::Stalled,
    ),
    ("websocket-model-not-found", "error", Turn::Stalled),
    ("websocket-token-expired-after-text", "error", Turn::Stalled),
    ("websocket-text-after-final-event", DELTA, Turn::Stalled),
    ("websocket-numbers-backwards", COMPLETED, Turn::Stalled),
    ("websocket-challenge", NOTHING, Turn::Refused(403)),
    ("websocket-html-200", NOTHING, Turn::Refused(200)),
    (
        "websocket-reset-before-upgrade",
        NOTHING,
        Turn::NoUpgrade(End::Reset),
    ),
    (
        "websocket-cut-before-upgrade",
        NOTHING,
        Turn::NoUpgrade(End::Closed),
    ),
    ("websocket-stall-before-first-event", NOTHING, Turn::Stalled),
    ("websocket-freeze-before-first-event", NOTHING, Turn::Frozen),
    (
        "websocket-reset-before-first-event",
        NOTHING,
        Turn::Ended(End::Reset),
    ),
    (
        "websocket-cut-before-first-event",
        NOTHING,
        Turn::Ended(End::Closed),
    ),
    (
        "websocket-close-1000-before-first-event",
        NOTHING,
        Turn::Close(1000),
    ),
    (
        "websocket-close-1009-before-first-event",
        NOTHING,
        Turn::Close(1009),
    ),
    (
        "websocket-close-1011-before-first-event",
        NOTHING,
        Turn::Close(1011),
    ),
    ("websocket-stall-after-created", CREATED, Turn::Stalled),
    ("websocket-freeze-after-created", CREATED, Turn::Frozen),
    (
        "websocket-reset-after-created",
        CREATED,
        Turn::Ended(End::Reset),
    ),
    (
        "websocket-cut-after-created",
        CREATED,
        Turn::Ended(End::Closed),
    ),
    (
        "websocket-close-1011-after-created",
        CREATED,
        Turn::Close(1011),
    ),
    ("websocket-stall-after-text", DELTA, Turn::Stalled),
    ("websocket-freeze-after-text", DELTA, Turn::Frozen),
    ("websocket-reset-after-text", DELTA, Turn::Ended(End::Reset)),
    ("websocket-cut-after-text", DELTA, Turn::Ended(End::Closed)),
    ("websocket-close-1000-after-text", DELTA, Turn::Close(1000)),
    ("websocket-close-1012-after-text", DELTA, Turn::Close(1012)),
    ("websocket-usage-limit", "error", Turn::Stalled),
    ("websocket-rate-limited", "error", Turn::Stalled),
    (
        "websocket-invalid-encrypted-content",
        "error",
        Turn::Stalled,
    ),
    ("websocket-error-500", "error", Turn::Stalled),
    ("websocket-connection-limit", "error", Turn::Close(1000)),
    ("websocket-failed", FAILED, Turn::Stalled),
    ("websocket-failed-overloaded", FAILED, Turn::Stalled),
    ("websocket-broken-json", COMPLETED, Turn::Stalled),
    ("websocket-unknown-event", COMPLETED, Turn::Stalled),
    ("websocket-null-output", COMPLETED, Turn::Stalled),
    ("websocket-completed-twice", COMPLETED, Turn::Stalled),
    (
        "websocket-previous-response-not-found",
        COMPLETED,
        Turn::Stalled,
    ),
];

#[tokio::test]
async fn faults_of_the_websocket_route_do_what_they_say() {
    for tls in [false, true] {
        let simulator = Simulator::start(Options {
            tls,
            ..options(&[])
        })
        .await
        .unwrap();
        for (fault, last, end) in WEBSOCKET {
            simulator.set_scenario(options(&[fault]).scenario);
            let (kinds, ended) = observe(&simulator, last, end).await;
            assert_eq!(kinds.last().map_or("", String::as_str), *last, "{fault}");
            assert_eq!(ended, *end, "{fault}, {kinds:?}");
            assert_eq!(simulator.seen().last().unwrap().fault, Some(*fault));
            let count = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
            match *fault {
                "websocket-completed-twice" => assert_eq!(count(COMPLETED), 2),
                "websocket-broken-json" => assert_eq!(count("broken"), 1),
                "websocket-unknown-event" => assert_eq!(count("response.weather_report"), 1),
                _ => {}
            }
        }
    }
}

/// Sees one turn. Silence counts only where it is `expected`, and where `last` has come.
async fn observe(simulator: &Simulator, last: &str, expected: &Turn) -> (Vec<String>, Turn) {
    let mut socket = match connect(simulator, true).await.map_err(|error| error.kind) {
        Ok(upgraded) => upgraded.socket,
        Err(NetErrorKind::UpgradeRefused { status, .. }) => {
            return (Vec::new(), Turn::Refused(status.as_u16()));
        }
        Err(kind) => return (Vec::new(), Turn::NoUpgrade(end(&kind))),
    };
    socket.send_text(create(prompt("hi"))).await.unwrap();
    let may_be_silent = matches!(expected, Turn::Stalled | Turn::Frozen);
    let (mut kinds, wait) = (Vec::new(), deadline());
    loop {
        let is_last = kinds.last().map_or("", String::as_str) == last;
        match tokio::time::timeout(QUIET, socket.next()).await {
            Ok(Ok(Message::Text(text))) => {
                let event = serde_json::from_slice::<Value>(&text);
                kinds.push(event.map_or("broken".to_owned(), |event| kind(&event).to_owned()));
            }
            Ok(Ok(Message::Close { code, .. })) => return (kinds, Turn::Close(code.unwrap_or(0))),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return (kinds, Turn::Ended(end(&error.kind))),
            Err(_elapsed) if is_last && may_be_silent => break,
            Err(_elapsed) => assert!(!wait.remaining(&Clock::system()).is_zero(), "{kinds:?}"),
        }
    }
    let pongs = pongs(&mut *socket, *expected == Turn::Stalled).await;
    (kinds, if pongs { Turn::Stalled } else { Turn::Frozen })
}

/// Whether a ping is answered while nothing else is said.
pub(crate) async fn pongs(socket: &mut dyn Socket, expected: bool) -> bool {
    socket.ping(b"?".to_vec()).await.unwrap();
    let answer = if expected {
        deadline().run(socket.next()).await.ok()
    } else {
        tokio::time::timeout(QUIET, socket.next()).await.ok()
    };
    matches!(answer, Some(Ok(Message::Pong(_))))
}

fn end(kind: &NetErrorKind) -> End {
    match kind {
        NetErrorKind::Reset => End::Reset,
        NetErrorKind::Closed => End::Closed,
        other => panic!("ended by {other}"),
    }
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_stays_open() {
    let simulator = start(&["websocket-stall-before-upgrade"]).await;
    let waiting = tokio::time::timeout(QUIET, connect(&simulator, true)).await;
    assert!(waiting.is_err());
}

#[tokio::test]
async fn a_forgotten_response_is_not_found_and_full_input_is_answered() {
    let simulator = start(&["websocket-previous-response-not-found@2"]).await;
    let mut socket = connect(&simulator, true).await.unwrap().socket;
    let first = crate::client::turn(&mut *socket, prompt("hi")).await;
    let mut next = prompt("more");
    next["previous_response_id"] = first.last().unwrap()["response"]["id"].clone();
    let refused = crate::client::turn(&mut *socket, next).await;
    assert_eq!(refused[0]["error"]["code"], "previous_response_not_found");
    let full = crate::client::turn(&mut *socket, prompt("more")).await;
    assert_eq!(kind(full.last().unwrap()), COMPLETED);
}

#[tokio::test]
async fn a_flood_of_events_goes_on_until_the_client_leaves() {
    let simulator = start(&["websocket-endless"]).await;
    let mut socket = connect(&simulator, false).await.unwrap().socket;
    socket.send_text(create(prompt("hi"))).await.unwrap();
    for _ in 0..100 {
        let message = deadline().run(socket.next()).await.unwrap().unwrap();
        assert!(matches!(message, Message::Text(text) if text.len() > 16 << 10));
    }
}

#[tokio::test]
async fn an_event_of_64_mib_is_one_event() {
    const BYTES: usize = 64 << 20;
    let simulator = start(&["sse-huge-event", "websocket-huge-event"]).await;
    let mut raw = Raw::open(&simulator).await;
    raw.send("POST", "/v1/responses", &prompt("hi").to_string())
        .await;
    raw.swallow(BYTES).await;
    assert_eq!(raw.read(|_| false).await, End::Closed);
    assert!(raw.text.contains(COMPLETED));

    let mut socket = connect(&simulator, true).await.unwrap().socket;
    socket.send_text(create(prompt("hi"))).await.unwrap();
    let error = loop {
        match deadline().run(socket.next()).await.unwrap() {
            Ok(Message::Text(text)) => assert!(text.len() < BYTES),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
}

#[tokio::test]
async fn a_date_to_retry_at_lies_ahead() {
    let simulator = start(&["sse-429-date"]).await;
    let body = prompt("hi").to_string();
    let response = ask(&simulator, "POST", "/v1/responses", &[], body).await;
    let at = |name: &str| {
        let date = response.headers[name].to_str().unwrap();
        httpdate::parse_http_date(date).unwrap()
    };
    let ahead = at("retry-after").duration_since(at("date")).unwrap();
    assert!((1..=2).contains(&ahead.as_secs()), "{ahead:?}");
}

#[tokio::test]
async fn faults_of_a_connection_strike_before_anything_is_read() {
    for (fault, expected) in [
        ("connection-reset", End::Reset),
        ("connection-cut", End::Closed),
        ("connection-silent", End::Quiet),
    ] {
        let simulator = start(&[&format!("{fault}@1")]).await;
        let mut raw = Raw::open(&simulator).await;
        assert_eq!(
            raw.read(|_| expected == End::Quiet).await,
            expected,
            "{fault}"
        );
        let response = ask(&simulator, "GET", "/v1/models", &[], "").await;
        assert_eq!(response.status, 200, "{fault}");
        let seen = simulator.seen();
        assert_eq!((seen[0].connection, seen[0].fault), (1, Some(fault)));
    }
}

#[tokio::test]
async fn faults_of_either_route_and_of_the_models_do_what_they_say() {
    let either = [
        ("401", 401),
        ("429", 429),
        ("usage-limit", 429),
        ("quota", 429),
        ("usage-not-included", 403),
        ("blocked", 403),
        ("region", 403),
        ("500", 500),
        ("503", 503),
        ("challenge", 403),
    ];
    for (fault, status) in either {
        let simulator = start(&[&format!("{fault}@1-2")]).await;
        let expected = Turn::Refused(status);
        assert_eq!(
            observe(&simulator, NOTHING, &expected).await.1,
            expected,
            "{fault}"
        );
        let body = prompt("hi").to_string();
        let refused = ask(&simulator, "POST", "/v1/responses", &[], body.clone()).await;
        assert_eq!(refused.status, status, "{fault}");
        let mended = ask(&simulator, "POST", "/v1/responses", &[], body).await;
        assert_eq!(mended.status, 200, "{fault}");
    }
    for (fault, status) in [
        ("models-401", 401),
        ("models-500", 500),
        ("models-challenge", 403),
    ] {
        let simulator = start(&[fault]).await;
        let response = ask(&simulator, "GET", "/v1/models", &[], "").await;
        assert_eq!(response.status, status, "{fault}");
    }
    let simulator = start(&["models-stall"]).await;
    let mut raw = Raw::open(&simulator).await;
    raw.send("GET", "/v1/models", "").await;
    assert_eq!(raw.read(|_| true).await, End::Quiet);
}

#[tokio::test]
async fn over_http_2_a_fault_ends_the_whole_connection() {
    let simulator = start_tls(&[]).await;
    for (fault, expected) in [
        ("sse-reset-after-text", End::Reset),
        ("sse-cut-after-text", End::Closed),
    ] {
        simulator.set_scenario(options(&[fault]).scenario);
        let mut response = ask(
            &simulator,
            "POST",
            "/v1/responses",
            &[],
            prompt("hi").to_string(),
        )
        .await;
        let mut text = Vec::new();
        let error = loop {
            match deadline().run(response.body.chunk()).await.unwrap() {
                Ok(Some(chunk)) => text.extend_from_slice(&chunk),
                Ok(None) => panic!("{fault} ended in good order"),
                Err(error) => break error,
            }
        };
        assert_eq!(end(&error.kind), expected, "{fault}");
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains(DELTA) && !text.contains(COMPLETED),
            "{fault}: {text}"
        );
    }
}

#[test]
fn every_fault_is_observed_here() {
    let sse = SSE.iter().map(|row| row.0);
    let websocket = WEBSOCKET.iter().map(|row| row.0);
    let elsewhere = [
        "sse-endless",
        "sse-endless-line",
        "sse-refuses-zstd",
        "websocket-endless",
        "websocket-stall-before-upgrade",
        "websocket-pings-unanswered",
        "sse-huge-event",
        "websocket-huge-event",
        "sse-late-first-event",
        "sse-pause-after-text",
        "websocket-late-first-event",
        "websocket-pause-after-text",
    ];
    let observed: BTreeSet<_> = sse.chain(websocket).chain(elsewhere).collect();
    let offered: BTreeSet<_> = faults()
        .iter()
        .filter(|fault| fault.name.starts_with("sse-") || fault.name.starts_with("websocket-"))
        .map(|fault| fault.name)
        .collect();
    assert_eq!(observed, offered);
    let others = faults()
        .iter()
        .filter(|fault| !offered.contains(fault.name));
    assert_eq!(
        others
            .filter(|fault| fault.route != Target::AnyRoute && !issuer::has(fault))
            .count(),
        3 + 4 + EDGES.len()
    );
}
