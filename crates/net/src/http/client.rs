//! Sends calls: picks the connection, writes the request once, waits for the answer's head.

use std::fmt;
use std::sync::Arc;

use alipes_base::{Clock, Deadline};
use http::uri::PathAndQuery;

use super::body::Body;
use super::exchange::Exchange;
use super::http1::Http1;
use super::http2::Http2;
use super::pool::{Key, Link, Pool};
use super::{Call, Response};
use crate::dialer::{Alpn, Dialer};
use crate::error::{ErrorFacts, Failure, NetError, NetErrorKind};
use crate::facts::{ConnectionFacts, Protocol};
use crate::phase::Phase;
use crate::target::{Target, bad_url};

/// An HTTP client with its own pool. Cheap to clone; clones share the pool, and the idle
/// connections in it close when the last clone is dropped.
#[derive(Clone)]
pub struct HttpClient {
    dialer: Dialer,
    clock: Clock,
    pool: Arc<Pool>,
}

impl HttpClient {
    /// A client with an empty pool.
    #[must_use]
    pub fn new(dialer: Dialer, clock: Clock) -> Self {
        Self {
            dialer,
            pool: Arc::new(Pool::new(clock.clone())),
            clock,
        }
    }

    /// Sends `call` once and returns as soon as the answer's headers are here. Dropping the
    /// future withdraws the request.
    ///
    /// # Errors
    /// Those of [`Dialer::dial`] if a connection is opened; else [`NetError`] in phase `send` or
    /// `headers`, with `reused` and `written` telling what became of the request.
    pub async fn send(&self, call: Call, deadline: Deadline) -> Result<Response, NetError> {
        let target = Target::from_url(&call.url)?;
        let path = path(&call)?;
        let key = Key::new(target.clone(), call.partition.clone());
        let (link, facts) = match self.pooled(&key, call.fresh).await {
            Some(found) => found,
            None => self.open(&key, deadline).await?,
        };
        let clock = self.clock.clone();
        let exchange = Exchange::begin(clock, target.clone(), facts, call.body.len());
        match link {
            Link::Http1(mut link) => {
                let asked = link.ask(call, &target, path);
                let (head, incoming) = exchange.wait(deadline, asked).await?;
                let home = (link, Arc::downgrade(&self.pool), key);
                let body = Body::http1(incoming, home, exchange.error_facts());
                Ok(response(head, exchange.answered(), body))
            }
            Link::Http2(link) => {
                let asked = link.ask(call, &target, path);
                let (head, incoming, upload) = exchange.wait(deadline, asked).await?;
                let body = Body::http2(incoming, upload, link, exchange.error_facts());
                Ok(response(head, exchange.answered(), body))
            }
        }
    }

    async fn pooled(&self, key: &Key, fresh: bool) -> Option<(Link, ConnectionFacts)> {
        if fresh {
            return None;
        }
        let link = self.pool.take(key).await?;
        let facts = link.facts().again();
        Some((link, facts))
    }

    async fn open(
        &self,
        key: &Key,
        deadline: Deadline,
    ) -> Result<(Link, ConnectionFacts), NetError> {
        let connection = self
            .dialer
            .dial(key.target(), Alpn::Http2OrHttp1, deadline)
            .await?;
        let facts = connection.facts.clone();
        let opened = match facts.protocol {
            Protocol::Http1 => Http1::open(connection).await.map(Link::Http1),
            Protocol::Http2 => Http2::open(connection).await.map(|link| {
                let link = Arc::new(link);
                self.pool.share(key, &link);
                Link::Http2(link)
            }),
        };
        let link = opened.map_err(|failure: Failure| {
            let target = Some(key.target().clone());
            let known = ErrorFacts {
                target,
                ..ErrorFacts::default()
            };
            failure.at(Phase::Send, known.on(&facts))
        })?;
        Ok((link, facts))
    }
}

/// The request's path and query, as the wire wants them.
fn path(call: &Call) -> Result<PathAndQuery, NetError> {
    let text = &call.url[url::Position::BeforePath..url::Position::AfterQuery];
    PathAndQuery::try_from(text).map_err(|_invalid| bad_url())
}

/// A request in the form of either HTTP version: `uri` differs.
pub(super) fn request<B>(call: Call, uri: http::Uri, body: B) -> http::Request<B> {
    let mut request = http::Request::new(body);
    *request.method_mut() = call.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = call.headers;
    request
}

/// A header value that we made ourselves.
pub(super) fn header(text: &str) -> Result<http::HeaderValue, Failure> {
    http::HeaderValue::from_str(text)
        .map_err(|invalid| Failure::new(NetErrorKind::BadUrl).caused_by(invalid))
}

fn response(head: http::response::Parts, facts: ConnectionFacts, body: Body) -> Response {
    Response {
        status: head.status,
        headers: head.headers,
        facts,
        body,
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("dialer", &self.dialer)
            .finish_non_exhaustive()
    }
}
