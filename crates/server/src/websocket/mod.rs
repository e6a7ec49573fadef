//! `GET /v1/responses` upgraded: a socket that takes one request after the other (codex-protocol §2;
//! OpenAI docs, "WebSocket mode"; Open Responses, changelog of 2026-04-24).
//!
//! The way of each request is that of `POST /v1/responses`. What is the socket's own is its memory: a
//! request may name a response of this very socket and send only what is new. What goes to the provider
//! is whole again, so any provider can go on from it, and what may be left out on that way is for the
//! transport to know.

mod error_frame;
mod history;
mod reading;
mod session;

use std::sync::Arc;

use alipes_net::websocket::{self, HandshakeError};
use alipes_wire::Dialect;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::header::SEC_WEBSOCKET_VERSION;
use http::{HeaderValue, StatusCode, Version};
use http_body::Body as _;
use hyper_util::rt::TokioIo;

use crate::door::Admission;
use crate::handover::Handover;
use crate::refusal::Refusal;
use crate::server::Shared;
use session::Session;

/// What all open sockets together remember of their conversations, in KiB.
pub(crate) const REMEMBERED: usize = 256 << 10;

/// Answers `GET /v1/responses`.
pub(crate) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    Extension(handover): Extension<Handover>,
    mut request: Request,
) -> Response {
    let acceptance =
        match can_be_upgraded(&request).and_then(|()| websocket::accept(request.headers(), true)) {
            Ok(acceptance) => acceptance,
            Err(error) => return refused(&error),
        };
    let upgrade = hyper::upgrade::on(&mut request);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = acceptance.response_headers.clone();
    response.headers_mut().extend(headers);
    // Its requests are counted, not its socket.
    let Admission {
        client,
        key,
        call_id,
        ..
    } = admission;
    handover.put(Box::pin(async move {
        if let Ok(upgraded) = upgrade.await {
            let largest = shared.serving.load().largest_body();
            let (io, room) = (TokioIo::new(upgraded), shared.room.permits());
            let socket = websocket::serve_within(io, acceptance, largest, room);
            let session = Session::new(socket, shared, (client, key), call_id);
            session.run().await;
        }
    }));
    response
}

/// Whether what comes behind the head can be frames: HTTP/1.0 knows no upgrade (RFC 9110, section 7.8), and
/// whoever is in front of us may have taken a body for something else than we do.
fn can_be_upgraded(request: &Request) -> Result<(), HandshakeError> {
    let is_bare = request.body().is_end_stream();
    match request.version() >= Version::HTTP_11 && is_bare {
        true => Ok(()),
        false => Err(HandshakeError::NotAnUpgrade),
    }
}

fn refused(error: &HandshakeError) -> Response {
    let why = format!("this takes a POST, or a WebSocket's upgrade: {error}");
    let refused =
        |status| Refusal::new(status, "invalid_request", why).response(Dialect::Responses);
    if *error != HandshakeError::WrongVersion {
        return refused(StatusCode::BAD_REQUEST);
    }
    let mut response = refused(StatusCode::UPGRADE_REQUIRED);
    // The version that would do (RFC 6455, section 4.4).
    let version = HeaderValue::from_static("13");
    response
        .headers_mut()
        .insert(SEC_WEBSOCKET_VERSION, version);
    response
}
