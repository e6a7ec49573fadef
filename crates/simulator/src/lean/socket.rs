//! The lean backend over WebSocket: one answer for each `response.create`, an event in a message.

use std::sync::Arc;

use alipes_net::websocket::{self, Acceptance, Message, Socket};
use alipes_wire::{Dialect, Relayed};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::plan::Plan;
use super::script::Play;
use super::{LARGEST, Shared};

/// A connection whose upgrade is being answered.
pub(super) struct Handover {
    upgrade: OnUpgrade,
    acceptance: Acceptance,
}

/// The answer to a request to upgrade, and what goes on behind it. Nothing is compressed.
pub(super) fn upgrade(request: &mut Request<Incoming>) -> (Response<Bytes>, Option<Handover>) {
    let mut response = Response::new(Bytes::new());
    let Ok(acceptance) = websocket::accept(request.headers(), false) else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return (response, None);
    };
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.extend(acceptance.response_headers.clone());
    let upgrade = hyper::upgrade::on(request);
    let handover = Handover {
        upgrade,
        acceptance,
    };
    (response, Some(handover))
}

impl Handover {
    /// Answers until either side ends it.
    pub(super) async fn run(self, shared: &Arc<Shared>) {
        let Ok(upgraded) = self.upgrade.await else {
            return;
        };
        let mut socket = websocket::serve(TokioIo::new(upgraded), self.acceptance, LARGEST);
        while let Ok(message) = socket.next().await {
            let answered = match message {
                Message::Text(words) => answer(&mut *socket, shared, words).await,
                Message::Close { .. } => None,
                _ => Some(()),
            };
            if answered.is_none() {
                return;
            }
        }
    }
}

/// Plays an answer; `None` if there is none, or nobody to hear it.
async fn answer(socket: &mut dyn Socket, shared: &Arc<Shared>, words: Bytes) -> Option<()> {
    let plan = Plan::of(&Relayed::parse(Dialect::Responses, words).ok()?)?;
    let mut play = Play::new(shared.scripts.script(plan), plan, shared);
    while let Some(event) = play.next().await {
        socket.send_text(event.data).await.ok()?;
    }
    Some(())
}
