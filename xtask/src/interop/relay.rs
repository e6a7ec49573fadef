//! A relay between a client and a server that notes which HTTP requests passed and how they were answered.
//!
//! The Codex CLI falls back from WebSocket to SSE without a word; only what passed on the wire shows which it used.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

/// Lines kept; a turn has a handful.
const MOST_LINES: usize = 1_000;

/// A running relay. Its threads end with their connections, the one that accepts with the process.
#[derive(Debug)]
pub(super) struct Relay {
    url: String,
    lines: Lines,
}

/// First lines of requests and answers, in the order they passed.
type Lines = Arc<Mutex<Vec<String>>>;

impl Relay {
    /// Listens on loopback and passes everything on to `server`, a URL such as `http://127.0.0.1:4711/v1`.
    pub(super) fn start(server: &str) -> Result<Self> {
        let (host, path) = server
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .with_context(|| format!("`{server}` is no plain HTTP base URL"))?;
        let target: SocketAddr = host
            .parse()
            .with_context(|| format!("`{host}` is no address with a port"))?;
        let listener = listen()?;
        let url = format!("http://{}/{path}", listener.local_addr()?);
        let lines = Lines::default();
        let noted = Arc::clone(&lines);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that cannot be passed on is dropped: the client sees it closed.
                let _ = connect(client, target, &noted);
            }
        });
        Ok(Self { url, lines })
    }

    /// The base URL to give to the client.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether a line that starts so has passed.
    pub(super) fn saw(&self, start: &str) -> bool {
        self.lines().iter().any(|line| line.starts_with(start))
    }

    /// All lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn connect(client: TcpStream, target: SocketAddr, lines: &Lines) -> Result<()> {
    let server = dial(target)?;
    let (client_out, server_out) = (client.try_clone()?, server.try_clone()?);
    let (requests, answers) = (Arc::clone(lines), Arc::clone(lines));
    std::thread::spawn(move || pass(client, server_out, &requests));
    std::thread::spawn(move || pass(server, client_out, &answers));
    Ok(())
}

/// Copies until either side ends, noting chunks that begin like a message of HTTP/1.1.
fn pass(mut from: TcpStream, mut to: TcpStream, lines: &Lines) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let Some(chunk) = buffer.get(..read) else {
            break;
        };
        if let Some(line) = first_line(chunk) {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MOST_LINES {
                lines.push(line);
            }
        }
        if to.write_all(chunk).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn first_line(chunk: &[u8]) -> Option<String> {
    let starts: [&[u8]; 3] = [b"GET ", b"POST ", b"HTTP/1.1 "];
    if !starts.iter().any(|start| chunk.starts_with(start)) {
        return None;
    }
    let line: Vec<u8> = chunk
        .iter()
        .copied()
        .take_while(|byte| *byte != b'\r')
        .take(200)
        .collect();
    Some(String::from_utf8_lossy(&line).into_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the relay stands between two programs under test"
)]
fn listen() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0")?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the relay stands between two programs under test"
)]
fn dial(target: SocketAddr) -> Result<TcpStream> {
    Ok(TcpStream::connect(target)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_arrives_and_is_noted() {
        let listener = listen().unwrap();
        let server = std::thread::spawn({
            let listener = listener.try_clone().unwrap();
            move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = [0; 18];
                stream.read_exact(&mut head).unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            }
        });
        let relay = Relay::start(&format!("http://{}/v1", listener.local_addr().unwrap())).unwrap();
        let address: SocketAddr = relay
            .url()
            .trim_start_matches("http://")
            .trim_end_matches("/v1")
            .parse()
            .unwrap();
        let mut client = dial(address).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        server.join().unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(relay.lines(), ["GET / HTTP/1.1", "HTTP/1.1 200 OK"]);
        assert!(relay.saw("GET / "));
    }
}
