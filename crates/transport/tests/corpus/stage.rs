//! One client and one simulator in a network of their own, in virtual time.
//!
//! The runtime has no I/O driver: whatever would open a real socket panics. Nothing else is replaced:
//! profile, dialer, TLS, HTTP, WebSocket and the session are those that ship.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alipes_base::{Clock, Deadline, Environment, Redactor, Rng, Secret};
use alipes_net::{
    ConfiguredEgress, Dialer, DialerOptions, Egress, EgressPolicy, Limits, SystemProxy,
    SystemProxySettings, Tls, TlsOptions,
};
use alipes_simulator::{Manner, Network, Options, Proxy, ProxyOptions, Scenario, Seen, Simulator};
use alipes_transport::{
    Alternatives, Cause, Credential, CredentialError, Endpoint, Identity, Priority, Profile,
    Reader, Request, Route, Session, Token, Transport,
};
use alipes_wire::responses::EncodedRequest;
use alipes_wire::{Item, ModelRequest};
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// Where the simulator listens.
pub(crate) const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 443);

/// The name it is known by.
pub(crate) const HOST: &str = "simulator.test";

/// The proxy, and its name.
const PROXY: ([u8; 4], u16) = ([192, 0, 2, 2], 3128);
pub(crate) const PROXY_HOST: &str = "proxy.test";

/// Where direct connections end in the hands of somebody else.
const MIDDLEBOX: ([u8; 4], u16) = ([192, 0, 2, 3], 443);

/// How long a byte is on its way.
pub(crate) const LATENCY: Duration = Duration::from_millis(10);

/// The longest that a model step may take (transport, "Liveness").
pub(crate) const STEP: Duration = Duration::from_secs(30 * 60);

/// The date at which every cast begins: 21 November 2026.
const DATE: Duration = Duration::from_secs(1_795_219_200);

/// What the actors are like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    /// As the simulator's flags.
    pub(crate) faults: Vec<String>,
    /// The pause before each piece of text.
    pub(crate) pace: Duration,
    pub(crate) tls: bool,
    pub(crate) door: Door,
    pub(crate) seed: u64,
}

/// How the client leaves its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Door {
    #[default]
    Direct,
    /// Through the proxy that the user configured.
    Proxy(Manner),
    /// Through it where a direct handshake is reset.
    ProxyAlone,
    /// Directly where that is reset, although the environment names a proxy.
    PassesProxy,
}

/// Everything that takes part in a cast.
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    pub(crate) network: Network,
    pub(crate) simulator: Simulator,
    pub(crate) transport: Transport,
    /// The proxy, and whoever resets direct handshakes.
    pub(crate) behind_the_door: (Option<Proxy>, Option<Simulator>),
}

/// A runtime in which time is virtual and nothing but time and tasks exist.
pub(crate) fn virtual_time() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

pub(crate) fn server() -> SocketAddr {
    SERVER.into()
}

impl Stage {
    pub(crate) fn set(cast: &Cast) -> Self {
        let clock = Clock::anchored(SystemTime::UNIX_EPOCH + DATE);
        let network = Network::new(clock.clone());
        network.set_latency(LATENCY);
        let options = Options {
            listen: server(),
            tls: cast.tls,
            scenario: Scenario::from_flags(&cast.faults).unwrap(),
            pace: cast.pace,
            ..Options::local(clock.clone(), Rng::seeded(cast.seed))
        };
        let simulator = Simulator::within(&network, options).unwrap();
        let proxy = cast.door.build(&network, &clock);
        let ca = simulator.ca_pem();
        let transport = transport(cast, &clock, &network, ca);
        Self {
            clock,
            network,
            simulator,
            transport,
            behind_the_door: proxy,
        }
    }

    /// A conversation with the ChatGPT backend as it ships, both routes open.
    pub(crate) fn session(&self) -> Session {
        self.session_with(Profile::named("openai-codex").unwrap())
    }

    /// The same with another key.
    pub(crate) fn session_by(&self, key: LateKey) -> Session {
        let endpoint = self.endpoint(Profile::named("openai-codex").unwrap(), None);
        self.transport
            .session(Arc::new(endpoint), Arc::new(key), "session-1".to_owned())
    }

    /// The same with another profile.
    pub(crate) fn session_with(&self, profile: Profile) -> Session {
        self.session_at(self.endpoint(profile, None))
    }

    pub(crate) fn session_at(&self, endpoint: Endpoint) -> Session {
        self.transport.session(
            Arc::new(endpoint),
            Arc::new(RenewableKey),
            "session-1".to_owned(),
        )
    }

    /// The simulator, asked by these routes, or by those of the profile.
    pub(crate) fn endpoint(&self, profile: Profile, routes: Option<Vec<Route>>) -> Endpoint {
        Endpoint::new("corpus", &self.simulator.base_url(), profile, routes).unwrap()
    }

    pub(crate) fn deadline(&self, limit: Duration) -> Deadline {
        Deadline::after(&self.clock, "step", limit)
    }

    /// How often the server was asked for an answer; an upgrade counts where a fault ended it.
    pub(crate) fn requests(&self) -> usize {
        let asks = |seen: &&Seen| match seen.method.as_str() {
            "POST" | "FRAME" => true,
            "GET" => seen.fault.is_some(),
            _ => false,
        };
        self.simulator.seen().iter().filter(asks).count()
    }
}

fn transport(cast: &Cast, clock: &Clock, network: &Network, ca: Option<&str>) -> Transport {
    let tls = TlsOptions {
        only_these_roots: ca.map(|pem| pem.as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    let dialer = Dialer::new(DialerOptions {
        sockets: Arc::new(network.clone()),
        tls: Tls::new(tls).unwrap(),
        limits: Limits::default(),
        clock: clock.clone(),
    })
    .through(cast.door.policy());
    let (rng, identity) = (Rng::seeded(cast.seed), Identity::alipes("0.0.0"));
    Transport::new(dialer, clock.clone(), rng, Redactor::new(), identity)
}

impl Door {
    /// The proxy, and whoever resets direct handshakes.
    fn build(self, network: &Network, clock: &Clock) -> (Option<Proxy>, Option<Simulator>) {
        let manner = match self {
            Self::Direct => return (None, None),
            Self::Proxy(manner) => manner,
            Self::ProxyAlone | Self::PassesProxy => Manner::Obliging,
        };
        network.name(PROXY_HOST, &[PROXY.0.into()]);
        let options = ProxyOptions {
            listen: PROXY.into(),
            origin: Some(server()),
            ..ProxyOptions::local(manner)
        };
        let proxy = Proxy::within(network, options).unwrap();
        let resets = matches!(self, Self::ProxyAlone | Self::PassesProxy).then(|| {
            network.name(HOST, &[MIDDLEBOX.0.into()]);
            let options = Options {
                listen: MIDDLEBOX.into(),
                tls: true,
                scenario: Scenario::always("tls-reset-after-hello").unwrap(),
                ..Options::local(clock.clone(), Rng::seeded(0))
            };
            Simulator::within(network, options).unwrap()
        });
        (Some(proxy), resets)
    }

    fn policy(self) -> EgressPolicy {
        let (configured, environment) = self.settings();
        EgressPolicy::new(configured.as_ref(), &environment, &NoSystem).unwrap()
    }

    /// Every way out of the machine.
    pub(crate) fn ways(self) -> Vec<Egress> {
        let (configured, environment) = self.settings();
        EgressPolicy::doors(configured.as_ref(), &environment, &NoSystem).ways
    }

    /// What the user and the environment say.
    fn settings(self) -> (Option<ConfiguredEgress>, Environment) {
        let url = format!("http://{PROXY_HOST}:{}", PROXY.1);
        let nothing = Environment::default();
        let (way, environment) = match self {
            Self::Direct => (None, nothing),
            Self::Proxy(_) | Self::ProxyAlone => (Some(url), nothing),
            Self::PassesProxy => {
                let named = Environment::new([("HTTPS_PROXY", url)], "/".into());
                (Some("direct".to_owned()), named)
            }
        };
        let configured = way.map(|way| ConfiguredEgress {
            way,
            named_by: "--proxy".to_owned(),
            exceptions: String::new(),
        });
        (configured, environment)
    }
}

/// A machine whose system knows no proxy.
struct NoSystem;

impl SystemProxy for NoSystem {
    fn settings(&self) -> SystemProxySettings {
        SystemProxySettings::default()
    }
}

/// A step of the conversation so far.
pub(crate) fn request(input: &[Item], reader: Reader) -> Request {
    Request {
        body: EncodedRequest::new(&ModelRequest {
            model: "simulated".to_owned(),
            instructions: "test".to_owned(),
            input: input.to_vec(),
            ..ModelRequest::default()
        })
        .into(),
        without_reasoning: None,
        reasoning: false,
        reader,
        waits_on: false,
        model: "simulated".to_owned(),
        effort: String::new(),
        priority: Priority::Main,
        alternatives: Alternatives::default(),
    }
}

/// Gives one key, and after a refusal another one, once.
pub(crate) struct RenewableKey;

impl Credential for RenewableKey {
    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(std::future::ready(Ok(Some(token("old", 1)))))
    }

    fn refresh(&self, generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        let newer = (generation < 2).then(|| token("new", 2));
        Box::pin(std::future::ready(Ok(newer)))
    }
}

/// Gives none until then: the last token has ended, and the sign-in service answers with 500.
pub(crate) struct LateKey {
    clock: Clock,
    until: Instant,
}

impl LateKey {
    pub(crate) fn after(clock: &Clock, length: Duration) -> Self {
        let until = clock.now() + length;
        let clock = clock.clone();
        Self { clock, until }
    }
}

impl Credential for LateKey {
    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        let given = match self.clock.now() < self.until {
            true => Err(CredentialError {
                message: "the sign-in service refused: 500".to_owned(),
                cause: Cause::SignInUnavailable,
                limit: None,
            }),
            false => Ok(Some(token("old", 1))),
        };
        Box::pin(std::future::ready(given))
    }

    fn refresh(&self, _generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        self.current()
    }
}

fn token(text: &str, generation: u64) -> Token {
    Token {
        secret: Secret::new(text.to_owned()),
        generation,
        headers: Vec::new(),
    }
}
