//! A healthy backend over WebSocket: turns, deltas, and requests it has to refuse.

use std::time::Duration;

use alipes_net::websocket::Message;
use alipes_simulator::{Options, Route, Simulator};
use serde_json::{Value, json};

use crate::client::{connect, deadline, kind, options, prompt, spoken, start, turn};

fn id(events: &[Value]) -> Value {
    events.last().unwrap()["response"]["id"].clone()
}

#[tokio::test]
async fn a_turn_with_a_tool_sends_only_what_is_new() {
    let simulator = start(&[]).await;
    for compression in [true, false] {
        let upgraded = connect(&simulator, compression).await.unwrap();
        assert_eq!(upgraded.compressed, compression);
        let mut socket = upgraded.socket;
        let tools = json!([{"type": "function", "name": "list_files", "parameters": {}}]);

        let warm = json!({"model": "m", "generate": false, "tools": tools, "input": []});
        let warmed = turn(&mut *socket, warm).await;
        let kinds: Vec<_> = warmed.iter().map(kind).collect();
        let prepared = [
            "codex.rate_limits",
            "response.created",
            "response.in_progress",
            "response.completed",
        ];
        assert_eq!(kinds, prepared);
        assert_eq!(warmed[3]["response"]["output"], json!([]));

        let ask = json!({
            "model": "m", "tools": tools, "previous_response_id": id(&warmed),
            "input": [{"role": "user", "content": "list the files"}],
        });
        let called = turn(&mut *socket, ask).await;
        let output = &called.last().unwrap()["response"]["output"];
        assert_eq!(output[0]["phase"], json!("commentary"));
        assert_eq!(output[1]["name"], json!("list_files"));

        let result = json!({
            "type": "function_call_output", "call_id": output[1]["call_id"],
            "output": ".: 1 entries\nmarker.txt (1)",
        });
        let tail = json!({
            "model": "m", "tools": tools, "previous_response_id": id(&called), "input": [result],
        });
        let answered = turn(&mut *socket, tail).await;
        assert!(
            spoken(&answered).contains("marker.txt"),
            "{}",
            spoken(&answered)
        );
        assert_eq!(
            answered.last().unwrap()["response"]["previous_response_id"],
            id(&called)
        );
    }
    let seen = simulator.seen();
    let frames: Vec<_> = seen.iter().filter(|seen| seen.method == "FRAME").collect();
    assert_eq!((seen.len(), frames.len()), (8, 6));
    assert!(seen.iter().all(|seen| seen.route == Route::WebSocket));
    assert!(seen[0].header("sec-websocket-extensions").is_some());
}

#[tokio::test]
async fn over_tls_the_upgrade_works_as_well() {
    let simulator = Simulator::start(Options {
        tls: true,
        ..options(&[])
    })
    .await
    .unwrap();
    let mut socket = connect(&simulator, true).await.unwrap().socket;
    assert!(spoken(&turn(&mut *socket, prompt("hi")).await).contains("hi"));
}

#[tokio::test]
async fn an_unknown_previous_response_is_an_error_frame() {
    let simulator = start(&[]).await;
    let mut first = connect(&simulator, true).await.unwrap().socket;
    let known = turn(&mut *first, prompt("hi")).await;
    let mut request = prompt("again");
    request["previous_response_id"] = id(&known);
    assert!(spoken(&turn(&mut *first, request.clone()).await).contains("again"));

    // A response is known on its own socket only.
    let mut second = connect(&simulator, true).await.unwrap().socket;
    let refused = turn(&mut *second, request).await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["status"], json!(400));
    assert_eq!(
        refused[0]["error"]["code"],
        json!("previous_response_not_found")
    );
    assert!(spoken(&turn(&mut *second, prompt("in full")).await).contains("in full"));
}

#[tokio::test]
async fn what_cannot_be_answered_is_an_error_frame() {
    let simulator = start(&[]).await;
    let mut socket = connect(&simulator, true).await.unwrap().socket;
    let orphan = json!({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]});
    for request in [orphan, json!({"input": [1]})] {
        let refused = turn(&mut *socket, request).await;
        assert_eq!((refused.len(), &refused[0]["status"]), (1, &json!(400)));
    }
    for text in ["no json", r#"{"type":"response.append"}"#] {
        socket.send_text(text.to_owned()).await.unwrap();
        let message = deadline().run(socket.next()).await.unwrap().unwrap();
        assert!(matches!(message, Message::Text(text) if text.starts_with(br#"{"error""#)));
    }
}

#[tokio::test]
async fn pings_are_answered_and_early_requests_wait_while_an_answer_is_played() {
    let pace = Duration::from_millis(5);
    let simulator = Simulator::start(Options {
        pace,
        ..options(&[])
    })
    .await
    .unwrap();
    let mut socket = connect(&simulator, true).await.unwrap().socket;
    for text in ["one", "two"] {
        socket
            .send_text(crate::client::create(prompt(text)))
            .await
            .unwrap();
    }
    socket.ping(b"still there?".to_vec()).await.unwrap();
    let (mut completed, mut pong_after) = (0, None);
    while completed < 2 {
        match deadline().run(socket.next()).await.unwrap().unwrap() {
            Message::Pong(payload) if payload == "still there?" => pong_after = Some(completed),
            Message::Text(text) => {
                let event: Value = serde_json::from_slice(&text).unwrap();
                completed += u32::from(kind(&event) == "response.completed");
            }
            _ => {}
        }
    }
    assert_eq!(pong_after, Some(0));
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_refused() {
    let simulator = start(&[]).await;
    let headers = [("upgrade", "websocket"), ("connection", "upgrade")];
    let response = crate::client::ask(&simulator, "GET", "/v1/responses", &headers, "").await;
    assert_eq!(response.status, 400);
}
