//! A model that says what a test tells it to: a small server for Responses over SSE, one request to a
//! connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The requests that came in, as text, oldest first.
type Requests = Arc<Mutex<Vec<String>>>;

/// A running script.
pub(crate) struct Script {
    pub(crate) base_url: String,
    requests: Requests,
    /// What a conversation is made shorter to; where there is nothing that is refused.
    pub(crate) compacted: Arc<Mutex<Option<Value>>>,
    /// Whether whoever asks for that waits in vain.
    pub(crate) is_silent: Arc<AtomicBool>,
    /// No answer begins while somebody holds it.
    pub(crate) turnstile: Arc<tokio::sync::Mutex<()>>,
    _server: JoinSet<()>,
}

impl Script {
    /// Answers request number `n`, counted from 0, with the events that `answer(n)` gives.
    pub(crate) async fn start(
        mut answer: impl FnMut(usize) -> Vec<String> + Send + 'static,
    ) -> Self {
        Self::reading(move |number, _request| answer(number)).await
    }

    /// The same by what the request says, too.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server to be tested against, on loopback"
    )]
    pub(crate) async fn reading(
        mut answer: impl FnMut(usize, &str) -> Vec<String> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Requests::default();
        let seen = Arc::clone(&requests);
        let compacted: Arc<Mutex<Option<Value>>> = Arc::default();
        let shorter = Arc::clone(&compacted);
        let is_silent: Arc<AtomicBool> = Arc::default();
        let silent = Arc::clone(&is_silent);
        let turnstile: Arc<tokio::sync::Mutex<()>> = Arc::default();
        let gate = Arc::clone(&turnstile);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut unanswered = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (path, body) = read_request(&mut stream).await;
                if path.ends_with("/compact") {
                    seen.lock().unwrap().push(body);
                    if silent.load(Ordering::SeqCst) {
                        unanswered.push(stream);
                        continue;
                    }
                    let answer = shorter.lock().unwrap().clone();
                    write_json(&mut stream, answer).await;
                    continue;
                }
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(body.clone());
                    seen.len() - 1
                };
                drop(gate.lock().await);
                write_events(&mut stream, &answer(number, &body)).await;
            }
        });
        Self {
            base_url: format!("http://{address}/v1"),
            requests,
            compacted,
            is_silent,
            turnstile,
            _server: server,
        }
    }

    /// Answers with these in turn, and with the last one for ever.
    pub(crate) async fn of(answers: &[Vec<String>]) -> Self {
        let answers = answers.to_vec();
        Self::start(move |number| answers[number.min(answers.len() - 1)].clone()).await
    }

    /// How many requests came in.
    pub(crate) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Request number `n`, byte for byte.
    pub(crate) fn request(&self, number: usize) -> String {
        self.requests.lock().unwrap()[number].clone()
    }

    /// The tool outputs in request number `n`, as `(call_id, output)`.
    pub(crate) fn outputs(&self, number: usize) -> Vec<(String, String)> {
        let request: Value = serde_json::from_str(&self.request(number)).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let input = request["input"].as_array().unwrap().iter();
        input
            .filter(|item| item["type"] == "function_call_output")
            .map(|item| (text(&item["call_id"]), text(&item["output"])))
            .collect()
    }
}

/// A response that completes these items.
pub(crate) fn response(items: &[Value]) -> Vec<String> {
    let texts: Vec<String> = items.iter().map(Value::to_string).collect();
    response_of(&texts, json!({}))
}

/// The same for items that are already text, with more fields of the response.
pub(crate) fn response_of(items: &[String], more: Value) -> Vec<String> {
    let mut events =
        vec![json!({"type": "response.created", "response": {"id": "resp"}}).to_string()];
    events.extend(
        items
            .iter()
            .map(|item| format!(r#"{{"type":"response.output_item.done","item":{item}}}"#)),
    );
    let mut ended = json!({"id": "resp", "status": "completed", "output": null});
    for (name, value) in more.as_object().into_iter().flatten() {
        ended[name] = value.clone();
    }
    events.push(json!({"type": "response.completed", "response": ended}).to_string());
    events
}

/// The assistant says something.
pub(crate) fn says(text: &str) -> Value {
    json!({
        "type": "message", "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    })
}

/// The assistant calls a tool, with arguments as it wrote them.
pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
}

async fn read_request(stream: &mut TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut first = String::new();
    reader.read_line(&mut first).await.unwrap();
    let path = first
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    (path, String::from_utf8(body).unwrap())
}

async fn write_json(stream: &mut TcpStream, answer: Option<Value>) {
    let (status, body) = match answer {
        Some(answer) => ("200 OK", answer.to_string()),
        None => ("404 Not Found", json!({"detail": "Not Found"}).to_string()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn write_events(stream: &mut TcpStream, events: &[String]) {
    let mut answer = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
    );
    for event in events {
        answer.push_str(&format!("data: {event}\n\n"));
    }
    // A client that was cancelled has gone, and that is its right.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}
