//! A client is told what the provider that answers was not sent of its request.

use serde_json::{Value, json};

use crate::stage::{Stage, simulator};
use crate::websocket::{socket, turn};

#[tokio::test]
async fn what_is_left_out_stands_in_a_header() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    let chat = Stage::with(&config.replace("[model]", "dialect = \"chat\"\n[model]")).await;
    let own = Stage::with(&config).await;
    for stream in [true, false] {
        let body = serde_json::json!({
            "model": "default", "input": "hello", "stream": stream, "truncation": "auto",
        });
        let reply = chat.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let told = reply.header("x-alipes-left-out");
        assert_eq!(told, Some("`truncation`"), "{reply:?}");
        let reply = own.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.header("x-alipes-left-out"), None);
    }
}

#[tokio::test]
async fn what_a_header_has_no_room_for_is_counted_in_it() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    let chat = Stage::with(&config.replace("[model]", "dialect = \"chat\"\n[model]")).await;
    let mut body = json!({"model": "default", "input": "hello"});
    for number in 0..30 {
        body[format!("{number:0>80}")] = true.into();
    }
    let reply = chat.post("/v1/responses", &body.to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let told = reply.header("x-alipes-left-out").unwrap();
    assert!(told.len() <= 1_024, "{told}");
    let named = told.matches('`').count() / 2;
    let rest = format!(", and {} more", 30 - named);
    assert!(named > 0 && told.ends_with(&rest), "{told}");
}

#[tokio::test]
async fn what_is_left_out_is_told_in_the_stream_where_its_head_has_gone_out() {
    let model = simulator(&["sse-stall-before-headers@1"]).await;
    let waits = "[providers.first.endpoint]\nfirst_event_timeout = \"10500ms\"\n\
                 first_output_timeout = \"10500ms\"\nfirst_output_timeout_reasoning = \"10500ms\"\n";
    let config = crate::stage::config(&[&model], waits);
    let chat = Stage::with(&config.replace("[model]", "dialect = \"chat\"\n[model]")).await;
    let body = r#"{"model":"default","input":"hello","stream":true,"truncation":"auto"}"#;
    let reply = chat.post("/v1/responses", body).await;
    assert_eq!(reply.header("x-alipes-left-out"), None, "{reply:?}");
    let told = reply.body.matches(": x-alipes-left-out: `truncation`\n\n");
    assert_eq!(told.count(), 1, "{reply:?}");
    assert!(reply.body.contains("response.completed"), "{reply:?}");
}

#[tokio::test]
async fn what_is_left_out_is_told_over_a_websocket_in_the_first_event_of_the_answer() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    for (config, told) in [
        (
            config.replace("[model]", "dialect = \"chat\"\n[model]"),
            json!({"x-alipes-left-out": "`truncation`"}),
        ),
        (config, Value::Null),
    ] {
        let stage = Stage::with(&config).await;
        let mut socket = socket(&stage).await;
        for _ in 0..2 {
            let ask = json!({"input": "hello", "truncation": "auto"});
            let events = turn(&mut *socket, ask).await;
            assert_eq!(events[0]["type"], "response.created");
            assert_eq!(events[0]["headers"], told);
            assert!(events[1..].iter().all(|event| event["headers"].is_null()));
        }
    }
}
