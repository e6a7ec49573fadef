//! HTTP/1.1 on one connection: one request at a time.

use std::time::Duration;

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
use crate::driver::Driver;
use crate::error::Failure;
use crate::facts::ConnectionFacts;
use crate::target::Target;

/// A connection whose answer has just been read needs a moment to notice. One that takes longer
/// is still uploading a request that was answered early: not worth waiting for.
const SETTLE: Duration = Duration::from_millis(100);

pub(super) struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    facts: Box<ConnectionFacts>,
}

impl Http1 {
    pub(super) async fn open(connection: Connection) -> Result<Self, Failure> {
        let io = TokioIo::new(connection.stream);
        let (sender, conn) = Builder::new()
            .max_header_size(MAX_HEADERS)
            .handshake(io)
            .await?;
        let driver = Driver::new(async move {
            // Whoever waits for an answer gets this error too.
            let _ = conn.await;
        });
        Ok(Self {
            sender,
            driver,
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
        Ok(self.sender.send_request(request).await?.into_parts())
    }

    /// Whether the next request can go out now.
    pub(super) async fn is_usable(&mut self) -> bool {
        matches!(
            tokio::time::timeout(SETTLE, self.sender.ready()).await,
            Ok(Ok(()))
        )
    }

    pub(super) fn is_closed(&self) -> bool {
        self.driver.is_finished() || self.sender.is_closed() || self.facts.traffic.is_broken()
    }

    pub(super) fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }
}
