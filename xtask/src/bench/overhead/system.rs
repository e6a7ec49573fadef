//! Who is asked: the backend itself, and what stands between it and the driver, each a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use alipes_simulator::Lean;
use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::clock;
use super::question::{Dialect, Question};
use crate::interop::{Alipes, Cache, KEY};
use crate::process::{Server, without_proxy};

/// What our server calls the backend: by the dialect in which it asks it, and by WebSocket.
const RESPONSES: &str = "lean";
const CHAT: &str = "chat";
const SOCKET: &str = "socket";

/// Somebody who answers.
#[derive(Debug)]
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    names: Names,
    /// What it wants to be told beside the request.
    pub(super) headers: Vec<(&'static str, String)>,
    server: Option<Server>,
}

/// How a system wants models to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// As the backend does.
    Own,
    /// With its provider's name before it.
    OfProviders,
}

/// The backend, on a thread of its own for as long as this lives.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    /// What the pieces of paced answers count from.
    pub(super) begun: Instant,
    _end: oneshot::Sender<()>,
}

impl System {
    /// The backend itself.
    pub(super) fn direct(backend: &Backend) -> Self {
        Self {
            name: "direct",
            address: backend.address,
            names: Names::Own,
            headers: Vec::new(),
            server: None,
        }
    }

    /// A bare pass-through.
    pub(super) fn bare(backend: &Backend) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("pass-through").arg(backend.address.to_string());
        Self::started("bare hyper", Names::Own, &mut command)
    }

    /// `alipes serve`, configured in `home`.
    pub(super) fn serve(alipes: &Alipes, backend: &Backend, home: &TempDir) -> Result<Self> {
        configure(home.path(), backend.address)?;
        let mut command = alipes.command(home.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        Self::started("alipes serve", Names::OfProviders, &mut command)
    }

    /// LiteLLM's proxy, one worker, with these models.
    pub(super) fn litellm(backend: &Backend, cache: &Cache, models: &[String]) -> Result<Self> {
        let mut command = Command::new(cache.litellm()?);
        without_proxy(&mut command)
            .arg(cache.script("litellm_proxy.py"))
            .args([&format!("http://{}/v1", backend.address), KEY])
            .args(models);
        Self::started("LiteLLM", Names::Own, &mut command)
    }

    /// Portkey's gateway, told in headers where to ask.
    pub(super) fn portkey(backend: &Backend, cache: &Cache) -> Result<Self> {
        let mut command = Command::new("node");
        without_proxy(&mut command).arg(cache.portkey()?);
        let started = Self::started("Portkey", Names::Own, &mut command)?;
        let headers = vec![
            ("x-portkey-provider", "openai".to_owned()),
            (
                "x-portkey-custom-host",
                format!("http://{}/v1", backend.address),
            ),
        ];
        Ok(Self { headers, ..started })
    }

    fn started(name: &'static str, names: Names, command: &mut Command) -> Result<Self> {
        let server = Server::start(command)?;
        let address = server.url().strip_prefix("http://");
        let address = address.and_then(|rest| rest.split('/').next());
        let address = address.context("a server without an address")?.parse()?;
        Ok(Self {
            name,
            address,
            names,
            headers: Vec::new(),
            server: Some(server),
        })
    }

    /// Its process, if it is one of its own.
    pub(super) fn process(&self) -> Option<u32> {
        self.server.as_ref().map(Server::id)
    }

    /// The model that a question asks for, as this system calls it.
    pub(super) fn model(&self, question: &Question) -> String {
        let provider = match question.dialect {
            _ if question.over_socket => SOCKET,
            Dialect::Responses => RESPONSES,
            Dialect::Chat => CHAT,
        };
        match self.names {
            Names::Own => question.model(),
            Names::OfProviders => format!("{provider}/{}", question.model()),
        }
    }
}

impl Backend {
    pub(super) fn start() -> Result<Self> {
        let (started, starting) = std::sync::mpsc::channel();
        let (end, ends) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let lean = Lean::start(clock()).await;
                let known = lean.as_ref().map(|lean| (lean.local_addr(), lean.begun()));
                let _gone = started.send(known.map_err(ToString::to_string));
                let _ended = ends.await;
            });
        });
        let known = starting.recv().context("the backend did not start")?;
        let (address, begun) = known.map_err(anyhow::Error::msg)?;
        Ok(Self {
            address,
            begun,
            _end: end,
        })
    }
}

/// A provider for each way to the backend, and room for every connection of the bench.
fn configure(home: &Path, backend: SocketAddr) -> Result<()> {
    let provider = |name: &str, dialect: &str, route: &str| {
        format!(
            "[providers.{name}]\nbase_url = \"http://{backend}/v1\"\nprofile = \"openai-compatible\"\n\
             dialect = \"{dialect}\"\nroutes = [\"{route}\"]\n\
             api_key = {{ env = \"ALIPES_API_KEY\" }}\nendpoint = {{ concurrency = 4000 }}\n\n"
        )
    };
    let text = [
        provider(RESPONSES, "responses", "sse"),
        provider(CHAT, "chat", "sse"),
        provider(SOCKET, "responses", "websocket"),
        "[serve]\nconnections = 4000\n\n".to_owned(),
        "[serve.keys.bench]\nkey = { env = \"ALIPES_API_KEY\" }\n".to_owned(),
    ];
    std::fs::write(home.join("config.toml"), text.concat())?;
    Ok(())
}
