//! Faults of the SSE route: what comes of an answer, and how its connection ends.

use super::end;
use crate::client::{End, Raw, answer, deadline, options, prompt, start, start_tls};
use crate::faults::{COMPLETED, CREATED, DELTA, FAILED, ITEM, NOTHING};

/// Fault, status (0: none), the last event, and how the connection ends.
pub(crate) const SSE: &[(&str, u16, &str, End)] = &[
    ("sse-400", 400, NOTHING, End::Closed),
    ("sse-invalid-encrypted-content", 400, NOTHING, End::Closed),
    ("sse-bad-image", 400, NOTHING, End::Closed),
    ("sse-401", 401, NOTHING, End::Closed),
    ("sse-403", 403, NOTHING, End::Closed),
    ("sse-404", 404, NOTHING, End::Closed),
    ("sse-413", 413, NOTHING, End::Closed),
    ("sse-409", 409, NOTHING, End::Closed),
    ("sse-421", 421, NOTHING, End::Closed),
    ("sse-425", 425, NOTHING, End::Closed),
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
    ("sse-json", 200, NOTHING, End::Closed),
    ("sse-encoded", 200, NOTHING, End::Closed),
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
    ("sse-500-later", 500, NOTHING, End::Closed),
    ("sse-503-later", 503, NOTHING, End::Closed),
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
    ("sse-stall-after-reasoning", 200, ITEM, End::Quiet),
    ("sse-stall-after-call", 200, ITEM, End::Quiet),
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
    ("sse-no-final-event", 200, ITEM, End::Closed),
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
        let response = answer(&simulator, "hi").await;
        let beginning = response.body.read_prefix(1 << 10, deadline()).await;
        assert!(beginning.starts_with(sample.as_bytes()), "{fault}");
    }
}

#[tokio::test]
async fn a_date_to_retry_at_lies_ahead() {
    let simulator = start(&["sse-429-date"]).await;
    let response = answer(&simulator, "hi").await;
    let at = |name: &str| {
        let date = response.headers[name].to_str().unwrap();
        httpdate::parse_http_date(date).unwrap()
    };
    let ahead = at("retry-after").duration_since(at("date")).unwrap();
    assert!((1..=2).contains(&ahead.as_secs()), "{ahead:?}");
}

#[tokio::test]
async fn over_http_2_a_fault_ends_the_whole_connection() {
    let simulator = start_tls(&[]).await;
    for (fault, expected) in [
        ("sse-reset-after-text", End::Reset),
        ("sse-cut-after-text", End::Closed),
    ] {
        simulator.set_scenario(options(&[fault]).scenario);
        let mut response = answer(&simulator, "hi").await;
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
