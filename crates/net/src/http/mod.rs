//! HTTP requests on connections that can be named.
//!
//! A [`Call`] goes out once, on a pooled or a new connection, and its [`Response`] says on which.
//! HTTP/1.1 is hyper's connection API, HTTP/2 is the `h2` crate; the pool around them is ours.

mod body;
mod client;
mod evidence;
mod exchange;
mod go_away;
mod http1;
mod http2;
mod in_flight;
mod pinger;
mod pool;
mod progress;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

pub use body::Body;
pub use client::HttpClient;
pub(crate) use evidence::beginning;
pub use in_flight::InFlight;
pub use pinger::Pinger;

use crate::facts::ConnectionFacts;

/// The longest list of headers that an answer may have.
pub(crate) const MAX_HEADERS: usize = 64 * 1024;

/// A request. `host` and `content-length` are set by this room, everything else by the caller.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where to; `http` or `https`.
    pub url: Url,
    /// The headers, sent as they are.
    pub headers: HeaderMap,
    /// The body, sent as it is.
    pub body: Bytes,
    /// Connections are shared only within one partition: an account and its credential's
    /// generation, say.
    pub partition: String,
    /// Whether to open a new TCP connection whatever the pool holds.
    pub fresh: bool,
}

/// How patient to be with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// How long the answer's headers may take, counted from the moment the whole request was
    /// handed to the operating system, and the limit's name; no limit but the caller's deadline
    /// if absent.
    pub headers_limit: Option<(&'static str, Duration)>,
}

/// An answer's head, and its body still to be read.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The connection it came on, with this request's timings.
    pub facts: ConnectionFacts,
    /// The body.
    pub body: Body,
}
