//! Opens a WebSocket: one HTTP/1.1 request on a connection of its own.
//!
//! In two halves for those who treat a slow dial and a slow upgrade differently: what comes before
//! the upgrade, any other request to that host would meet with just the same.

use alipes_base::Deadline;
use bytes::Bytes;
use http::header::{HOST, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use url::Url;

use super::extensions::Deflate;
use super::socket::{Side, open};
use super::{HandshakeError, Upgrade, Upgraded, handshake};
use crate::dialer::{Alpn, Connection, Dialer};
use crate::driver::Driver;
use crate::error::{ErrorFacts, Failure, NetError, NetErrorKind};
use crate::http::{MAX_HEADERS, beginning};
use crate::phase::Phase;
use crate::sockets::BoxStream;
use crate::target::Target;
use crate::trip::Trip;

/// Dials and upgrades.
///
/// # Errors
/// Those of [`dial`] and of [`upgrade`].
pub async fn connect(
    dialer: &Dialer,
    ask: Upgrade,
    deadline: Deadline,
) -> Result<Upgraded, NetError> {
    let connection = dial(dialer, &ask.url, deadline).await?;
    upgrade(dialer, connection, ask, deadline).await
}

/// Opens a connection that can be upgraded.
///
/// # Errors
/// Those of [`Dialer::dial`].
pub async fn dial(dialer: &Dialer, url: &Url, deadline: Deadline) -> Result<Connection, NetError> {
    let target = Target::from_url(url)?;
    dialer.dial(&target, Alpn::Http1, deadline).await
}

/// Upgrades a connection.
///
/// # Errors
/// In phase `upgrade` [`UpgradeRefused`](NetErrorKind::UpgradeRefused) with the server's answer, or
/// [`Protocol`](NetErrorKind::Protocol) with a [`HandshakeError`] as its source.
pub async fn upgrade(
    dialer: &Dialer,
    connection: Connection,
    upgrade: Upgrade,
    deadline: Deadline,
) -> Result<Upgraded, NetError> {
    let target = Target::from_url(&upgrade.url)?;
    let Connection { stream, mut facts } = connection;
    let limits = dialer.limits();
    let known = ErrorFacts {
        target: Some(target.clone()),
        ..ErrorFacts::default()
    };
    let mut trip = Trip::new(dialer, deadline, known.clone()).connected(&facts);

    let max_message = upgrade.max_message;
    let negotiating = negotiate(stream, upgrade, &target);
    let granted = trip
        .phase(Phase::Upgrade, limits.upgrade, negotiating)
        .await?;

    facts.timings = trip.timings();
    let side = Side::Client {
        facts: Box::new(known.on(&facts)),
        traffic: facts.traffic.clone(),
        limits: limits.clone(),
    };
    Ok(Upgraded {
        compressed: granted.deflate.is_some(),
        socket: open(granted.io, side, granted.deflate, max_message),
        headers: granted.headers,
        facts,
    })
}

struct Granted {
    io: TokioIo<hyper::upgrade::Upgraded>,
    headers: HeaderMap,
    deflate: Option<Deflate>,
}

async fn negotiate(
    stream: BoxStream,
    upgrade: Upgrade,
    target: &Target,
) -> Result<Granted, Failure> {
    let compression = upgrade.compression;
    let asked_protocol = upgrade.headers.contains_key(SEC_WEBSOCKET_PROTOCOL);
    let key = handshake::key()
        .map_err(|_no_entropy| Failure::from(rustls::Error::FailedToGetRandomBytes))?;
    let request = request(upgrade, target, &key)?;

    let io = TokioIo::new(stream);
    let (mut sender, conn) = Builder::new()
        .max_header_size(MAX_HEADERS)
        .handshake(io)
        .await?;
    let _driver = Driver::new(async move {
        // Whoever waits for the answer gets this error too.
        let _ = conn.with_upgrades().await;
    });
    let answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(answer).await);
    }
    let headers = answer.headers().clone();
    let deflate = handshake::check_answer(&headers, &key, compression, asked_protocol)
        .map_err(broken_handshake)?;
    // Frames that came with the answer are in here as well.
    let io = TokioIo::new(hyper::upgrade::on(answer).await?);
    Ok(Granted {
        io,
        headers,
        deflate,
    })
}

fn request(
    upgrade: Upgrade,
    target: &Target,
    key: &str,
) -> Result<http::Request<Empty<Bytes>>, Failure> {
    let bad_header = |error| Failure::new(NetErrorKind::BadUrl).caused_by(error);
    let path = &upgrade.url[url::Position::BeforePath..url::Position::AfterQuery];
    let uri = Uri::try_from(path);
    let mut request = http::Request::new(Empty::new());
    *request.uri_mut() =
        uri.map_err(|error| Failure::new(NetErrorKind::BadUrl).caused_by(error))?;
    let mut headers = upgrade.headers;
    handshake::ask(&mut headers, key, upgrade.compression).map_err(bad_header)?;
    headers.insert(
        HOST,
        HeaderValue::from_str(&target.authority()).map_err(bad_header)?,
    );
    *request.headers_mut() = headers;
    Ok(request)
}

/// The server's own answer, kept as evidence.
async fn refusal(answer: http::Response<Incoming>) -> Failure {
    let (head, incoming) = answer.into_parts();
    Failure::new(NetErrorKind::UpgradeRefused {
        status: head.status,
        headers: Box::new(head.headers),
        body: beginning(incoming).await,
    })
}

fn broken_handshake(error: HandshakeError) -> Failure {
    Failure::new(NetErrorKind::Protocol).caused_by(error)
}
