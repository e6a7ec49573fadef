//! A server that gives every request the same answer, and remembers what it was asked.

use std::sync::{Arc, Mutex};

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
