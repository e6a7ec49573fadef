//! Our client against servers of strangers: each peer by each route, a turn with one tool call.
//!
//! The tool's result holds a marker that only the temporary folder knows, so an answer with the marker proves the
//! whole way: request, tool call, tool, second request, answer. What the peer saw is checked by `witness`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::report::{Report, with_words_of};
use super::witness::Testimony;
use super::{Alipes, Cache, TURN_LIMIT, certificate};
use crate::process::{self, Server, without_proxy};

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
                    let turn = Turn::new(authority.clone())?;
                    with_words_of(&server, turn.run(alipes, &server, route))?;
                    Testimony::of(&server.end())?.check(route, peer.version(route))
                },
            );
        }
    }
    Ok(())
}

/// A folder with a marker in it, and what `exec` needs besides.
struct Turn {
    home: TempDir,
    folder: TempDir,
    marker: String,
    authority: PathBuf,
}

impl Turn {
    fn new(authority: PathBuf) -> Result<Self> {
        let (home, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let unique = home
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("unique");
        let marker = format!("marker-{}.txt", unique.trim_start_matches('.'));
        std::fs::write(folder.path().join(&marker), "")?;
        Ok(Self {
            home,
            folder,
            marker,
            authority,
        })
    }

    fn run(&self, alipes: &Alipes, server: &Server, route: Route) -> Result<()> {
        let mut command = alipes.command(self.home.path());
        command
            .args([
                "exec",
                "--base-url",
                server.url(),
                "--model",
                &format!("sim/{MODEL}"),
            ])
            .args(["--route", route.name(), "--timeout", "30s", "-C"])
            .arg(self.folder.path())
            .arg("which files are here?")
            .env("ALIPES_CA_FILE", &self.authority);
        let ended = process::run(&mut command, TURN_LIMIT)?.succeeded("alipes exec")?;
        ensure!(
            ended.stdout.contains(&self.marker),
            "the answer does not hold the tool's result {}; alipes said:\n{}",
            self.marker,
            ended.said()
        );
        Ok(())
    }
}
