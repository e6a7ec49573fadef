//! Waiting: what a client sees of it, and how it ends.

use alipes_base::Clock;
use tokio::io::AsyncWriteExt as _;

use crate::client::{connect, read};
use crate::stage::{Stage, config, simulator};

/// Asks for a streamed answer in each dialect.
const ASKS: [(&str, &str); 3] = [
    (
        "/v1/responses",
        r#"{"model":"default","input":"hello","stream":true}"#,
    ),
    (
        "/v1/chat/completions",
        r#"{"model":"default","messages":[{"role":"user","content":"hello"}],"stream":true}"#,
    ),
    (
        "/v1/messages",
        r#"{"model":"default","max_tokens":9,"messages":[{"role":"user","content":"hello"}],"stream":true}"#,
    ),
];

/// A provider's waits.
fn patience(first: &str) -> String {
    format!(
        "[providers.first.endpoint]\nfirst_event_timeout = \"{first}\"\n\
         first_output_timeout = \"{first}\"\nfirst_output_timeout_reasoning = \"{first}\"\n"
    )
}

#[tokio::test]
async fn when_patience_ends_the_client_is_told_by_a_status() {
    for fault in ["sse-stall-before-headers", "sse-stall-after-created"] {
        let model = simulator(&[fault]).await;
        let stage = Stage::with(&config(&[&model], &patience("200ms"))).await;
        for (path, body) in ASKS {
            for body in [body, &body.replace("true", "false")] {
                let reply = stage.post(path, body).await;
                let about = format!("{fault} {path}: {reply:?}");
                assert_eq!(reply.status, 504, "{about}");
                let error = &reply.json()["error"];
                assert!(error["message"].is_string(), "{about}");
                if path == "/v1/messages" {
                    assert_eq!(error["type"], "timeout_error", "{about}");
                } else {
                    assert_eq!(error["code"], "silent", "{about}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_head_is_held_for_ten_seconds_and_what_fails_then_is_told_in_the_stream() {
    let model = simulator(&["sse-stall-before-headers"]).await;
    let stage = Stage::with(&config(&[&model], &patience("4200ms"))).await;
    let clock = Clock::system();
    let asks = ASKS.map(async |(path, body)| {
        let mut stream = connect(stage.address()).await;
        let request = stage.request("POST", path, body);
        let begun = clock.now();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(stream.peek(&mut [0]).await.unwrap(), 1);
        assert!(
            clock.since(begun).as_secs() >= 10,
            "{path}: the head is held"
        );
        (path, read(&mut stream).await)
    });
    for (path, reply) in futures_util::future::join_all(asks).await {
        let about = format!("{path}: {reply:?}");
        assert_eq!(reply.status, 200, "{about}");
        let lines: Vec<&str> = reply.body.lines().collect();
        let (alive, end) = match path {
            "/v1/responses" => (": waiting", "response.failed"),
            "/v1/chat/completions" => (": waiting", r#""code":"silent""#),
            _ => ("event: ping", "timeout_error"),
        };
        assert_eq!(lines.first(), Some(&alive), "{about}");
        let last = lines.iter().rfind(|line| line.starts_with("data: "));
        assert!(last.is_some_and(|last| last.contains(end)), "{about}");
    }
}

#[tokio::test]
async fn an_answer_that_goes_silent_ends_with_the_vendors_error_event() {
    let more = "[providers.first.endpoint]\noutput_timeout = \"300ms\"\n";
    for (path, body) in ASKS {
        let model = simulator(&["sse-stall-after-text"]).await;
        let stage = Stage::with(&config(&[&model], more)).await;
        let mut stream = connect(stage.address()).await;
        let request = stage.request("POST", path, body);
        stream.write_all(request.as_bytes()).await.unwrap();
        let reply = read(&mut stream).await;
        let about = format!("{path}: {reply:?}");
        assert_eq!(reply.status, 200, "{about}");
        let last = reply.body.lines().rfind(|line| line.starts_with("data: "));
        let told = last.is_some_and(|last| last.contains("error"));
        assert!(told && !reply.body.contains("[DONE]"), "{about}");
    }
}
