//! HTTP/2 on one connection: many requests at a time.
//!
//! The body goes up beside the wait for the answer, because a server may answer first; what is
//! left of it then goes up beside the reading of the answer.

use std::pin::pin;
use std::task::{Context, Poll};

use alipes_base::Clock;
use bytes::Bytes;
use futures_util::future::poll_fn;
use h2::client::{Builder, SendRequest};
use h2::{RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, HOST};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Uri};

use super::client::{header, request};
use super::go_away::CalmWatch;
use super::pinger::Pinger;
use super::progress::UploadScore;
use super::{Call, MAX_HEADERS};
use crate::dialer::Connection;
use crate::driver::Driver;
use crate::error::{ErrorFacts, Failure, NetErrorKind};
use crate::facts::ConnectionFacts;
use crate::target::Target;

/// How much of one answer may arrive unread.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// How much of all answers together may arrive unread.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// How much of an answer's headers h2 reads. More than we take, so that we see how much too much it
/// is: h2 itself refuses it by the name of a broken protocol.
const HEADERS_READ: u32 = 1024 * 1024;
/// How much upload to ask room for at a time.
const UPLOAD_STEP: usize = 64 * 1024;

pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    driver: Driver,
    pinger: Option<Pinger>,
    facts: ConnectionFacts,
}

impl Http2 {
    /// `on_calm` hears that the server has closed the connection because it was asked for too much
    /// beside the requests: pings, as far as we are concerned.
    pub(super) async fn open(
        connection: Connection,
        clock: &Clock,
        on_calm: impl FnOnce() + Send + Unpin + 'static,
    ) -> Result<Self, Failure> {
        let (sender, mut conn) = Builder::new()
            .enable_push(false)
            .max_header_list_size(HEADERS_READ)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(UPLOAD_STEP)
            .handshake(CalmWatch::new(connection.stream, on_calm))
            .await?;
        let known = ErrorFacts::default().on(&connection.facts);
        let pinger = conn
            .ping_pong()
            .map(|pings| Pinger::new(pings, clock.clone(), known));
        let driver = Driver::new(async move {
            // Every stream gets this error too.
            let _ = conn.await;
        });
        Ok(Self {
            sender,
            driver,
            pinger,
            facts: connection.facts,
        })
    }

    /// Writes the request and waits for the answer's head.
    pub(super) async fn ask(
        &self,
        mut call: Call,
        target: &Target,
        path: PathAndQuery,
        score: UploadScore,
    ) -> Result<(Parts, RecvStream, Upload), Failure> {
        call.headers.remove(HOST);
        if !call.body.is_empty() {
            call.headers
                .insert(CONTENT_LENGTH, header(&call.body.len().to_string())?);
        }
        let body = call.body.clone();
        let request = request(call, uri(target, path)?, ());

        let mut sender = self.sender.clone().ready().await?;
        let (answer, stream) = sender.send_request(request, body.is_empty())?;
        let mut upload = Upload {
            stream,
            rest: body,
            score,
        };
        let mut answer = pin!(answer);
        let answered = poll_fn(|cx| {
            upload.advance(cx);
            answer.as_mut().poll(cx)
        });
        let (head, incoming) = answered.await?.into_parts();
        if size(&head.headers) > MAX_HEADERS {
            return Err(Failure::new(NetErrorKind::TooLarge));
        }
        Ok((head, incoming, upload))
    }

    /// Whether the next request can go out now: not after a GOAWAY.
    pub(super) async fn is_usable(&self) -> bool {
        !self.is_closed() && self.sender.clone().ready().await.is_ok()
    }

    pub(super) fn pinger(&self) -> Option<Pinger> {
        self.pinger.clone()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.driver.is_finished() || self.facts.traffic.is_broken()
    }

    pub(super) fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }
}

/// What is still to be sent of a request's body.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    rest: Bytes,
    score: UploadScore,
}

impl Upload {
    /// Sends what the flow control has room for. An upload that fails stops in silence: the
    /// answer, or its error, says why.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) {
        while !self.rest.is_empty() {
            self.stream
                .reserve_capacity(self.rest.len().min(UPLOAD_STEP));
            match self.stream.poll_capacity(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(room))) => self.send(room),
                Poll::Ready(Some(Err(_)) | None) => self.give_up(),
            }
        }
    }

    fn send(&mut self, room: usize) {
        // h2 may wake us for room that another stream took meanwhile.
        if room == 0 {
            return;
        }
        let piece = self.rest.split_to(room.min(self.rest.len()));
        let sent = self.stream.send_data(piece, self.rest.is_empty());
        self.score.set_left(self.rest.len());
        if sent.is_err() {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.rest.clear();
        self.score.set_left(0);
    }
}

/// As RFC 9113, section 6.5.2, counts it, less what it adds for each.
fn size(headers: &HeaderMap) -> usize {
    let each = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    each.sum()
}

fn uri(target: &Target, path: PathAndQuery) -> Result<Uri, Failure> {
    let bad = || Failure::new(NetErrorKind::BadUrl);
    let authority = Authority::try_from(target.authority());
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if target.tls {
        Scheme::HTTPS
    } else {
        Scheme::HTTP
    });
    parts.authority = Some(authority.map_err(|invalid| bad().caused_by(invalid))?);
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|invalid| bad().caused_by(invalid))
}
