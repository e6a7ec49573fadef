//! A server that gives every request the same answer, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A list of models as most servers give it.
pub(crate) const MODELS: &str = r#"{"object":"list","data":[{"id":"one"},{"id":"two"}]}"#;

/// Listens until it is dropped.
pub(crate) struct Listener {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Listener {
    /// A model of the Chat Completions dialect that goes through these answers, and stays with the last.
    #[expect(clippy::disallowed_methods, reason = "tests need servers")]
    pub(crate) async fn scripted(deltas: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut answers = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                let length = head.lines().find_map(|line| {
                    let length = line.strip_prefix("content-length: ")?;
                    length.parse().ok()
                });
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = stream.read_exact(&mut body).await;
                let is_turn = head.starts_with("post ");
                remembered.lock().unwrap().push(head);
                let delta = &deltas[answers.min(deltas.len() - 1)];
                answers += usize::from(is_turn);
                let _ = stream.write_all(chunks(delta).as_bytes()).await;
            }
        });
        Self {
            base_url,
            seen,
            _serving: serving,
        }
    }

    /// Answers with this status line, such as `200 OK`, and this body; with nothing at all if the
    /// status is empty.
    #[expect(clippy::disallowed_methods, reason = "tests need servers")]
    pub(crate) async fn answering(status: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = if status.is_empty() {
            String::new()
        } else {
            answer
        };
        let remembered = Arc::clone(&seen);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                remembered.lock().unwrap().push(head);
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    silent.push(stream);
                }
            }
        });
        Self {
            base_url,
            seen,
            _serving: serving,
        }
    }

    /// The heads of the requests so far, in lower case.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A whole answer as events.
fn chunks(delta: &Value) -> String {
    let reason = match delta.get("tool_calls") {
        Some(_) => "tool_calls",
        None => "stop",
    };
    let chunk = |delta: &Value, reason: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
        let chunk = json!({
            "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice],
        });
        format!("data: {chunk}\n\n")
    };
    let (said, end) = (chunk(delta, Value::Null), chunk(&json!({}), json!(reason)));
    let body = format!("{said}{end}data: [DONE]\n\n");
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_closed) => break,
        }
    }
    String::from_utf8_lossy(&head).to_lowercase()
}
