//! `GET /v1/responses` upgraded: turns that send only what is new, and what a socket does not take.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::NetErrorKind;
use alipes_net::websocket::{self, Message, Socket, Upgrade};
use serde_json::{Value, json};

use crate::client::send;
use crate::stage::{Stage, dialer, simulator};

const LIMIT: Duration = Duration::from_secs(20);

fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", LIMIT)
}

/// Opens a socket as a client with a good key and `more` headers.
pub(crate) async fn open(
    stage: &Stage,
    more: &[(&'static str, &str)],
) -> Result<websocket::Upgraded, NetErrorKind> {
    let url = format!("ws://{}/v1/responses", stage.address());
    let mut ask = Upgrade::new(url.parse().unwrap());
    let key = format!("Bearer {}", stage.key);
    ask.headers.insert("authorization", key.parse().unwrap());
    for (name, value) in more {
        ask.headers.insert(*name, value.parse().unwrap());
    }
    let opened = websocket::connect(&dialer(), ask, deadline()).await;
    opened.map_err(|error| error.kind)
}

pub(crate) async fn socket(stage: &Stage) -> Box<dyn Socket> {
    open(stage, &[]).await.unwrap().socket
}

/// The next event.
async fn next(socket: &mut dyn Socket) -> Value {
    loop {
        match tokio::time::timeout(LIMIT, socket.next())
            .await
            .unwrap()
            .unwrap()
        {
            Message::Text(text) => return serde_json::from_slice(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("no event: {other:?}"),
        }
    }
}

/// Asks, and reads the answer to its end.
pub(crate) async fn turn(socket: &mut dyn Socket, mut ask: Value) -> Vec<Value> {
    ask["type"] = json!("response.create");
    ask["model"] = json!("default");
    socket.send_text(ask.to_string()).await.unwrap();
    answer(socket).await
}

async fn answer(socket: &mut dyn Socket) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = next(socket).await;
        let kind = event["type"].as_str().unwrap().to_owned();
        // Behind output an error has no status, and a failed response follows.
        let refuses = kind == "error" && event["status"].is_u64();
        let ends = [
            "response.completed",
            "response.failed",
            "response.incomplete",
        ];
        events.push(event);
        if refuses || ends.contains(&&*kind) {
            return events;
        }
    }
}

pub(crate) fn end(events: &[Value]) -> &Value {
    &events.last().unwrap()["response"]
}

async fn closed(socket: &mut dyn Socket) -> Option<u16> {
    loop {
        match tokio::time::timeout(LIMIT, socket.next()).await.unwrap() {
            Ok(Message::Close { code, .. }) => return code,
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

#[tokio::test]
async fn an_answer_that_lost_only_its_last_event_is_ended() {
    let model = simulator(&["sse-no-final-event"]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    let events = turn(&mut *socket, json!({"input": "hello"})).await;
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    let ended = end(&events);
    assert_eq!(ended["output"][0]["type"], "message", "{ended}");
    // It can be gone on from.
    let more = json!({"input": "more", "previous_response_id": ended["id"]});
    let events = turn(&mut *socket, more).await;
    assert_eq!(events.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn a_turn_with_a_tool_sends_only_what_is_new_before_any_provider() {
    for dialect in ["responses", "chat", "messages"] {
        let model = simulator(&[]).await;
        let url = model.base_url();
        let config = format!(
            "[providers.first]\nbase_url = \"{url}\"\ndialect = \"{dialect}\"\n[model]\ndefault = \"first/m\"\n"
        );
        let stage = Stage::with(&config).await;
        let upgraded = open(&stage, &[]).await.unwrap();
        assert!(upgraded.compressed, "compression is agreed on");
        let mut socket = upgraded.socket;
        let tools = json!([{"type": "function", "name": "list_files", "parameters": {}}]);
        let warm = turn(
            &mut *socket,
            json!({"generate": false, "tools": tools, "input": []}),
        )
        .await;
        assert_eq!(end(&warm)["output"], json!([]), "{dialect}");
        assert!(model.seen().is_empty(), "nothing is asked to prepare");
        let ask = json!({
            "tools": tools, "previous_response_id": end(&warm)["id"],
            "input": [{"role": "user", "content": "list the files"}],
        });
        let called = turn(&mut *socket, ask).await;
        let numbers: Vec<u64> = called
            .iter()
            .filter_map(|event| event["sequence_number"].as_u64())
            .collect();
        assert_eq!(
            numbers,
            (0..numbers.len() as u64).collect::<Vec<_>>(),
            "{dialect}"
        );
        assert_eq!(
            end(&called)["previous_response_id"],
            end(&warm)["id"],
            "{dialect}"
        );
        let call = end(&called)["output"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(call["name"], "list_files", "{dialect}: {call}");
        let result =
            json!({"type": "function_call_output", "call_id": call["call_id"], "output": "a.rs"});
        let ask =
            json!({"tools": tools, "previous_response_id": end(&called)["id"], "input": [result]});
        let answered = turn(&mut *socket, ask).await;
        let text = end(&answered)["output"].to_string();
        assert!(text.contains("a.rs"), "{dialect}: {text}");
        socket.close(1000, "").await.unwrap();
    }
}

#[tokio::test]
async fn what_a_socket_does_not_know_is_told_in_a_frame_and_the_socket_goes_on() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    for (ask, status, code, param) in [
        (
            json!({"previous_response_id": "resp_x", "input": []}),
            400,
            "previous_response_not_found",
            "previous_response_id",
        ),
        (json!({"input": 7}), 400, "invalid_request", ""),
        (
            json!({"input": [], "background": true}),
            400,
            "invalid_request",
            "",
        ),
    ] {
        let told = turn(&mut *socket, ask).await;
        let error = &told[0];
        assert_eq!(
            (told.len(), &error["type"]),
            (1, &json!("error")),
            "{error}"
        );
        assert_eq!(error["status"], status);
        assert_eq!(error["error"]["code"], code, "{error}");
        assert!(
            param.is_empty() || error["error"]["param"] == param,
            "{error}"
        );
    }
    for text in [
        "no json",
        r#"{"type":"response.cancel","model":"default"}"#,
        "[]",
    ] {
        socket.send_text(text.to_owned()).await.unwrap();
        assert_eq!(next(&mut *socket).await["status"], 400, "{text}");
    }
    // It is not asked for a model that it would not need either.
    let cancel = r#"{"type":"response.cancel"}"#;
    socket.send_text(cancel.to_owned()).await.unwrap();
    let told = next(&mut *socket).await;
    assert_eq!(told["error"]["param"], "type", "{told}");
    assert!(model.seen().is_empty());
    let answered = turn(&mut *socket, json!({"input": "hello"})).await;
    assert_eq!(answered.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn a_million_messages_are_refused_in_a_frame_and_the_socket_goes_on() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    let items = vec![r#"{"role":"user","content":""}"#; 1_000_000].join(",");
    let ask = format!(r#"{{"type":"response.create","model":"default","input":[{items}]}}"#);
    socket.send_text(ask).await.unwrap();
    let told = next(&mut *socket).await;
    assert_eq!(told["error"]["param"], "input", "{told}");
    assert!(model.seen().is_empty());
    let answered = turn(&mut *socket, json!({"input": "hello"})).await;
    assert_eq!(answered.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn a_fault_is_an_error_frame_before_output_and_a_failed_response_behind_it() {
    let model = simulator(&["sse-challenge"]).await;
    let stage = Stage::before(&[&model]).await;
    let told = turn(&mut *socket(&stage).await, json!({"input": "hello"})).await;
    assert_eq!(told[0]["type"], "error", "{told:?}");
    assert!(told[0]["status"].as_u64() >= Some(400));
    let model = simulator(&["sse-cut-after-text"]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    let told = turn(&mut *socket, json!({"input": "hello"})).await;
    assert_eq!(told.last().unwrap()["type"], "response.failed", "{told:?}");
    // Nobody goes on from what was not completed.
    let ask = json!({"previous_response_id": end(&told)["id"], "input": "go on"});
    let told = turn(&mut *socket, ask).await;
    assert_eq!(told[0]["error"]["code"], "previous_response_not_found");
}

#[tokio::test]
async fn requests_that_come_early_are_answered_in_their_order() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    for word in ["one", "two", "three"] {
        let ask = json!({"type": "response.create", "model": "default", "input": "hello", "metadata": {"word": word}});
        socket.send_text(ask.to_string()).await.unwrap();
    }
    for _ in 0..3 {
        let told = answer(&mut *socket).await;
        assert_eq!(told.last().unwrap()["type"], "response.completed");
    }
    let words: Vec<Value> = model
        .seen()
        .iter()
        .map(|seen| seen.body.as_ref().unwrap()["metadata"]["word"].clone())
        .collect();
    assert_eq!(words, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_answer() {
    let model = simulator(&["sse-stall-after-text"]).await;
    let stage = Stage::before(&[&model]).await;
    let mut socket = socket(&stage).await;
    let ask = json!({"type": "response.create", "model": "default", "input": "hello"});
    socket.send_text(ask.to_string()).await.unwrap();
    while next(&mut *socket).await["type"] != "response.output_text.delta" {}
    drop(socket);
    // A server that still had something to wait for would not end before its limit.
    tokio::time::timeout(LIMIT, stage.server.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_no_upgrade_or_comes_from_a_page_is_refused() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let reply = stage.get("/v1/responses").await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let other = stage.request("GET", "/v1/responses", "").replace(
        "\r\n\r\n",
        "\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 12\r\n\r\n",
    );
    let reply = send(stage.address(), other).await;
    // The version that would do.
    let version = reply.header("sec-websocket-version");
    assert_eq!((reply.status, version), (426, Some("13")));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("authorization", "Bearer no"),
    ] {
        let refused = open(&stage, &[(name, value)]).await;
        assert!(
            matches!(refused, Err(NetErrorKind::UpgradeRefused { .. })),
            "{name}"
        );
    }
}

#[tokio::test]
async fn messages_that_are_too_large_too_many_or_no_text_end_the_socket() {
    let model = simulator(&["sse-stall-after-created"]).await;
    let config = crate::stage::config(&[&model], "[serve]\nlargest_body = 100000\n");
    let stage = Stage::with(&config).await;
    let mut large = socket(&stage).await;
    // It may be closed while we still send.
    let _ = large.send_text("x".repeat(200_000)).await;
    assert!(matches!(closed(&mut *large).await, Some(1009) | None));
    let mut many = socket(&stage).await;
    let ask = json!({"type": "response.create", "model": "default", "input": "hello"});
    for _ in 0..20 {
        let _ = many.send_text(ask.to_string()).await;
    }
    assert!(matches!(closed(&mut *many).await, Some(1008) | None));
}

#[tokio::test]
async fn a_key_that_is_taken_back_ends_the_socket_it_opened_with_the_next_frame() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    let with_a = format!("{config}[serve.keys.a]\nkey = {{ env = \"KEY_A\" }}\n");
    let stage = Stage::with(&with_a).await;
    let a = [("authorization", "Bearer key-a")];
    let (mut of_a, mut own) = (open(&stage, &a).await.unwrap().socket, socket(&stage).await);
    for socket in [&mut of_a, &mut own] {
        let told = turn(&mut **socket, json!({"input": "hello"})).await;
        assert_eq!(told.last().unwrap()["type"], "response.completed");
    }
    // One key leaves the configuration, and the other its file.
    stage.reload(&config);
    std::fs::write(stage.key_file().path(), "sk-alipes-another").unwrap();
    for socket in [&mut of_a, &mut own] {
        let told = turn(&mut **socket, json!({"input": "hello"})).await;
        assert_eq!(
            (&told[0]["status"], &told[0]["error"]["code"]),
            (&json!(401), &json!("invalid_api_key"))
        );
        assert_eq!(closed(&mut **socket).await, Some(1008));
    }
    assert_eq!(model.seen().len(), 2);
}

#[tokio::test]
async fn the_response_of_another_client_is_not_known_on_a_socket_either() {
    let model = simulator(&[]).await;
    let more = "[serve.keys.a]\nkey = { env = \"KEY_A\" }\n";
    let stage = Stage::with(&crate::stage::config(&[&model], more)).await;
    let mut own = socket(&stage).await;
    let first = turn(&mut *own, json!({"input": "hello"})).await;
    let a = [("authorization", "Bearer key-a")];
    let mut of_a = open(&stage, &a).await.unwrap().socket;
    let ask = json!({"input": "x", "previous_response_id": end(&first)["id"]});
    let told = turn(&mut *of_a, ask).await;
    assert_eq!(told[0]["error"]["code"], "previous_response_not_found");
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn a_compressed_bomb_is_not_unpacked() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "[serve]\nlargest_body = 1000000\n");
    let stage = Stage::with(&config).await;
    let mut upgraded = open(&stage, &[]).await.unwrap();
    assert!(upgraded.compressed);
    // Some 50 kB on the wire. It may be closed while we still send.
    let _ = upgraded.socket.send_text("x".repeat(50 << 20)).await;
    assert!(matches!(
        closed(&mut *upgraded.socket).await,
        Some(1009) | None
    ));
    assert_eq!(stage.get("/healthz").await.status, 200);
}
