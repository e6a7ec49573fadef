//! A healthy backend over HTTP: SSE, JSON, models, and requests it has to refuse.

use alipes_simulator::{Keys, Options, Route, Simulator};
use alipes_wire::responses::Assembler;
use alipes_wire::{ModelEvent, RawEvent, SseDecoder, SseItem};
use bytes::Bytes;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::json;

use crate::client::{self, Raw, answer, ask, object, options, prompt, start, text};

/// Reads a whole stream with the same code as our client.
fn assemble(stream: &str) -> (String, Vec<ModelEvent>) {
    let mut items = Vec::new();
    SseDecoder::default()
        .push(stream.as_bytes(), &mut items)
        .unwrap();
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    for item in items {
        let SseItem::Event { name, data } = item else {
            continue;
        };
        let event = RawEvent::parse(Bytes::from(data)).unwrap();
        assert_eq!(event.kind(), name);
        events.extend(assembler.push(&event));
    }
    assert_eq!(assembler.skipped(), 0);
    let spoken = events.iter().filter_map(|event| match event {
        ModelEvent::TextDelta { delta } => Some(delta.as_str()),
        _ => None,
    });
    (spoken.collect(), events)
}

#[tokio::test]
async fn a_streamed_turn_is_answered_in_small_deltas() {
    let simulator = start(&[]).await;
    let body = prompt("say hello").to_string();
    for path in ["/v1/responses", "/backend-api/codex/responses"] {
        let response = ask(&simulator, "POST", path, &[], body.clone()).await;
        assert_eq!(response.status, 200);
        assert!(
            response.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        assert!(
            response
                .headers
                .contains_key("x-codex-primary-used-percent")
        );
        let (spoken, events) = assemble(&text(response).await);
        assert!(
            spoken.starts_with("(simulated)") && spoken.contains("say hello"),
            "{spoken}"
        );
        assert!(events.len() > 10, "{events:?}");
        let Some(ModelEvent::Completed {
            usage: Some(usage), ..
        }) = events.last()
        else {
            panic!("{events:?}");
        };
        assert!(usage.input_tokens > 0 && usage.output_tokens > 0);
    }
    let seen = simulator.seen();
    assert_eq!(
        (seen.len(), seen[0].route, seen[0].version),
        (2, Route::Sse, "HTTP/1.1")
    );
    assert_eq!(seen[0].body, Some(prompt("say hello")));
    assert_eq!(seen[1].path, "/backend-api/codex/responses");
}

#[tokio::test]
async fn over_tls_http_2_is_spoken() {
    let options = Options {
        tls: true,
        ..options(&[])
    };
    let simulator = Simulator::start(options).await.unwrap();
    assert!(simulator.base_url().starts_with("https://127.0.0.1:"));
    let response = answer(&simulator, "hi").await;
    let (spoken, _) = assemble(&text(response).await);
    assert!(spoken.contains("hi"), "{spoken}");
    assert_eq!(simulator.seen()[0].version, "HTTP/2");
}

#[tokio::test]
async fn who_does_not_stream_gets_one_object() {
    let simulator = start(&[]).await;
    let body = json!({"model": "m", "input": "x"}).to_string();
    let answer = object(ask(&simulator, "POST", "/v1/responses", &[], body).await).await;
    assert_eq!(answer["object"], json!("response"));
    assert_eq!(answer["status"], json!("completed"));
    let said = answer["output"][0]["content"][0]["text"].as_str().unwrap();
    assert!(said.starts_with("(simulated)"), "{said}");
}

#[tokio::test]
async fn a_packed_request_is_understood() {
    let simulator = start(&[]).await;
    let packed = compress_to_vec(
        prompt("squeezed").to_string().as_bytes(),
        CompressionLevel::Fastest,
    );
    let zstd = [("content-encoding", "zstd")];
    let response = ask(
        &simulator,
        "POST",
        "/backend-api/codex/responses",
        &zstd,
        packed,
    )
    .await;
    assert!(assemble(&text(response).await).0.contains("squeezed"));
    assert_eq!(simulator.seen()[0].body, Some(prompt("squeezed")));
}

#[tokio::test]
async fn with_a_fault_only_a_packed_request_is_refused() {
    let simulator = start(&["sse-refuses-zstd"]).await;
    let plain = prompt("hi").to_string();
    let packed = compress_to_vec(plain.as_bytes(), CompressionLevel::Fastest);
    let zstd = [("content-encoding", "zstd")];
    for (headers, body, status) in [(&zstd[..], packed, 400), (&[], plain.into_bytes(), 200)] {
        let response = ask(&simulator, "POST", "/v1/responses", headers, body).await;
        assert_eq!(response.status, status);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_a_reason() {
    let simulator = start(&[]).await;
    let orphan = json!({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]});
    let continued = json!({"input": "x", "previous_response_id": "resp_1"});
    let table = [
        ("no json".to_owned(), &[][..], "", "could not parse"),
        (
            json!({"input": [1]}).to_string(),
            &[],
            "",
            "could not parse",
        ),
        (
            orphan.to_string(),
            &[],
            "",
            "No tool call found for function call output with call_id c.",
        ),
        (
            continued.to_string(),
            &[],
            "previous_response_not_found",
            "resp_1",
        ),
        ("x".to_owned(), &[("content-encoding", "zstd")], "", "zstd"),
        (
            "x".to_owned(),
            &[("content-encoding", "br")],
            "",
            "content-encoding",
        ),
    ];
    for (body, headers, code, words) in table {
        let response = ask(&simulator, "POST", "/v1/responses", headers, body.clone()).await;
        assert_eq!(response.status, 400, "{body}");
        let answer = object(response).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{body}: {message}");
        assert_eq!(
            answer["error"]["code"].as_str().unwrap_or_default(),
            code,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_request_over_64_mib_is_too_large() {
    let simulator = start(&[]).await;
    let response = ask(
        &simulator,
        "POST",
        "/v1/responses",
        &[],
        vec![b' '; (64 << 20) + 1],
    )
    .await;
    assert_eq!(response.status, 413);
}

#[tokio::test]
async fn models_are_listed_for_sdks_and_for_codex() {
    let simulator = start(&[]).await;
    for path in [
        "/v1/models",
        "/backend-api/codex/models?client_version=0.169.0",
    ] {
        let response = ask(&simulator, "GET", path, &[], "").await;
        assert!(response.headers.contains_key("etag"));
        let list = object(response).await;
        assert_eq!(list["object"], json!("list"));
        assert_eq!(list["data"][0]["id"], list["models"][0]["slug"]);
    }
    assert!(
        simulator
            .seen()
            .iter()
            .all(|seen| seen.route == Route::Models)
    );
}

#[tokio::test]
async fn side_endpoints_are_answered_or_not_found() {
    let simulator = start(&[]).await;
    let account = [("chatgpt-account-id", "acct-1")];
    let check = ask(
        &simulator,
        "GET",
        "/backend-api/wham/accounts/check",
        &account,
        "",
    )
    .await;
    assert_eq!(object(check).await["default_account_id"], json!("acct-1"));
    for (method, path, status) in [
        ("GET", "/backend-api/ps/plugins/installed?limit=200", 404),
        ("POST", "/backend-api/ps/mcp", 404),
        ("GET", "/api/v1/models", 404),
        ("GET", "/v1/responses", 405),
        ("DELETE", "/v1/responses", 405),
    ] {
        let response = ask(&simulator, method, path, &[], "{}").await;
        assert_eq!(response.status, status, "{method} {path}");
        assert!(
            object(response).await["error"]["message"].is_string(),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_rotated_key_mends_a_401() {
    let keys = Keys::Exactly(vec!["old".to_owned()]);
    let simulator = Simulator::start(Options {
        keys,
        ..options(&[])
    })
    .await
    .unwrap();
    let status = async |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        ask(&simulator, "GET", "/v1/models", &headers, "")
            .await
            .status
            .as_u16()
    };
    assert_eq!((status("old").await, status("new").await), (200, 401));
    simulator.set_keys(Keys::Exactly(vec!["new".to_owned()]));
    assert_eq!((status("old").await, status("new").await), (401, 200));
}

#[tokio::test]
async fn a_stopped_simulator_ends_its_connections() {
    let simulator = start(&["sse-stall-before-headers"]).await;
    let mut raw = Raw::open(&simulator).await;
    raw.send("POST", "/v1/responses", &prompt("hi").to_string())
        .await;
    assert_eq!(raw.read(|_| true).await, client::End::Quiet);
    simulator.stop().await;
    assert_ne!(raw.read(|_| false).await, client::End::Quiet);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answer() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let simulator = start(&[]).await;
        let body = json!({"model": "m", "input": "x"}).to_string();
        let answer = object(ask(&simulator, "POST", "/v1/responses", &[], body).await).await;
        answers.push((answer["id"].clone(), answer["output"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
}
