//! Servers that answer something else than asked, or without end.

use crate::machine::{Machine, Ran};

/// A turn against a server with this fault.
async fn with(fault: &str, route: &str) -> Ran {
    let machine = Machine::new();
    let server = machine.simulate(&["--fault", fault]).await;
    machine.ask(&server.base_url, &["--route", route]).await
}

#[tokio::test]
async fn a_web_page_is_named() {
    let mut messages = String::new();
    for (fault, route) in [("sse-html-200", "sse"), ("websocket-html-200", "websocket")] {
        messages.push_str(&with(fault, route).await.refused(1));
    }
    insta::assert_snapshot!(messages, @"
    error: test answered with a web page instead of an API (headers over sse, status 200, 127.0.0.1:[PORT])
      tried: sse (not-an-api, [TIME])
      on record: alipes calls show [ID]
      help: check base_url: it often ends in /v1; on a guest network open a browser first: its login page answers like that
    error: test answered with a web page instead of an API (upgrade over websocket, status 200, 127.0.0.1:[PORT])
      tried: websocket (not-an-api, [TIME])
      on record: alipes calls show [ID]
      help: check base_url: it often ends in /v1; on a guest network open a browser first: its login page answers like that
    ");
}

#[tokio::test]
async fn a_challenge_is_named_with_its_ray() {
    let message = with("challenge", "sse").await.refused(1);
    assert!(message.contains("browser challenge"), "{message}");
    assert!(message.contains("cf-ray "), "{message}");
}

#[tokio::test]
async fn a_gigabyte_is_cut_short_and_named() {
    for (fault, route) in [
        ("sse-endless", "sse"),
        ("sse-endless-line", "sse"),
        ("sse-header-flood", "sse"),
        ("websocket-endless", "websocket"),
    ] {
        let message = with(fault, route).await.refused(1);
        assert!(message.contains("too-large"), "{fault}: {message}");
    }
}

#[tokio::test]
async fn a_broken_event_amid_good_ones_is_survived() {
    for (fault, route) in [
        ("sse-broken-json", "sse"),
        ("sse-unknown-event", "sse"),
        ("sse-null-output", "sse"),
        ("websocket-broken-json", "websocket"),
    ] {
        assert!(
            with(fault, route).await.answer().contains("Hello!"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_turn_that_fails_as_json_ends_in_one_event_that_says_why() {
    let machine = Machine::new();
    let server = machine.simulate(&["--fault", "sse-413"]).await;
    let ran = machine.ask(&server.base_url, &["--json"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let last: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "turn.failed");
    assert_eq!(last["fault"]["cause"], "too-large");
    assert_eq!(last["fault"]["status"], 413);
}
