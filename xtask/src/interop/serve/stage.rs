//! What a client talks to: a simulated provider with trouble, or our server in front of it.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use super::super::Alipes;
use super::faults::{Fault, Way};
use crate::process::Server;

/// What every client asks for.
pub(super) const MODEL: &str = "sim-model";

/// Between two words, so that a client shows what came before a break.
const PACE: [&str; 2] = ["--pace", "2ms"];

/// The largest request that our server takes, in bytes; `interop/websocket/cases.py` knows it.
const LARGEST_BODY: usize = 1_000_000;

/// Whether a client is on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    Serve,
}

/// One provider, its reserve and our server; ended when dropped, the server first.
#[derive(Debug)]
pub(super) struct Stage {
    serve: Option<Server>,
    first: Server,
    _reserve: Option<Server>,
    home: TempDir,
}

impl Stage {
    /// A stage on which a fault strikes.
    pub(super) fn open(alipes: &Alipes, fault: &Fault, way: Way, behind: Behind) -> Result<Self> {
        let faults = (fault.on(way), fault.has_reserve);
        Self::build(alipes, faults, (way, "responses"), behind, |config| config)
    }

    /// Our server before a provider that speaks this dialect; nothing goes wrong.
    pub(super) fn healthy(alipes: &Alipes, dialect: &str) -> Result<Self> {
        Self::refusing(alipes, (None, dialect), |config| config)
    }

    /// Our server with another configuration, before one provider that speaks this dialect.
    pub(super) fn refusing(
        alipes: &Alipes,
        (fault, dialect): (Option<&str>, &str),
        change: impl FnOnce(String) -> String,
    ) -> Result<Self> {
        let (faults, speaks) = ((fault, false), (Way::Sse, dialect));
        Self::build(alipes, faults, speaks, Behind::Serve, change)
    }

    fn build(
        alipes: &Alipes,
        (fault, has_reserve): (Option<&str>, bool),
        speaks: (Way, &str),
        behind: Behind,
        change: impl FnOnce(String) -> String,
    ) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let simulate = |faults: Option<&str>| {
            let fault = faults.into_iter().flat_map(|fault| ["--fault", fault]);
            alipes.simulate_with(home.path(), PACE.into_iter().chain(fault))
        };
        let first = simulate(fault)?;
        let reserve = match (has_reserve, behind) {
            (true, Behind::Serve) => Some(simulate(None)?),
            _ => None,
        };
        let serve = match behind {
            Behind::Nothing => None,
            Behind::Serve => {
                let config = configuration(speaks, &first, reserve.as_ref());
                std::fs::write(home.path().join("config.toml"), change(config))?;
                let mut command = alipes.command(home.path());
                Some(Server::start(command.args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                ]))?)
            }
        };
        Ok(Self {
            serve,
            first,
            _reserve: reserve,
            home,
        })
    }

    /// The base URL for the client.
    pub(super) fn url(&self) -> &str {
        self.serve.as_ref().unwrap_or(&self.first).url()
    }

    /// The home of our server.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Asks our server to end.
    pub(super) fn stop(&self) {
        if let Some(serve) = &self.serve {
            serve.ask_to_end();
        }
    }

    /// The requests for answers that the first provider saw.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut lines = self.first.lines();
        lines.retain(|line| line.contains(" POST "));
        lines
    }

    /// What our server said, and what the first provider saw.
    pub(super) fn said(&self) -> String {
        let serve = self.serve.as_ref().map(Server::said).unwrap_or_default();
        format!("{serve}{}", self.first.said())
    }
}

/// The providers, the model's name, and the key that the clients have.
fn configuration((way, dialect): (Way, &str), first: &Server, reserve: Option<&Server>) -> String {
    // Over SSE alone, or the fault would strike a route that our server does not take.
    let routes = match way {
        Way::Sse => "[\"sse\"]",
        Way::WebSocket => "[\"websocket\", \"sse\"]",
    };
    let provider = |name: &str, server: &Server| {
        let url = server.url();
        format!(
            "[providers.{name}]\nbase_url = \"{url}\"\nprofile = \"openai-codex\"\n\
             dialect = \"{dialect}\"\nroutes = {routes}\n\
             api_key = {{ env = \"ALIPES_API_KEY\" }}\n\n"
        )
    };
    let mut text = provider("first", first);
    let mut models = format!("\"first/{MODEL}\"");
    if let Some(reserve) = reserve {
        text += &provider("reserve", reserve);
        models += &format!(", \"reserve/{MODEL}\"");
    }
    text += &format!("[serve.aliases.{MODEL}]\nmodels = [{models}]\n\n");
    text += &format!("[model]\ndefault = \"first/{MODEL}\"\n\n");
    text += "[serve.keys.interop]\nkey = { env = \"ALIPES_API_KEY\" }\n\n";
    // What is larger is tried, too; the clients send less.
    text + &format!("[serve]\nlargest_body = {LARGEST_BODY}\n")
}
