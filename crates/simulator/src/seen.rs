//! What the simulator has seen, for whoever tests a client: the last thousand requests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

/// Most requests remembered.
const REQUESTS: usize = 1_000;

/// Most bytes of bodies remembered; older requests are forgotten first.
const BYTES: usize = 64 << 20;

/// By which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST …/responses`, `…/chat/completions` or `…/messages`, streamed or not.
    Sse,
    /// `GET …/responses` with an upgrade, and each frame on the socket.
    WebSocket,
    /// `GET …/models`.
    Models,
    /// The page on which a browser signs in.
    Authorize,
    /// Tokens are asked for or taken back.
    Token,
    /// Everything about a sign-in by device code.
    Device,
    /// What the backend says of an account.
    Account,
    /// Everything else, and connections that a fault ended before a request.
    Other,
}

impl Route {
    /// The word for flags and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
            Self::Models => "models",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Device => "device",
            Self::Account => "account",
            Self::Other => "other",
        }
    }

    /// Whether a request has to carry a key.
    pub(crate) fn needs_key(self) -> bool {
        match self {
            Self::Sse | Self::WebSocket | Self::Models | Self::Account => true,
            Self::Authorize | Self::Token | Self::Device | Self::Other => false,
        }
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it came, counted from the simulator's start.
    pub after: Duration,
    /// By which way it came.
    pub route: Route,
    /// The number of its connection, counted from 1 since the start.
    pub connection: u64,
    /// `HTTP/1.1` or `HTTP/2`.
    pub version: &'static str,
    /// The HTTP method; `FRAME` for a frame on a WebSocket; empty if no request was read.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers in the order they came; none for a frame.
    pub headers: Vec<(String, String)>,
    /// Bytes of its body or frame, without content encoding.
    pub bytes: usize,
    /// The body or frame, where it was JSON.
    pub body: Option<Value>,
    /// The fault that struck it.
    pub fault: Option<&'static str>,
}

impl Seen {
    /// A connection that a fault ended before a request could be read.
    pub(crate) fn unread(connection: u64, fault: &'static str) -> Self {
        Self {
            after: Duration::ZERO,
            route: Route::Other,
            connection,
            version: "",
            method: String::new(),
            path: String::new(),
            headers: Vec::new(),
            bytes: 0,
            body: None,
            fault: Some(fault),
        }
    }

    /// The same without headers and body.
    pub(crate) fn outline(&self) -> Self {
        Self {
            method: self.method.clone(),
            path: self.path.clone(),
            headers: Vec::new(),
            body: None,
            ..*self
        }
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

/// The bounded list.
#[derive(Debug, Default)]
pub(crate) struct SeenLog(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    list: VecDeque<Seen>,
    bytes: usize,
}

impl SeenLog {
    pub(crate) fn push(&self, seen: Seen) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.bytes += seen.bytes;
        entries.list.push_back(seen);
        while entries.list.len() > REQUESTS || entries.bytes > BYTES {
            let Some(oldest) = entries.list.pop_front() else {
                break;
            };
            entries.bytes -= oldest.bytes;
        }
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.list.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(connection: u64, bytes: usize) -> Seen {
        Seen {
            bytes,
            ..Seen::unread(connection, "connection-reset")
        }
    }

    #[test]
    fn only_the_last_thousand_and_64_mib_are_remembered() {
        let log = SeenLog::default();
        (0..1_100).for_each(|connection| log.push(seen(connection, 0)));
        let all = log.all();
        assert_eq!((all.len(), all[0].connection), (1_000, 100));
        log.push(seen(1, BYTES - 1));
        log.push(seen(2, 2));
        assert_eq!(log.all().len(), 1);
    }
}
