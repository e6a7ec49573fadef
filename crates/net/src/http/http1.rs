//! HTTP/1.1 on one connection: one request at a time.
//!
//! Whoever waits for something from the connection moves its bytes. With a task behind it every piece
//! of an answer would wait for that task's turn and its reader's, one after the other; so what came
//! together is read together.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::HOST;
use http::response::Parts;
use http::uri::PathAndQuery;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;

use super::client::{header, request};
use super::{Call, MAX_HEADERS};
use crate::dialer::Connection;
use crate::error::Failure;
use crate::facts::ConnectionFacts;
use crate::target::Target;

/// A connection whose answer has just been read needs a moment to notice. One that takes longer
/// is still uploading a request that was answered early: not worth waiting for.
const SETTLE: Duration = Duration::from_millis(100);

pub(super) struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    work: Work,
    facts: Box<ConnectionFacts>,
}

/// What moves a connection's bytes; nothing once the connection has ended.
struct Work(Option<BoxFuture<'static, ()>>);

impl Http1 {
    pub(super) async fn open(connection: Connection) -> Result<Self, Failure> {
        let io = TokioIo::new(connection.stream);
        let (sender, conn) = Builder::new()
            .max_header_size(MAX_HEADERS)
            .handshake(io)
            .await?;
        let work = Box::pin(async move {
            // Whoever waits for an answer gets this error too.
            let _ = conn.await;
        });
        Ok(Self {
            sender,
            work: Work(Some(work)),
            facts: Box::new(connection.facts),
        })
    }

    /// Writes the request and waits for the answer's head.
    pub(super) async fn ask(
        &mut self,
        mut call: Call,
        target: &Target,
        path: PathAndQuery,
    ) -> Result<(Parts, Incoming), Failure> {
        call.headers.insert(HOST, header(&target.authority())?);
        let body = Full::new(call.body.clone());
        let request = request(call, path.into(), body);
        let Self { sender, work, .. } = self;
        let mut answer = pin!(sender.send_request(request));
        let answer = poll_fn(|cx| work.poll(cx, |cx| answer.as_mut().poll(cx))).await?;
        Ok(answer.into_parts())
    }

    /// What `wanted` gives of an answer's body, with the connection's bytes moving.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.work.poll(cx, wanted)
    }

    /// Whether the next request can go out now.
    pub(super) async fn is_usable(&mut self) -> bool {
        let Self { sender, work, .. } = self;
        let ready = poll_fn(|cx| work.poll(cx, |cx| sender.poll_ready(cx)));
        matches!(tokio::time::timeout(SETTLE, ready).await, Ok(Ok(())))
    }

    /// Whether the connection has ended, as far as that can be seen now.
    pub(super) fn is_closed(&mut self) -> bool {
        // Nobody has looked while it waited for its next request.
        self.work.advance(&mut Context::from_waker(Waker::noop()));
        self.work.has_ended() || self.sender.is_closed() || self.facts.traffic.is_broken()
    }

    pub(super) fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }
}

impl Work {
    /// What `wanted` gives. Only the bytes that are moved here can bring it, so it need not wake
    /// anybody itself.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut unheard = Context::from_waker(Waker::noop());
        if let Poll::Ready(there) = wanted(&mut unheard) {
            return Poll::Ready(there);
        }
        self.advance(cx);
        match self.has_ended() {
            true => wanted(cx),
            false => wanted(&mut unheard),
        }
    }

    /// Moves what can be moved now.
    fn advance(&mut self, cx: &mut Context<'_>) {
        if let Some(work) = &mut self.0
            && work.as_mut().poll(cx).is_ready()
        {
            self.0 = None;
        }
    }

    fn has_ended(&self) -> bool {
        self.0.is_none()
    }
}
