//! What a call is as spans.

use super::*;
use serde_json::json;

fn call() -> CallRecord {
    serde_json::from_value(json!({
        "id": "call_0123456789abcdef0123456789abcdef", "begun_ms": 1_000, "took_us": 3_000_000,
        "front": "serve", "end": "answered", "asked": [
            {"model": "openai-codex/gpt-6", "endpoint": "openai-codex", "url": "https://p.test/v1/responses"},
        ],
        "attempts": [
            {"number": 0, "route": "websocket", "end": "not-tried"},
            {"number": 1, "route": "websocket", "took_us": 1_000_000, "end": "fault",
                "phases": [{"phase": "connect", "begun_us": 5, "took_us": 7}],
                "fault": {"cause": "challenge", "phase": "upgrade", "blame": "edge", "status": 403}},
            {"number": 2, "route": "sse", "begun_us": 1_000_000, "took_us": 2_000_000, "end": "done"},
        ],
        "usage": {"input_tokens": 12, "output_tokens": 34},
    }))
    .unwrap()
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|one| one.key.as_str() == name)?;
    Some(found.value.to_string())
}

#[test]
fn a_call_is_one_span_with_a_span_below_it_for_each_attempt() {
    let spans = of(&call(), &Rng::seeded(1));
    let [whole, refused, done] = &spans[..] else {
        panic!("{spans:#?}")
    };
    let trace = whole.span_context.trace_id();
    assert_eq!(trace.to_string(), "0123456789abcdef0123456789abcdef");
    for below in [refused, done] {
        assert_eq!(below.parent_span_id, whole.span_context.span_id());
        assert_eq!(below.span_context.trace_id(), trace);
        assert_ne!(below.span_context.span_id(), whole.span_context.span_id());
    }
    assert_eq!(whole.name, "chat gpt-6");
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-6"),
        ("gen_ai.usage.input_tokens", "12"),
        ("gen_ai.usage.output_tokens", "34"),
        ("server.address", "p.test"),
        ("server.port", "443"),
    ] {
        assert_eq!(attribute(whole, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(whole.status, Status::Unset);
    assert_eq!(
        attribute(refused, "error.type").as_deref(),
        Some("challenge")
    );
    assert_eq!(refused.status, Status::error("challenge"));
    assert_eq!(refused.events.events[0].name, "connect");
    let length = done.end_time.duration_since(done.start_time).unwrap();
    assert_eq!(length, Duration::from_secs(2));
}

#[test]
fn no_id_and_no_number_of_a_record_breaks_a_trace() {
    let rng = Rng::seeded(1);
    for id in [
        "",
        "call_",
        "call_0",
        "call_é",
        "call_00000000000000000000000000000000",
    ] {
        let call = CallRecord {
            id: id.to_owned(),
            begun_ms: u64::MAX,
            took_us: u64::MAX,
            ..call()
        };
        for span in of(&call, &rng) {
            assert_ne!(span.span_context.trace_id(), TraceId::INVALID, "{id}");
        }
    }
}
