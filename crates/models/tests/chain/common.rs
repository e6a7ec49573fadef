//! Simulators, the chain over them, and what a reader sees of a step.

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::{Catalog, Chain, Making, Model, ModelsError, Overrides, Prompt, StepUpdate};
use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_transport::{Fault, Identity, Reaction, Trace, Transport};
use alipes_wire::{Item, ModelEvent};

pub(crate) async fn simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

pub(crate) fn transport() -> Transport {
    let clock = Clock::system();
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    let identity = Identity::alipes("0.0.0");
    Transport::new(dialer, clock, Rng::seeded(2), Redactor::new(), identity)
}

/// The chain that a configuration describes, on a machine with these variables.
pub(crate) fn configured(text: &str, variables: &[(&str, &str)], transport: &Transport) -> Chain {
    made(text, variables, transport, Catalog::chain)
}

/// The chain that is asked beside a turn.
pub(crate) fn auxiliary(text: &str, transport: &Transport) -> Chain {
    made(text, &[], transport, Catalog::auxiliary)
}

type Make = fn(&Catalog, &Overrides, Making<'_>) -> Result<Chain, ModelsError>;

fn made(text: &str, variables: &[(&str, &str)], transport: &Transport, make: Make) -> Chain {
    let catalog = Catalog::read(&Document::parse("config.toml", text).unwrap()).unwrap();
    let making = Making {
        environment: &Environment::new(variables.iter().copied(), PathBuf::from("/")),
        transport,
        session_id: "session-1",
    };
    make(&catalog, &Overrides::default(), making).unwrap()
}

/// What a reader has in the end, how often it was begun anew, and who was asked instead.
pub(crate) struct Seen {
    pub(crate) text: String,
    pub(crate) restarts: usize,
    pub(crate) turned_to: Vec<String>,
    pub(crate) left_out: Vec<usize>,
    /// How often a server was waited for.
    pub(crate) waits: usize,
    /// Somebody else might have answered who could not read the beginning.
    pub(crate) unreadable: bool,
    pub(crate) result: Result<(), Fault>,
}

pub(crate) async fn ask(chain: &mut Chain, accepts_restart: bool) -> Seen {
    go_on(chain, &[Item::user("hello")], accepts_restart).await
}

/// The next step of this conversation.
pub(crate) async fn go_on(chain: &mut Chain, input: &[Item], accepts_restart: bool) -> Seen {
    step(chain, &prompt(input), accepts_restart).await
}

/// Words without instructions and tools, that everybody can read.
pub(crate) fn prompt(input: &[Item]) -> Prompt<'_> {
    Prompt {
        instructions: "",
        tools: &[],
        input,
        maker: None,
    }
}

pub(crate) async fn step(chain: &mut Chain, prompt: &Prompt<'_>, accepts_restart: bool) -> Seen {
    let mut step = chain.step(prompt, accepts_restart, deadline());
    let (mut text, mut restarts, mut turned_to) = (String::new(), 0, Vec::new());
    let (mut items_left_out, mut waits, mut unreadable) = (Vec::new(), 0, false);
    while let Some(update) = step.next().await {
        match update {
            StepUpdate::Event(ModelEvent::TextDelta { delta }) => text.push_str(&delta),
            StepUpdate::Restarted { .. } => {
                restarts += 1;
                text.clear();
            }
            StepUpdate::NextProvider { to, left_out, .. } => {
                turned_to.push(to.to_string());
                items_left_out.push(left_out);
            }
            StepUpdate::Trace(Trace::AttemptFault {
                reaction: Reaction::Wait { .. },
                ..
            }) => waits += 1,
            StepUpdate::Unreadable => unreadable = true,
            _ => {}
        }
    }
    let result = step.finish().await.map(|_| ());
    Seen {
        text,
        restarts,
        turned_to,
        left_out: items_left_out,
        waits,
        unreadable,
        result,
    }
}

pub(crate) fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", Duration::from_secs(60))
}

pub(crate) fn reasoning(id: &str) -> Item {
    let json =
        format!(r#"{{"type":"reasoning","id":"{id}","summary":[],"encrypted_content":"x"}}"#);
    Item::parse(&json).unwrap()
}

/// The reasoning in each request.
pub(crate) fn reasoning_sent(simulator: &Simulator) -> Vec<Vec<String>> {
    let seen = simulator.seen();
    let inputs = seen.iter().filter_map(|seen| {
        let input = seen.body.as_ref()?["input"].as_array()?;
        let ids = input.iter().filter_map(|item| item["id"].as_str());
        Some(
            ids.filter(|id| id.starts_with("rs_"))
                .map(str::to_owned)
                .collect(),
        )
    });
    inputs.collect()
}
