//! One persistent connection of the driver, and what is seen of an answer on it.

use std::net::SocketAddr;
use std::time::Duration;

use alipes_wire::{SseDecoder, SseItem, SseLimits};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::clock;
use super::question::Asked;

/// A connection, and the task that moves its bytes.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

/// What was seen of an answer.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// Until the first piece of text, or the whole where it is not streamed.
    pub(super) first: Duration,
    pub(super) whole: Duration,
    /// The pieces of text in their order, each with the moment at which it was there.
    pub(super) pieces: Vec<(String, Instant)>,
}

impl Connection {
    pub(super) async fn open(to: SocketAddr) -> Result<Self> {
        let stream = connect(to).await.context("the driver cannot connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Whoever waits for an answer gets the error too.
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            _driver: driver,
        })
    }

    /// Asks for a stream, and reads as far as its first piece of text. What comes after it waits.
    pub(super) async fn begin(&mut self, asked: &Asked) -> Result<Incoming> {
        self.sender.ready().await?;
        let response = self.sender.send_request(asked.request()).await?;
        let mut body = response.into_body();
        let mut reading = Reading::new(asked, clock().now());
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                reading.read(&bytes)?;
            }
            if !reading.answered.pieces.is_empty() {
                return Ok(body);
            }
        }
        bail!("{} began no answer: {}", asked.name, reading.beginning)
    }

    /// Asks, and reads the answer to its end.
    pub(super) async fn ask(&mut self, asked: &Asked) -> Result<Answered> {
        let request = asked.request();
        self.sender.ready().await?;
        let begun = clock().now();
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut reading = Reading::new(asked, begun);
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                reading.read(&bytes)?;
            }
        }
        if !status.is_success() {
            bail!("{} answered {status}: {}", asked.name, reading.beginning);
        }
        reading.end()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver of a bench, on loopback"
)]
async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    TcpStream::connect(to).await
}

/// An answer that is being read.
struct Reading<'q> {
    asked: &'q Asked,
    begun: Instant,
    decoder: SseDecoder,
    items: Vec<SseItem>,
    answered: Answered,
    beginning: String,
    has_ended: bool,
}

impl<'q> Reading<'q> {
    fn new(asked: &'q Asked, begun: Instant) -> Self {
        Self {
            asked,
            begun,
            decoder: SseDecoder::new(SseLimits::default()),
            items: Vec::new(),
            answered: Answered::default(),
            beginning: String::new(),
            has_ended: false,
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Result<()> {
        if self.beginning.is_empty() {
            let beginning = bytes.get(..500).unwrap_or(bytes);
            self.beginning = String::from_utf8_lossy(beginning).into_owned();
        }
        if !self.asked.streams {
            return Ok(());
        }
        self.decoder.push(bytes, &mut self.items)?;
        let now = clock().now();
        for item in self.items.drain(..) {
            let SseItem::Event { data, .. } = item else {
                continue;
            };
            if let Some(piece) = self.asked.dialect.piece(&data) {
                if self.answered.pieces.is_empty() {
                    self.answered.first = now.saturating_duration_since(self.begun);
                }
                self.answered.pieces.push((piece.to_owned(), now));
            }
            self.has_ended |= self.asked.dialect.is_end(&data);
        }
        Ok(())
    }

    fn end(mut self) -> Result<Answered> {
        self.answered.whole = clock().since(self.begun);
        if !self.asked.streams {
            self.answered.first = self.answered.whole;
            return Ok(self.answered);
        }
        ensure!(
            self.has_ended,
            "an answer stopped short: {}",
            self.beginning
        );
        let (came, all) = (self.answered.pieces.len(), self.asked.pieces);
        ensure!(came == all, "of {all} pieces {came} came");
        Ok(self.answered)
    }
}
