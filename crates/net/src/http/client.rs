//! Sends calls: picks the connection, writes the request once, waits for the answer's head.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use http::uri::PathAndQuery;
use url::Url;

use super::body::Body;
use super::exchange::{Exchange, Waits};
use super::http1::Http1;
use super::http2::Http2;
use super::in_flight::InFlight;
use super::pool::{Key, Link, Pool};
use super::progress::{Progress, UploadScore};
use super::{Call, CallOptions, Response};
use crate::dialer::{Alpn, DialWatch, Dialer};
use crate::error::{ErrorFacts, Failure, NetError, NetErrorKind};
use crate::facts::{ConnectionFacts, Protocol};
use crate::phase::Phase;
use crate::sockets::SocketOptions;
use crate::target::{Target, bad_url};

/// After so long a connection that was opened ahead of its call is believed to stand.
const STANDS: Duration = Duration::from_millis(100);

/// An HTTP client with its own pool. Cheap to clone; clones share the pool, and the idle
/// connections in it close when the last clone is dropped.
#[derive(Clone)]
pub struct HttpClient {
    dialer: Dialer,
    clock: Clock,
    pool: Arc<Pool>,
    alpn: Alpn,
}

impl HttpClient {
    /// A client with an empty pool.
    #[must_use]
    pub fn new(dialer: Dialer, clock: Clock) -> Self {
        Self {
            dialer,
            pool: Arc::new(Pool::new(clock.clone())),
            alpn: Alpn::Http2OrHttp1,
            clock,
        }
    }

    /// The same client, asking this of the operating system for the connections it opens. Shares
    /// the pool, and no connection that was opened with other options.
    #[must_use]
    pub fn with_socket_options(&self, socket: SocketOptions) -> Self {
        Self {
            dialer: self.dialer.with_socket_options(socket),
            ..self.clone()
        }
    }

    /// The same client with a dialer that tells `watch` of each phase as it begins.
    #[must_use]
    pub fn watched(&self, watch: DialWatch) -> Self {
        Self {
            dialer: self.dialer.watched(watch),
            ..self.clone()
        }
    }

    /// The same client with a dialer that tells nobody.
    #[must_use]
    pub fn unwatched(&self) -> Self {
        Self {
            dialer: self.dialer.unwatched(),
            ..self.clone()
        }
    }

    /// A client with a pool of its own that speaks HTTP/1.1 alone.
    #[must_use]
    pub fn http1_only(&self) -> Self {
        Self {
            alpn: Alpn::Http1,
            ..Self::new(self.dialer.clone(), self.clock.clone())
        }
    }

    /// Sends `call` once and returns as soon as the answer's headers are here. Dropping the
    /// future withdraws the request.
    ///
    /// # Errors
    /// Those of [`Dialer::dial`] if a connection is opened; else [`NetError`] in phase `send` or
    /// `headers`, with `reused` and `written` telling what became of the request.
    pub async fn send(&self, call: Call, deadline: Deadline) -> Result<Response, NetError> {
        let waiting = self.start(call, CallOptions::default(), deadline).await?;
        waiting.await
    }

    /// The first half of [`send`](Self::send): returns as soon as there is a connection for
    /// `call`. The other half is the returned future, with errors in phase `send` or `headers`.
    ///
    /// # Errors
    /// Those of [`Dialer::dial`] if a connection is opened.
    pub async fn start(
        &self,
        call: Call,
        options: CallOptions,
        deadline: Deadline,
    ) -> Result<InFlight, NetError> {
        let target = Target::from_url(&call.url)?;
        let path = path(&call)?;
        let key = Key::new(&target, &call.partition, &self.dialer);
        let (link, facts) = match self.pooled(&key, call.fresh).await {
            Some(found) => found,
            // Apart, because it is large and most calls need none of it.
            None => Box::pin(self.open(&key, deadline)).await?,
        };
        let traffic = facts.traffic.clone();
        let progress = Progress::begin(self.clock.now(), traffic, call.body.len());
        let exchange = Exchange {
            clock: self.clock.clone(),
            target,
            facts,
            progress,
            waits: Waits {
                deadline,
                send: self.dialer.limits().send,
                headers: options.headers_limit,
            },
        };
        Ok(match link {
            Link::Http1(link) => {
                let home = (Arc::downgrade(&self.pool), key);
                over_http1(exchange, link, home, call, path)
            }
            Link::Http2(link) => over_http2(exchange, link, call, path),
        })
    }

    /// Opens a connection for a call to come, and keeps it if it still stands a moment later: a
    /// server, or something on the way, that resets what it accepts does so at once.
    ///
    /// # Errors
    /// Those of [`Dialer::dial`]; [`Closed`](NetErrorKind::Closed) in phase `connect` if it did
    /// not stand.
    pub async fn connect_ahead(
        &self,
        url: &Url,
        partition: &str,
        deadline: Deadline,
    ) -> Result<(), NetError> {
        let target = Target::from_url(url)?;
        let key = Key::new(&target, partition, &self.dialer);
        let (mut link, facts) = self.open(&key, deadline).await?;
        tokio::time::sleep(STANDS).await;
        if link.is_closed() {
            let known = ErrorFacts {
                target: Some(target),
                ..ErrorFacts::default()
            };
            return Err(Failure::new(NetErrorKind::Closed).at(Phase::Connect, known.on(&facts)));
        }
        if let Link::Http1(link) = link {
            self.pool.put_back(key, link);
        }
        Ok(())
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
        let connection = self.dialer.dial(key.target(), self.alpn, deadline).await?;
        let facts = connection.facts.clone();
        let opened = match facts.protocol {
            Protocol::Http1 => Http1::open(connection).await.map(Link::Http1),
            Protocol::Http2 => {
                let (dialer, target) = (self.dialer.clone(), key.target().clone());
                let on_calm = move || dialer.memory().learn_calm(&target);
                let opened = Http2::open(connection, &self.clock, on_calm).await;
                opened.map(|link| {
                    let link = Arc::new(link);
                    self.pool.share(key, &link);
                    Link::Http2(link)
                })
            }
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

fn over_http1(
    exchange: Exchange,
    mut link: Http1,
    home: (Weak<Pool>, Key),
    call: Call,
    path: PathAndQuery,
) -> InFlight {
    InFlight {
        facts: exchange.facts.clone(),
        progress: exchange.progress.clone(),
        pinger: None,
        answer: Box::pin(async move {
            let asked = link.ask(call, &exchange.target, path);
            let (head, incoming) = exchange.wait(asked).await?;
            let progress = exchange.progress.clone();
            let (pool, key) = home;
            let home = (link, pool, key);
            let body = Body::http1(incoming, home, progress, exchange.error_facts());
            Ok(response(head, exchange.answered(), body))
        }),
    }
}

fn over_http2(exchange: Exchange, link: Arc<Http2>, call: Call, path: PathAndQuery) -> InFlight {
    let score = UploadScore::new(&exchange.clock, call.body.len());
    let progress = exchange.progress.scored_by(score.clone());
    let exchange = Exchange {
        progress: progress.clone(),
        ..exchange
    };
    InFlight {
        facts: exchange.facts.clone(),
        progress: progress.clone(),
        pinger: link.pinger(),
        answer: Box::pin(async move {
            let asked = link.ask(call, &exchange.target, path, score);
            let (head, incoming, upload) = exchange.wait(asked).await?;
            let body = Body::http2(incoming, upload, link, progress, exchange.error_facts());
            Ok(response(head, exchange.answered(), body))
        }),
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
