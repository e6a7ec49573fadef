//! A provider whose accounts think: each encrypts its reasoning for itself, and refuses any other's.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Listens until it is dropped.
pub(crate) struct Thinker {
    pub(crate) base_url: String,
    state: Arc<Mutex<State>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// The key that has reached its limit.
    limited: Option<String>,
    /// The key of each request, and whose reasoning it brought.
    seen: Vec<(String, Vec<String>)>,
}

impl Thinker {
    #[expect(clippy::disallowed_methods, reason = "tests need servers")]
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, &shared).await;
            }
        });
        Self {
            base_url,
            state,
            _serving: serving,
        }
    }

    /// From now on this key has used its plan up.
    pub(crate) fn limit(&self, key: &str) {
        self.state.lock().unwrap().limited = Some(key.to_owned());
    }

    /// The key of each request so far, and whose reasoning it brought.
    pub(crate) fn seen(&self) -> Vec<(String, Vec<String>)> {
        self.state.lock().unwrap().seen.clone()
    }
}

async fn answer(stream: TcpStream, state: &Mutex<State>) {
    let mut stream = BufReader::new(stream);
    let (mut key, mut length, mut line) = (String::new(), 0, String::new());
    while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
        let (name, value) = line.trim().split_once(": ").unwrap_or_default();
        match name.to_lowercase().as_str() {
            "authorization" => key = value.trim_start_matches("Bearer ").to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let reply = reply(&key, &body, &mut state.lock().unwrap());
    let _gone = stream.write_all(reply.as_bytes()).await;
}

fn reply(key: &str, body: &Value, state: &mut State) -> String {
    let items = body["input"].as_array().into_iter().flatten();
    let makers = items.filter_map(|item| item["encrypted_content"].as_str());
    let makers: Vec<String> = makers.map(str::to_owned).collect();
    state.seen.push((key.to_owned(), makers.clone()));
    if state.limited.as_deref() == Some(key) {
        let error = json!({"error": {"type": "usage_limit_reached", "resets_in_seconds": 3_600}});
        return message(
            "429 Too Many Requests",
            "application/json",
            &error.to_string(),
        );
    }
    if makers.iter().any(|maker| maker != key) {
        let error = json!({"error": {"code": "invalid_encrypted_content", "message": "not mine"}});
        return message("400 Bad Request", "application/json", &error.to_string());
    }
    let id = format!("resp_{}", state.seen.len());
    let reasoning =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": key});
    let said = json!({
        "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "hm"}],
    });
    let window =
        json!({"used_percent": 25.0, "window_minutes": 300, "reset_at": 4_000_000_000_u64});
    let events = [
        json!({"type": "response.created", "response": {"id": id}}),
        json!({"type": "codex.rate_limits", "rate_limits": {"primary": window}}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": reasoning}),
        json!({"type": "response.output_text.delta", "delta": "hm"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": said}),
        json!({"type": "response.completed", "response": {"id": id, "output": [reasoning, said]}}),
    ];
    let events = events.map(|event| format!("data: {event}\n\n")).concat();
    message("200 OK", "text/event-stream", &events)
}

fn message(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}
