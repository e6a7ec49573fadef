//! A server in front of simulators, with a home of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use alipes_base::{Clock, Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::Catalog;
use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
use alipes_server::{KeyFile, ServeSection, Server, ServerOptions, Serving, TlsFiles};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_transport::{Identity, Transport};

use crate::client::{Reply, request, send};

/// A running server and what it stands on.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) key: String,
    home: tempfile::TempDir,
    environment: Environment,
}

pub(crate) async fn simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

/// The providers `first` and, if there is one, `second` behind it, and whatever else is configured.
pub(crate) fn config(simulators: &[&Simulator], more: &str) -> String {
    let names = ["first", "second"];
    let mut text = String::new();
    for (name, simulator) in names.iter().zip(simulators) {
        let url = simulator.base_url();
        text.push_str(&format!("[providers.{name}]\nbase_url = \"{url}\"\n"));
    }
    text.push_str("[model]\ndefault = \"first/m\"\n");
    if simulators.len() > 1 {
        text.push_str("fallback = [\"second/m\"]\n");
    }
    text + more
}

impl Stage {
    /// Serves what `config` describes.
    pub(crate) async fn with(config: &str) -> Self {
        Self::showing(None, config).await
    }

    /// The same, showing a certificate.
    pub(crate) async fn showing(tls: Option<TlsFiles>, config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let own = KeyFile::within(home.path());
        own.make_if_missing().unwrap();
        let key = own.read().unwrap().expose().to_owned();
        let environment =
            Environment::new([("KEY_A", "key-a"), ("KEY_B", "key-b")], PathBuf::from("/"));
        let server = Server::start(ServerOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            tls,
            behind_proxy: false,
            serving: serving(config, own, &environment),
            transport: transport(),
            environment: environment.clone(),
            clock: Clock::system(),
            rng: Rng::seeded(3),
        });
        Self {
            server: server.await.unwrap(),
            key,
            home,
            environment,
        }
    }

    /// A server in front of these.
    pub(crate) async fn before(simulators: &[&Simulator]) -> Self {
        Self::with(&config(simulators, "")).await
    }

    /// Reads another configuration.
    pub(crate) fn reload(&self, config: &str) {
        let own = self.key_file();
        let serving = serving(config, own, &self.environment);
        self.server.reload(serving, transport()).unwrap();
    }

    pub(crate) fn key_file(&self) -> KeyFile {
        KeyFile::within(self.home.path())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The headers of a good request.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let (address, key) = (self.address().to_string(), &self.key);
        let bearer = format!("Bearer {key}");
        vec![
            ("host".to_owned(), address),
            ("authorization".to_owned(), bearer),
        ]
    }

    /// The text of a good request.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> String {
        let headers = self.headers();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        request(method, path, &headers, body)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.address(), self.request("GET", path, "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        send(self.address(), self.request("POST", path, body)).await
    }

    /// Asks for a streamed answer of the default model.
    pub(crate) async fn ask(&self) -> Reply {
        self.post("/v1/responses", ASK).await
    }
}

/// A request for a streamed answer.
pub(crate) const ASK: &str = r#"{"model":"default","input":"hello","stream":true}"#;

/// The same for an answer in one piece.
pub(crate) const ASK_PLAIN: &str = r#"{"model":"default","input":"hello"}"#;

fn serving(config: &str, own: KeyFile, environment: &Environment) -> Serving {
    let document = Document::parse("config.toml", config).unwrap();
    let catalog = Catalog::read(&document).unwrap();
    let section: ServeSection = document.section().unwrap();
    Serving::new(catalog, section, own, environment, &Clock::system())
}

/// A way to open connections.
pub(crate) fn dialer() -> Dialer {
    Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        Clock::system(),
    ))
}

fn transport() -> Transport {
    let clock = Clock::system();
    let (rng, redactor) = (Rng::seeded(2), Redactor::new());
    Transport::new(dialer(), clock, rng, redactor, Identity::alipes("0.0.0"))
}
