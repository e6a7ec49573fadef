//! The lean backend: what a bench relies on.

use std::time::Duration;

use alipes_base::Clock;
use alipes_net::websocket::Message;
use alipes_simulator::Lean;
use alipes_wire::{SseDecoder, SseItem, SseLimits};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{ask_at, connect_to, deadline, text};

async fn lean() -> Lean {
    Lean::start(Clock::system()).await.unwrap()
}

async fn events(lean: &Lean, path: &str, body: Value) -> Vec<String> {
    let response = ask_at(&lean.base_url(), path, body.to_string()).await;
    assert_eq!(response.status, 200);
    let mut items = Vec::new();
    let mut decoder = SseDecoder::new(SseLimits::default());
    decoder
        .push(text(response).await.as_bytes(), &mut items)
        .unwrap();
    let data = items.into_iter().filter_map(|item| match item {
        SseItem::Event { data, .. } => Some(data),
        _ => None,
    });
    data.collect()
}

#[tokio::test]
async fn each_piece_is_an_event_of_its_own_in_both_dialects() {
    let lean = lean().await;
    let paths = [
        ("/v1/responses", "delta", "response.completed"),
        ("/v1/chat/completions", "content", "[DONE]"),
    ];
    for (path, member, end) in paths {
        let events = events(&lean, path, json!({"model": "lean-50", "stream": true})).await;
        for index in 0..50 {
            let said = format!("\"{member}\":\"{}\"", Lean::piece(index));
            let saying = events.iter().filter(|event| event.contains(&said));
            assert_eq!(saying.count(), 1, "{said} of {path}");
        }
        assert!(events.last().unwrap().contains(end), "{events:#?}");
    }
}

#[tokio::test]
async fn a_paced_piece_says_when_it_left_and_the_end_repeats_it() {
    let lean = lean().await;
    let asked = json!({"model": "any/lean-3-5ms", "stream": true});
    let earliest = Clock::system().since(lean.begun());
    let events = events(&lean, "/v1/responses", asked).await;
    let pieces: Vec<String> = events
        .iter()
        .filter_map(|event| {
            serde_json::from_str::<Value>(event).unwrap()["delta"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    let left: Vec<Duration> = pieces
        .iter()
        .map(|piece| Duration::from_micros(piece.trim().parse().unwrap()))
        .collect();
    assert_eq!(left.len(), 3);
    assert!(
        left.iter()
            .all(|left| *left <= Clock::system().since(lean.begun()))
    );
    // Between two pieces nothing is certain, as the first may be late; that none is early is.
    for (left, steps) in left.iter().zip(0..) {
        let due = earliest + Duration::from_millis(5) * steps;
        assert!(*left >= due, "{left:?} after {earliest:?}");
    }
    let repeating = events
        .iter()
        .filter(|event| event.contains(&pieces.concat()));
    assert!(repeating.count() >= 2, "{events:#?}");
    let is_left_over = |event: &String| event.contains(Lean::piece(0).trim_end());
    assert!(!events.iter().any(is_left_over), "{events:#?}");
}

#[tokio::test]
async fn who_does_not_stream_gets_one_object() {
    let lean = lean().await;
    for path in ["/v1/responses", "/v1/chat/completions"] {
        let response = ask_at(&lean.base_url(), path, r#"{"model":"lean-2"}"#).await;
        let object: Value = serde_json::from_str(&text(response).await).unwrap();
        let said = format!("{}{}", Lean::piece(0), Lean::piece(1));
        assert!(object.to_string().contains(&said), "{object}");
    }
}

#[tokio::test]
async fn a_socket_answers_again_and_again() {
    let lean = lean().await;
    let mut socket = connect_to(&lean.base_url()).await.unwrap().socket;
    for _ in 0..2 {
        let create = json!({"type": "response.create", "model": "lean-2", "input": []});
        socket.send_text(create.to_string()).await.unwrap();
        let mut kinds = Vec::new();
        while kinds.last().is_none_or(|kind| kind != "response.completed") {
            let message = deadline().run(socket.next()).await.unwrap().unwrap();
            let Message::Text(text) = message else {
                continue;
            };
            let event: Value = serde_json::from_slice(&text).unwrap();
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
        let deltas = kinds
            .iter()
            .filter(|kind| *kind == "response.output_text.delta");
        assert_eq!(deltas.count(), 2);
    }
}

#[tokio::test]
async fn what_it_does_not_know_is_refused() {
    let lean = lean().await;
    for (path, body, status) in [
        ("/v1/models", "{}", 404),
        ("/v1/responses", r#"{"model":"other"}"#, 404),
        ("/v1/responses", "{", 400),
    ] {
        let response = ask_at(&lean.base_url(), path, Bytes::from(body)).await;
        assert_eq!(response.status, status, "{path} {body}");
    }
}
