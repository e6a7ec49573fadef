//! A [`Socket`] over yawc: its events in our words, its errors as our kinds, its gaps closed.
//!
//! What yawc 0.5.0 does by itself, checked in its source: it answers pings and closes, but only
//! when it is polled and finds nothing to read; it inflates within its bound, which is exclusive;
//! reading keeps all state in the socket, so a read may be dropped at any point. What it leaves to
//! us: the rules of headers (`guard`), fragments and UTF-8 (`assembly`), a goodbye to who broke them,
//! sending answers while messages keep coming, bounding them, and the waiting for the other side's
//! goodbye.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use alipes_base::Expired;
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::future::{BoxFuture, poll_fn};
use tokio::io::{AsyncRead, AsyncWrite};
use yawc::close::CloseCode;
use yawc::streaming::Streaming;
use yawc::{CompressionLevel, Frame, OpCode, Options, Role, WebSocket, WebSocketError};

use super::assembly::Assembly;
use super::broken::Broken;
use super::extensions::Deflate;
use super::guard::{Guard, Verdict};
use super::headers::Headers;
use super::holding::Holding;
use super::{Message, Socket};
use crate::error::{ErrorFacts, Failure, NetError, NetErrorKind};
use crate::limits::Limits;
use crate::phase::Phase;
use crate::stream::Traffic;

/// The longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL: usize = 125;

/// Pings in a row whose answers could not be sent: more is a flood.
const UNANSWERED: usize = 64;

/// Which side of the connection this is.
pub(super) enum Side {
    Client {
        facts: Box<ErrorFacts>,
        traffic: Traffic,
        limits: Limits,
    },
    Server(Holding),
}

/// The socket on a connection whose upgrade is done.
pub(super) fn open<S>(
    io: S,
    side: Side,
    deflate: Option<Deflate>,
    max_message: usize,
) -> Box<dyn Socket>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut holding = Holding::default();
    let (role, facts, traffic, limits) = match side {
        Side::Client {
            facts,
            traffic,
            limits,
        } => (Role::Client, facts, Some(traffic), limits),
        Side::Server(own) => {
            holding = own;
            (Role::Server, Box::default(), None, Limits::default())
        }
    };
    let verdict = Verdict::default();
    let headers = Headers::new(role == Role::Server, deflate.is_some(), max_message as u64);
    let guarded = Guard::new(io, headers, verdict.clone(), holding.clone());
    Box::new(Yawc {
        inner: framing(guarded, role, deflate, max_message),
        verdict,
        holding,
        assembly: Assembly::new(max_message),
        facts,
        sent_before: 0,
        traffic,
        send_limit: limits.send,
        close_limit: limits.close,
        unanswered: 0,
        ended: false,
    })
}

#[expect(
    clippy::expect_used,
    reason = "yawc fails only if an extension is agreed on and its options are not set; both hang on `deflate`"
)]
fn framing<S>(io: S, role: Role, deflate: Option<Deflate>, max_message: usize) -> Streaming<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // yawc's bounds are exclusive.
    let bound = max_message.saturating_add(1);
    let mut options = Options::default().with_limits(bound, bound);
    if let Some(deflate) = deflate {
        options = options.with_compression_level(CompressionLevel::fast());
        if role == Role::Client && !deflate.client_may_deflate() {
            options = options.with_compression_threshold(usize::MAX);
        }
    }
    let agreement = deflate.map(|deflate| deflate.header());
    WebSocket::from_stream_with_extensions(io, role, agreement.as_deref(), options)
        .expect("options for what was agreed on")
        .into_streaming()
}

struct Yawc<S> {
    inner: Streaming<Guard<S>>,
    verdict: Verdict,
    holding: Holding,
    assembly: Assembly,
    facts: Box<ErrorFacts>,
    /// The connection's counters, where they are known, and where they stood before the last text.
    traffic: Option<Traffic>,
    sent_before: u64,
    send_limit: Duration,
    close_limit: Duration,
    unanswered: usize,
    /// The other side has said goodbye, or we failed.
    ended: bool,
}

impl<S> Yawc<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Failure>> {
        loop {
            let frame = match self.inner.poll_next_frame(cx) {
                Poll::Ready(Ok(frame)) => frame,
                Poll::Ready(Err(error)) => {
                    self.ended = true;
                    // The close frame that names the error is queued: give it its chance.
                    let _ = self.poll_answers(cx);
                    return Poll::Ready(Err(failure(error)));
                }
                Poll::Pending => match self.verdict.broken() {
                    Some(broken) if !self.ended => {
                        return Poll::Ready(Err(self.refuse(broken, cx)));
                    }
                    _ => return Poll::Pending,
                },
            };
            let (opcode, is_last, payload) = frame.into_parts();
            if opcode.is_control() {
                let _fits = self.holding.framed(self.assembly.unfinished());
                return Poll::Ready(self.control(opcode, payload, cx));
            }
            let pushed = self.assembly.push(opcode, is_last, payload);
            let fits = self.holding.framed(self.assembly.unfinished());
            match fits.and(pushed) {
                Ok(None) => {}
                Ok(Some((OpCode::Text, text))) => return Poll::Ready(Ok(Message::Text(text))),
                Ok(Some((_, bytes))) => return Poll::Ready(Ok(Message::Binary(bytes))),
                Err(broken) => return Poll::Ready(Err(self.refuse(broken, cx))),
            }
        }
    }

    /// What a control frame says; its answer is on its way.
    fn control(
        &mut self,
        opcode: OpCode,
        payload: Bytes,
        cx: &mut Context<'_>,
    ) -> Result<Message, Failure> {
        let message = match opcode {
            OpCode::Pong => return Ok(Message::Pong(payload)),
            OpCode::Close => {
                self.ended = true;
                goodbye(&payload)
            }
            _ => {
                self.unanswered += 1;
                Message::Ping(payload)
            }
        };
        let _ = self.poll_answers(cx);
        if self.unanswered > UNANSWERED {
            return Err(Failure::new(NetErrorKind::Protocol));
        }
        Ok(message)
    }

    /// Says goodbye to who has broken a rule, as far as that goes without waiting.
    fn refuse(&mut self, broken: Broken, cx: &mut Context<'_>) -> Failure {
        self.ended = true;
        self.verdict.pronounce(broken);
        // Nothing that comes is kept from now on.
        let _fits = self.holding.framed(0);
        if let Poll::Ready(Ok(())) = self.inner.poll_ready_unpin(cx) {
            let frame = Frame::close(broken.close_code(), broken.to_string());
            let _ = self.inner.start_send_unpin(frame);
            let _ = self.inner.poll_flush_unpin(cx);
        }
        let kind = match broken {
            Broken::TooLarge | Broken::NoRoom => NetErrorKind::TooLarge,
            Broken::Frame | Broken::NotText => NetErrorKind::Protocol,
        };
        Failure::new(kind).caused_by(broken)
    }

    /// Sends the answers that yawc has queued, as far as that goes without waiting. An error here
    /// is left to the next read or send.
    fn poll_answers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Ok(()) = ready!(self.inner.poll_ready_unpin(cx)) {
            self.unanswered = 0;
        }
        Poll::Ready(())
    }

    async fn send(&mut self, frame: Frame) -> Result<(), NetError> {
        let sending = self.inner.send(frame);
        let sent = match &self.traffic {
            Some(traffic) => traffic.while_moving(self.send_limit, sending).await,
            None => Ok(sending.await),
        };
        let sent = match sent {
            Ok(sent) => sent.map_err(failure),
            Err(expired) => Err(expired.into()),
        };
        sent.map_err(|failure| self.error(Phase::Send, failure))
    }

    /// Our goodbye, the other side's, and the end of the stream. Errors mean that the connection
    /// is gone, which is what was wanted.
    async fn part(&mut self, code: u16, reason: &str) {
        if !self.ended {
            let reason = &reason[..reason.floor_char_boundary(CONTROL - 2)];
            let frame = Frame::close(CloseCode::from(code), reason);
            let mut gone = self.inner.send(frame).await.is_err();
            while !gone {
                let next = self.inner.next_frame().await;
                gone = next.map_or(true, |frame| frame.opcode() == OpCode::Close);
            }
            self.ended = true;
        }
        let _ = self.inner.close().await;
        if self.verdict.broken().is_some() {
            // What still comes is forgotten (`guard`).
            while self.inner.next_frame().await.is_ok() {}
        }
    }

    fn error(&self, phase: Phase, failure: Failure) -> NetError {
        let traffic = self.traffic.as_ref();
        let written = traffic.is_none_or(|traffic| traffic.bytes_sent() > self.sent_before);
        failure.at(
            phase,
            ErrorFacts {
                written,
                ..ErrorFacts::clone(&self.facts)
            },
        )
    }
}

impl<S> Socket for Yawc<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn send_text(&mut self, text: String) -> BoxFuture<'_, Result<(), NetError>> {
        // What a ping leaves unwritten says nothing of a request before it.
        self.sent_before = self.traffic.as_ref().map_or(0, Traffic::bytes_sent);
        Box::pin(self.send(Frame::text(text)))
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Message, NetError>> {
        Box::pin(async move {
            let outcome = poll_fn(|cx| self.poll_message(cx)).await;
            outcome.map_err(|failure| self.error(Phase::Body, failure))
        })
    }

    fn ping(&mut self, mut payload: Vec<u8>) -> BoxFuture<'_, Result<(), NetError>> {
        payload.truncate(CONTROL);
        Box::pin(self.send(Frame::ping(payload)))
    }

    fn close<'a>(&'a mut self, code: u16, reason: &'a str) -> BoxFuture<'a, Result<(), NetError>> {
        let length = self.close_limit;
        Box::pin(async move {
            let parted = tokio::time::timeout(length, self.part(code, reason)).await;
            parted.map_err(|_elapsed| {
                let limit = Phase::Close.as_str();
                self.error(Phase::Close, Expired { limit, length }.into())
            })
        })
    }
}

/// A close frame's payload: a code and words, or nothing. yawc has checked both.
fn goodbye(payload: &Bytes) -> Message {
    match payload.split_first_chunk() {
        Some((code, reason)) => Message::Close {
            code: Some(u16::from_be_bytes(*code)),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        None => Message::Close {
            code: None,
            reason: String::new(),
        },
    }
}

fn failure(error: WebSocketError) -> Failure {
    match error {
        WebSocketError::IoError(error) if is_cut_frame(&error) => {
            Failure::new(NetErrorKind::Closed).caused_by(error)
        }
        WebSocketError::IoError(error) => error.into(),
        WebSocketError::ConnectionClosed => Failure::new(NetErrorKind::Closed),
        WebSocketError::FrameTooLarge => Failure::new(NetErrorKind::TooLarge),
        other => Failure::new(NetErrorKind::Protocol).caused_by(other),
    }
}

/// tokio-util reports the end of a stream in the middle of a frame as an error without an errno
/// or a kind; nothing else that reaches us looks like that.
fn is_cut_frame(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.raw_os_error().is_none()
}
