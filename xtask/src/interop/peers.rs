//! Our client against servers of strangers: each peer by each route, a turn with one tool call.
//!
//! What the peer saw is checked by `witness`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::report::{Report, with_words_of};
use super::turn::Turn;
use super::witness::Testimony;
use super::{Alipes, Cache, certificate};
use crate::process::{Server, without_proxy};

/// The model's name at the peer; `exec` puts the provider before it.
pub(super) const MODEL: &str = "peer-model";

/// A server that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// Python, aiohttp
    Aiohttp,
    /// Node's HTTP/1.1 server and `ws`
    Ws,
    /// Node's HTTP/2 server, TLS
    Http2,
}

/// A way to reach a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Sse,
    Websocket,
}

impl Peer {
    const ALL: [Self; 3] = [Self::Aiohttp, Self::Ws, Self::Http2];

    fn name(self) -> &'static str {
        match self {
            Self::Aiohttp => "aiohttp",
            Self::Ws => "node ws",
            Self::Http2 => "node http2 tls",
        }
    }

    /// The HTTP version that its requests have to come by; a WebSocket begins with HTTP/1.1.
    fn version(self, route: Route) -> &'static str {
        match (self, route) {
            (Self::Http2, Route::Sse) => "2.0",
            _ => "1.1",
        }
    }

    fn start(self, cache: &Cache, certificates: &Path) -> Result<Server> {
        let mut command = match self {
            Self::Aiohttp => Command::new(cache.python()),
            Self::Ws | Self::Http2 => Command::new("node"),
        };
        match self {
            Self::Aiohttp => command.arg(cache.script("peers/aiohttp_backend.py")),
            Self::Ws => command.arg(cache.script("peers/ws_backend.mjs")),
            Self::Http2 => command
                .arg(cache.script("peers/http2_backend.mjs"))
                .arg(certificates),
        };
        Server::start(without_proxy(&mut command))
    }
}

impl Route {
    const ALL: [Self; 2] = [Self::Sse, Self::Websocket];

    fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Websocket => "websocket",
        }
    }
}

/// Every peer by every route.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let certificates = tempfile::tempdir()?;
    let authority = certificate::write(certificates.path())?;
    for peer in Peer::ALL {
        for route in Route::ALL {
            report.check(
                &format!("{} {} tool turn", peer.name(), route.name()),
                || {
                    let server = peer.start(cache, certificates.path())?;
                    let turn = Turn::new()?.run(alipes, server.url(), |command| {
                        command
                            .args(["--model", &format!("sim/{MODEL}")])
                            .args(["--route", route.name(), "which files are here?"])
                            .env("ALIPES_CA_FILE", &authority);
                    });
                    with_words_of(&server, turn)?;
                    Testimony::of(&server.end())?.check(route, peer.version(route))
                },
            );
        }
    }
    Ok(())
}
