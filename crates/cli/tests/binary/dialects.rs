//! A turn is the same in every dialect, and so is what becomes of a fault.

use crate::machine::{Machine, Ran};

const DIALECTS: [&str; 3] = ["responses", "chat", "messages"];

/// A turn with a tool, over SSE in `dialect`, against a simulator with a fault.
async fn turn(dialect: &str, fault: Option<&str>) -> Ran {
    let machine = Machine::new();
    machine.file("notes.txt", "the cat sat\n");
    let fault: Vec<&str> = fault.iter().flat_map(|name| ["--fault", name]).collect();
    let server = machine.simulate(&fault).await;
    let to = ["-m", "test/model", "--base-url", &server.base_url];
    let way = [
        "--profile",
        "openai-codex",
        "--route",
        "sse",
        "--dialect",
        dialect,
    ];
    let asks = ["exec", "--json", "read notes.txt"];
    machine
        .run(&[&asks[..2], &to, &way, &asks[2..]].concat())
        .await
}

/// The last line, and how many attempts its steps took.
fn completed(ran: &Ran) -> (String, u64) {
    let last = ran.answer().lines().last().unwrap_or_default();
    let end: serde_json::Value = serde_json::from_str(last).unwrap();
    let text = end["text"].as_str().unwrap().to_owned();
    (text, end["attempts"].as_u64().unwrap())
}

#[tokio::test]
async fn a_turn_with_a_tool_says_the_same_in_every_dialect() {
    for dialect in DIALECTS {
        let (text, attempts) = completed(&turn(dialect, None).await);
        assert!(text.contains("the cat sat"), "{dialect}: {text}");
        assert_eq!(attempts, 2, "{dialect}: one for each step");
    }
}

#[tokio::test]
async fn a_fault_is_mended_in_every_dialect() {
    for fault in [
        "sse-cut-after-text@2",
        "sse-500@1",
        "sse-reset-after-created@1",
    ] {
        for dialect in DIALECTS {
            let (text, attempts) = completed(&turn(dialect, Some(fault)).await);
            assert!(text.contains("the cat sat"), "{dialect}, {fault}: {text}");
            assert_eq!(attempts, 3, "{dialect}, {fault}");
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_has_the_same_name_in_every_dialect() {
    for (fault, name) in [
        ("sse-413", "too-large"),
        ("sse-challenge", "challenge"),
        ("sse-400", "invalid-request"),
    ] {
        for dialect in DIALECTS {
            let ran = turn(dialect, Some(fault)).await;
            let last = ran.out.lines().last().unwrap_or_default();
            let end: serde_json::Value = serde_json::from_str(last).unwrap();
            assert_eq!(end["fault"]["cause"], name, "{dialect}, {fault}: {last}");
        }
    }
}

#[tokio::test]
async fn only_the_responses_dialect_has_a_websocket() {
    let asks = [
        "exec",
        "--simulate",
        "--dialect",
        "chat",
        "--route",
        "websocket",
        "hi",
    ];
    let refused = Machine::new().refused(2, &asks).await;
    insta::assert_snapshot!(refused, @r#"error: the dialect "chat" has no WebSocket; use the route "sse", or "auto""#);
}
