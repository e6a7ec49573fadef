//! A client, a simulator, and requests between them over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Redactor, Rng, Secret};
use alipes_net::{Dialer, DialerOptions, Limits, Sockets, SystemSockets, Tls, TlsOptions};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_transport::{
    Alternatives, Credential, CredentialError, Done, Endpoint, Fault, Identity, Priority, Profile,
    Reader, Request, Route, Session, Token, Trace, Transport, Update,
};
use alipes_wire::responses::{Assembler, EncodedRequest};
use alipes_wire::{Item, ModelEvent, ModelRequest};
use futures_util::future::BoxFuture;

/// Long enough for a loaded machine, short enough for a test that waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_500);

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Done, Fault>,
    /// The text as a reader who replaces on restart has it in the end.
    pub(crate) text: String,
    pub(crate) restarts: usize,
    pub(crate) traces: Vec<Trace>,
    pub(crate) items: Vec<Item>,
}

impl Outcome {
    /// What a second attempt was sent beside for, and what came of the one that lost.
    pub(crate) fn hedge(&self) -> Vec<String> {
        self.traces
            .iter()
            .filter_map(|trace| match trace {
                Trace::Hedged { beside, limit, .. } => Some(format!("beside {beside} for {limit}")),
                Trace::AttemptLost { attempt, fault, .. } => Some(match fault {
                    None => format!("{attempt} was slower"),
                    Some(fault) => format!("{attempt} failed by {}", fault.cause.as_str()),
                }),
                _ => None,
            })
            .collect()
    }

    /// How many attempts there were.
    pub(crate) fn attempts(&self) -> usize {
        let starts = |trace: &&Trace| matches!(trace, Trace::AttemptStarted { .. });
        self.traces.iter().filter(starts).count()
    }

    /// `phase/cause` of every attempt that failed.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.traces
            .iter()
            .filter_map(|trace| match trace {
                Trace::AttemptFault { fault, .. } => {
                    Some(format!("{}/{}", fault.phase.as_str(), fault.cause.as_str()))
                }
                _ => None,
            })
            .collect()
    }
}

/// A simulator with these faults.
pub(crate) async fn simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

/// A simulator in good health at this address.
pub(crate) async fn simulator_at(listen: SocketAddr) -> Simulator {
    let options = Options {
        listen,
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

/// A simulator over TLS with these faults.
pub(crate) async fn tls_simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        tls: true,
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

pub(crate) fn transport(tls: TlsOptions) -> Transport {
    transport_over(Arc::new(SystemSockets::default()), tls)
}

/// A transport that has met nothing yet, over this network.
pub(crate) fn transport_over(sockets: Arc<dyn Sockets>, tls: TlsOptions) -> Transport {
    transport_of(Dialer::new(DialerOptions {
        sockets,
        tls: Tls::new(tls).unwrap(),
        limits: Limits {
            upgrade: PATIENCE,
            ..Limits::default()
        },
        clock: Clock::system(),
    }))
}

/// A transport that has met nothing yet and dials like this.
pub(crate) fn transport_of(dialer: Dialer) -> Transport {
    let (clock, identity) = (Clock::system(), Identity::alipes("0.0.0"));
    Transport::new(dialer, clock, Rng::seeded(2), Redactor::new(), identity)
}

/// A session with `base_url` over these routes, with a key that can be renewed once.
pub(crate) fn session(base_url: &str, routes: &[Route]) -> Session {
    session_with(base_url, routes, TlsOptions::default(), |profile| {
        profile.with_patience(PATIENCE)
    })
}

/// The same for requests that take their time.
pub(crate) fn patient_session(base_url: &str, routes: &[Route]) -> Session {
    session_with(base_url, routes, TlsOptions::default(), |profile| {
        profile.with_patience(PATIENCE * 40)
    })
}

/// A session with all the replays that the profile has.
pub(crate) fn persistent_session(base_url: &str, routes: &[Route]) -> Session {
    let profile = Profile::named("openai-codex").unwrap();
    session_over(&new_transport(), endpoint_of(base_url, routes, profile))
}

/// A patient session that pings soon and trusts `ca` alone.
pub(crate) fn pinging_session(base_url: &str, routes: &[Route], ca: Option<&str>) -> Session {
    let tls = TlsOptions {
        only_these_roots: ca.map(|pem| pem.as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    session_with(base_url, routes, tls, |profile| {
        let patient = profile.with_patience(PATIENCE * 40);
        patient.with_pings(PATIENCE / 5, PATIENCE / 2)
    })
}

/// A session whose profile is `openai-codex`, changed.
pub(crate) fn session_with(
    base_url: &str,
    routes: &[Route],
    tls: TlsOptions,
    change: impl FnOnce(Profile) -> Profile,
) -> Session {
    session_over(&transport(tls), endpoint(base_url, routes, change))
}

/// The same over a transport that others may use too.
pub(crate) fn session_over(transport: &Transport, endpoint: Endpoint) -> Session {
    transport.session(
        Arc::new(endpoint),
        Arc::new(RenewableKey),
        "session-1".to_owned(),
    )
}

/// A transport that has met nothing yet.
pub(crate) fn new_transport() -> Transport {
    transport(TlsOptions::default())
}

/// An endpoint whose profile is `openai-codex`, changed.
pub(crate) fn endpoint(
    base_url: &str,
    routes: &[Route],
    change: impl FnOnce(Profile) -> Profile,
) -> Endpoint {
    let mut profile = change(Profile::named("openai-codex").unwrap());
    // One replay is enough to see that there is one.
    (profile.replays, profile.replays_after_cut) = (1, 1);
    endpoint_of(base_url, routes, profile)
}

/// An endpoint with all that its profile says.
pub(crate) fn endpoint_of(base_url: &str, routes: &[Route], profile: Profile) -> Endpoint {
    Endpoint::new("test", base_url, profile, Some(routes.to_vec())).unwrap()
}

/// Gives `old`, and after a refusal `new`.
pub(crate) struct RenewableKey;

impl Credential for RenewableKey {
    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(std::future::ready(Ok(Some(token("old", 1)))))
    }

    fn refresh(&self, generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(std::future::ready(Ok(
            (generation < 2).then(|| token("new", 2))
        )))
    }
}

fn token(text: &str, generation: u64) -> Token {
    Token {
        secret: Secret::new(text.to_owned()),
        generation,
        headers: Vec::new(),
    }
}

pub(crate) fn request(input: &[Item]) -> EncodedRequest {
    EncodedRequest::new(&ModelRequest {
        model: "simulated".to_owned(),
        instructions: "test".to_owned(),
        input: input.to_vec(),
        ..ModelRequest::default()
    })
}

/// Says something that the simulator answers with a greeting.
pub(crate) async fn say(session: &mut Session, text: &str) -> Outcome {
    ask(session, &[Item::user(text)], true).await
}

pub(crate) async fn ask(session: &mut Session, input: &[Item], accepts_restart: bool) -> Outcome {
    let request = Request {
        reader: Reader::of_text(accepts_restart),
        ..step(input)
    };
    ask_for(session, request).await
}

/// A step with this input, from somebody who can be told anew and has nobody else to ask.
pub(crate) fn step(input: &[Item]) -> Request {
    Request {
        body: request(input).into(),
        without_reasoning: None,
        reasoning: false,
        reader: Reader::Replaces,
        waits_on: false,
        alternatives: Alternatives::default(),
        model: "simulated".to_owned(),
        effort: String::new(),
        priority: Priority::Main,
    }
}

pub(crate) async fn ask_for(session: &mut Session, request: Request) -> Outcome {
    let clock = Clock::system();
    let deadline = Deadline::after(&clock, "test", Duration::from_secs(60));
    let mut stream = session.stream(request, deadline);
    let mut assembler = Assembler::new();
    let (mut text, mut traces, mut restarts) = (String::new(), Vec::new(), 0);
    while let Some(update) = stream.next().await {
        match update {
            Update::Event(event) => {
                if let Some(ModelEvent::TextDelta { delta }) = assembler.push(&event) {
                    text.push_str(&delta);
                }
            }
            Update::Restarted { .. } => {
                assembler = Assembler::new();
                text.clear();
                restarts += 1;
            }
            Update::Trace(trace) => traces.push(trace),
            _ => {}
        }
    }
    Outcome {
        result: stream.finish().await,
        text,
        restarts,
        traces,
        items: assembler.into_items(),
    }
}
