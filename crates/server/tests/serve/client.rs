//! A client that says exactly what it is told to, byte by byte, and reads what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A hang is a failure; nothing here takes this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// An answer as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of the error in it.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        json["error"]["code"].as_str().unwrap_or("none").to_owned()
    }

    /// The data of its server-sent events.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// The text that its events show, delta by delta.
    pub(crate) fn text(&self) -> String {
        let events = self.events();
        let deltas = events
            .iter()
            .filter(|event| event["type"] == "response.output_text.delta");
        deltas
            .map(|event| event["delta"].as_str().unwrap())
            .collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bytes on this socket are the test"
)]
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// A request with these headers.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text
}

/// Sends `bytes` on a connection of its own, and reads the answer.
pub(crate) async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Reply {
    let mut stream = connect(address).await;
    // A server may answer before it has read everything.
    let _ = stream.write_all(bytes.as_ref()).await;
    read(&mut stream).await
}

/// Reads one answer to its end.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Reply {
    let mut bytes = Vec::new();
    tokio::time::timeout(LIMIT, async {
        while !is_whole(&bytes) {
            let mut piece = [0; 16 << 10];
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(length) => bytes.extend_from_slice(&piece[..length]),
            }
        }
    })
    .await
    .expect("an answer within the limit");
    parse(&bytes).unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&bytes)))
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(reply) = parse(bytes) else {
        return false;
    };
    match reply.header("content-length") {
        Some(length) => reply.body.len() >= length.parse::<usize>().unwrap(),
        None => bytes.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// What is there of an answer, once its head is.
pub(crate) fn parse(bytes: &[u8]) -> Option<Reply> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = &bytes[at + 4..];
    let body = match chunked {
        true => dechunked(body),
        false => body.to_vec(),
    };
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(Reply {
        status,
        headers,
        body,
    })
}

fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = bytes.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&bytes[..at]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let rest = &bytes[at + 2..];
        if length == 0 || rest.len() < length + 2 {
            body.extend_from_slice(&rest[..length.min(rest.len())]);
            break;
        }
        body.extend_from_slice(&rest[..length]);
        bytes = &rest[length + 2..];
    }
    body
}
