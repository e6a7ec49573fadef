//! Turns over WebSocket: from `response.create` to the last event.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::websocket::{self, Message, Socket, Upgrade};
use alipes_net::{Dialer, DialerOptions, Limits, SystemSockets, Tls, TlsOptions};
use anyhow::{Result, bail, ensure};
use http::{HeaderMap, HeaderValue, header};
use tokio::task::JoinSet;
use url::Url;

use super::clock;
use super::load::Load;
use super::question::{Dialect, Question};
use super::samples::Samples;
use super::system::System;
use crate::interop::KEY;

/// An upgrade on loopback takes some ms.
const UPGRADE: Duration = Duration::from_secs(20);

/// So many sockets, each asking again as soon as it was answered.
pub(super) async fn turns(
    system: &System,
    question: &Question,
    sockets: usize,
    length: Duration,
) -> Result<Load> {
    let mut tasks = JoinSet::new();
    for number in 0..sockets {
        let mut socket = open(system).await?;
        let frame = question.frame(system, number);
        let pieces = question.pieces;
        tasks.spawn(async move {
            let begun = clock().now();
            let mut times = Samples::default();
            while clock().since(begun) < length {
                let asked = clock().now();
                let came = turn(&mut *socket, &frame).await?;
                ensure!(came == pieces, "of {pieces} pieces {came} came");
                times.push(clock().since(asked));
            }
            anyhow::Ok(times)
        });
    }
    let mut load = Load {
        took: length,
        ..Load::default()
    };
    while let Some(times) = tasks.join_next().await {
        load.first.join(times??);
    }
    Ok(load)
}

/// Asks, and reads to the end of the answer; how many pieces of text it had.
async fn turn(socket: &mut dyn Socket, frame: &str) -> Result<usize> {
    socket.send_text(frame.to_owned()).await?;
    let mut pieces = 0;
    loop {
        let Message::Text(event) = socket.next().await? else {
            bail!("a socket was closed in the middle of a turn");
        };
        let event = str::from_utf8(&event)?;
        pieces += usize::from(Dialect::Responses.piece(event).is_some());
        if Dialect::Responses.is_end(event) {
            return Ok(pieces);
        }
        ensure!(
            !event.contains("\"type\":\"error\""),
            "an error came: {event}"
        );
    }
}

async fn open(system: &System) -> Result<Box<dyn Socket>> {
    let dialer = Dialer::new(DialerOptions {
        sockets: Arc::new(SystemSockets::default()),
        tls: Tls::new(TlsOptions::default())?,
        limits: Limits::default(),
        clock: clock(),
    });
    let bearer = HeaderValue::from_str(&format!("Bearer {KEY}"))?;
    let upgrade = Upgrade {
        headers: HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]),
        compression: false,
        ..Upgrade::new(Url::parse(&format!(
            "ws://{}/v1/responses",
            system.address
        ))?)
    };
    let deadline = Deadline::after(&clock(), "upgrade", UPGRADE);
    let upgraded = websocket::connect(&dialer, upgrade, deadline).await?;
    Ok(upgraded.socket)
}
