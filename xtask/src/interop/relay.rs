//! A relay between a client and a server that notes which HTTP requests passed, how they were answered, and how many
//! bytes the client sent.
//!
//! The Codex CLI falls back from WebSocket to SSE without a word; only what passed on the wire shows which it used.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

/// Lines kept; a turn has a handful.
const MOST_LINES: usize = 1_000;

/// A running relay. Its threads end with their connections, the one that accepts with the process.
#[derive(Debug)]
pub(crate) struct Relay {
    url: String,
    notes: Arc<Notes>,
}

/// What passed.
#[derive(Debug, Default)]
struct Notes {
    /// First lines of requests and answers, in the order they passed.
    lines: Mutex<Vec<String>>,
    /// Bytes from clients.
    sent: AtomicU64,
}

/// Which way bytes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl Relay {
    /// Listens on loopback and passes everything on to `server`, a URL such as `http://127.0.0.1:4711/v1`.
    pub(crate) fn start(server: &str) -> Result<Self> {
        Self::with(server, None)
    }

    /// The same, but the first connection freezes when so many bytes of answers have passed: it stays open, and
    /// nothing passes either way.
    pub(super) fn freezing(server: &str, after: u64) -> Result<Self> {
        Self::with(server, Some(after))
    }

    fn with(server: &str, mut first_freezes_after: Option<u64>) -> Result<Self> {
        let (host, path) = server
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .with_context(|| format!("`{server}` is no plain HTTP base URL"))?;
        let target: SocketAddr = host
            .parse()
            .with_context(|| format!("`{host}` is no address with a port"))?;
        let listener = listen()?;
        let url = format!("http://{}/{path}", listener.local_addr()?);
        let notes = Arc::<Notes>::default();
        let noted = Arc::clone(&notes);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let supply = Supply::of(first_freezes_after.take());
                // A connection that cannot be passed on is dropped: the client sees it closed.
                let _ = connect(client, target, &noted, supply);
            }
        });
        Ok(Self { url, notes })
    }

    /// The base URL to give to the client.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether a line that starts so has passed.
    pub(super) fn saw(&self, start: &str) -> bool {
        self.count(start) > 0
    }

    /// How many lines that start so have passed.
    pub(crate) fn count(&self, start: &str) -> usize {
        let lines = self.lines();
        lines.iter().filter(|line| line.starts_with(start)).count()
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.notes.lines.lock();
        lines.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes that clients have sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.notes.sent.load(Ordering::Relaxed)
    }
}

/// Bytes of answers that still pass on a connection. When none do, nothing does.
#[derive(Clone, Debug)]
struct Supply(Arc<AtomicU64>);

impl Supply {
    fn of(bytes: Option<u64>) -> Self {
        Self(Arc::new(AtomicU64::new(bytes.unwrap_or(u64::MAX))))
    }

    /// What passes of a chunk.
    fn pass<'c>(&self, way: Way, chunk: &'c [u8]) -> &'c [u8] {
        let left = self.0.load(Ordering::Relaxed);
        let room = usize::try_from(left).unwrap_or(usize::MAX);
        match way {
            Way::ToServer if left == 0 => &[],
            Way::ToServer => chunk,
            Way::ToClient => {
                let passes = chunk.get(..room).unwrap_or(chunk);
                let bytes = u64::try_from(passes.len()).unwrap_or(u64::MAX);
                self.0.fetch_sub(bytes, Ordering::Relaxed);
                passes
            }
        }
    }
}

fn connect(
    client: TcpStream,
    target: SocketAddr,
    notes: &Arc<Notes>,
    supply: Supply,
) -> Result<()> {
    let server = dial(target)?;
    // Small frames must not wait for each other here: that would add 40 ms to every step.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_out, server_out) = (client.try_clone()?, server.try_clone()?);
    let (requests, answers) = (Arc::clone(notes), Arc::clone(notes));
    let supplied = supply.clone();
    std::thread::spawn(move || pass(client, server_out, Way::ToServer, &requests, &supplied));
    std::thread::spawn(move || pass(server, client_out, Way::ToClient, &answers, &supply));
    Ok(())
}

/// Copies until either side ends, noting chunks that begin like a message of HTTP/1.1.
fn pass(mut from: TcpStream, mut to: TcpStream, way: Way, notes: &Notes, supply: &Supply) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let chunk = supply.pass(way, buffer.get(..read).unwrap_or_default());
        notes.note(way, chunk);
        if to.write_all(chunk).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

impl Notes {
    fn note(&self, way: Way, chunk: &[u8]) {
        if way == Way::ToServer {
            let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            self.sent.fetch_add(bytes, Ordering::Relaxed);
        }
        if let Some(line) = first_line(chunk) {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MOST_LINES {
                lines.push(line);
            }
        }
    }
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
    fn a_spent_supply_lets_nothing_pass_either_way() {
        let supply = Supply::of(Some(5));
        assert_eq!(supply.pass(Way::ToServer, b"question"), b"question");
        assert_eq!(supply.pass(Way::ToClient, b"ans"), b"ans");
        assert_eq!(supply.pass(Way::ToClient, b"wer"), b"we");
        assert_eq!(supply.pass(Way::ToClient, b"more"), b"");
        assert_eq!(supply.pass(Way::ToServer, b"question"), b"");
        assert_eq!(Supply::of(None).pass(Way::ToClient, b"all"), b"all");
    }

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
        assert_eq!(relay.sent(), 18);
    }
}
