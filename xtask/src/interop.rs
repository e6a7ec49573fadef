//! `cargo xtask interop`: the built program against programs that share no line with it.
//!
//! Our client and our simulator are written by the same hands; without a stranger on the other side they could be
//! wrong together. So real clients (Codex CLI, OpenAI SDK) talk to our simulator, and our client talks to foreign
//! servers, and over wires that go dead without a word, and a real browser signs in. All on loopback; every wait has a
//! limit; what is installed lies in `interop/.cache`.

mod app_server;
mod cache;
mod certificate;
mod codex;
mod har;
mod hermes;
mod issuer;
mod litellm;
mod llamacpp;
mod login;
mod namespaces;
mod peers;
mod person;
mod prometheus;
mod relay;
mod report;
mod running;
mod sdk;
mod serve;
mod traces;
mod turn;
mod wires;
mod witness;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use self::report::Report;
use crate::process::{Server, without_proxy};
use crate::workspace::{self, Profile};

pub(crate) use self::cache::Cache;
pub(crate) use self::codex::Codex;
pub(crate) use self::hermes::Hermes;
pub(crate) use self::relay::Relay;

/// A turn on loopback takes a second or two; a sleepy machine gets a minute.
const TURN_LIMIT: Duration = Duration::from_secs(60);

/// A key that opens nothing.
pub(crate) const KEY: &str = "sk-interop-dummy";

/// What to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Everything that is quick
    All,
    /// The Codex CLI against our simulator, and our client over its app server
    Codex,
    /// The OpenAI SDK for Python against our simulator
    Sdk,
    /// Our client against foreign servers
    Peers,
    /// The HAR of calls, judged by har-validator
    Har,
    /// Our traces before a receiver of OpenTelemetry; not part of `all`, it is a build with the feature `traces`
    Traces,
    /// Our client over wires that go dead
    Wires,
    /// Signing in with a real browser
    Login,
    /// Debian's Prometheus scrapes `alipes serve`; not part of `all`, it is loaded from Debian
    Prometheus,
    /// Our client through LiteLLM's proxy; not part of `all`, it installs 750 MB
    Litellm,
    /// Our client against a llama.cpp server; not part of `all`, it is compiled
    Llamacpp,
    /// The Open Responses specification, asked of `alipes serve`
    #[value(name = "openresponses")]
    OpenResponses,
    /// What the standards of WebSocket ask of `alipes serve`, asked by python's autobahn
    WebsocketServer,
    /// What real clients show when `alipes serve` refuses them; part of `serve`
    Refusals,
    /// Real clients through faults, alone and behind `alipes serve`; `all` has a short part of it, the rest installs 800 MB
    Serve,
}

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to try.
    #[arg(value_enum, default_value_t = Part::All)]
    part: Part,
    /// The build to try.
    #[arg(long, value_enum, default_value_t = Profile::Dev)]
    profile: Profile,
    /// Only clients and faults whose name contains one of these (`serve`, `refusals`).
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with = "write")]
    only: Vec<String>,
    /// Put the table between the markers in README.md (`serve`).
    #[arg(long)]
    write: bool,
}

impl Arguments {
    /// A part with a release build.
    pub(crate) fn of(part: Part, write: bool) -> Self {
        Self {
            part,
            profile: Profile::Release,
            only: Vec::new(),
            write,
        }
    }
}

/// The program under test.
#[derive(Debug)]
pub(crate) struct Alipes {
    pub(crate) binary: PathBuf,
}

impl Alipes {
    /// As it ships: what benches measure.
    pub(crate) fn released() -> Result<Self> {
        Ok(Self {
            binary: workspace::build(Profile::Release)?,
        })
    }

    /// A command of it that knows neither this machine's proxy nor its user's configuration.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        without_proxy(&mut command)
            .env("ALIPES_HOME", home)
            .env("ALIPES_API_KEY", KEY);
        command
    }

    /// Its simulator, ready.
    pub(crate) fn simulate(&self, home: &Path) -> Result<Server> {
        self.simulate_with(home, [])
    }

    /// The same with options.
    pub(crate) fn simulate_with<'o>(
        &self,
        home: &Path,
        options: impl IntoIterator<Item = &'o str>,
    ) -> Result<Server> {
        let mut command = self.command(home);
        command.args(["simulate", "--listen", "127.0.0.1:0"]);
        Server::start(command.args(options))
    }
}

/// Runs the checks; whether all passed.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let part = arguments.part;
    let features: &[&str] = match part {
        Part::Traces => &["traces"],
        _ => &[],
    };
    let alipes = Alipes {
        binary: workspace::build_with(arguments.profile, features)?,
    };
    let mut report = Report::default();
    if matches!(part, Part::All | Part::Wires) {
        wires::check(&mut report, &alipes);
    }
    if part == Part::Traces {
        traces::check(&mut report, &alipes, &Cache::as_it_is()?)?;
        return Ok(report.finish());
    }
    if part == Part::Wires {
        return Ok(report.finish());
    }
    if part == Part::Prometheus {
        prometheus::check(&mut report, &alipes, &Cache::as_it_is()?);
        return Ok(report.finish());
    }
    let cache = Cache::open()?;
    if matches!(part, Part::All | Part::Codex) {
        codex::check(&mut report, &alipes, &cache)?;
        app_server::check(&mut report, &alipes, &cache)?;
    }
    if matches!(part, Part::All | Part::Sdk) {
        sdk::check(&mut report, &alipes, &cache)?;
    }
    if matches!(part, Part::All | Part::Peers) {
        peers::check(&mut report, &alipes, &cache)?;
    }
    if matches!(part, Part::All | Part::Har) {
        har::check(&mut report, &alipes, &cache)?;
    }
    if matches!(part, Part::All | Part::Login) {
        login::check(&mut report, &alipes, &cache);
    }
    if matches!(part, Part::All | Part::OpenResponses) {
        serve::check_open_responses(&mut report, &alipes, &cache);
    }
    if matches!(part, Part::All | Part::WebsocketServer) {
        serve::check_websocket_server(&mut report, &alipes, &cache);
    }
    if part == Part::All {
        serve::check_some(&mut report, &alipes, &cache)?;
    }
    if part == Part::Refusals {
        serve::check_refusals(&mut report, &alipes, &cache, arguments)?;
    }
    if part == Part::Serve {
        serve::check(&mut report, &alipes, &cache, arguments)?;
    }
    if part == Part::Litellm {
        litellm::check(&mut report, &alipes, &cache)?;
    }
    if part == Part::Llamacpp {
        llamacpp::check(&mut report, &alipes, &cache)?;
    }
    Ok(report.finish())
}
