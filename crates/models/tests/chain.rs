//! A chain of providers against simulators, over real sockets.

#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::{Catalog, Chain, Making, Model, Overrides, Prompt, StepUpdate};
use alipes_net::{Dialer, DialerOptions, Limits, SystemSockets, Tls, TlsOptions};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_transport::{Cause, Fault, Identity, Transport};
use alipes_wire::{Item, ModelEvent};

async fn simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

fn transport() -> Transport {
    let clock = Clock::system();
    let dialer = Dialer::new(DialerOptions {
        sockets: Arc::new(SystemSockets::default()),
        tls: Tls::new(TlsOptions::default()).unwrap(),
        limits: Limits::default(),
        clock: clock.clone(),
    });
    let identity = Identity::alipes("0.0.0");
    Transport::new(dialer, clock, Rng::seeded(2), Redactor::new(), identity)
}

/// `first/m`, and behind it `second/m`.
fn chain(first: &Simulator, second: &Simulator) -> Chain {
    let (first, second) = (first.base_url(), second.base_url());
    let text = format!(
        "[providers.first]\nbase_url = \"{first}\"\n[providers.second]\nbase_url = \"{second}\"\n\
         [model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n"
    );
    let catalog = Catalog::read(&Document::parse("config.toml", &text).unwrap()).unwrap();
    let variables: [(&str, &str); 0] = [];
    let making = Making {
        environment: &Environment::new(variables, PathBuf::from("/")),
        transport: &transport(),
        session_id: "session-1",
    };
    catalog.chain(&Overrides::default(), making).unwrap()
}

/// What a reader has in the end, how often it was begun anew, and who was asked instead.
struct Seen {
    text: String,
    restarts: usize,
    turned_to: Vec<String>,
    result: Result<(), Fault>,
}

async fn ask(chain: &mut Chain, accepts_restart: bool) -> Seen {
    go_on(chain, &[Item::user("hello")], accepts_restart).await
}

/// The next step of this conversation.
async fn go_on(chain: &mut Chain, input: &[Item], accepts_restart: bool) -> Seen {
    let clock = Clock::system();
    let deadline = Deadline::after(&clock, "test", Duration::from_secs(60));
    let prompt = Prompt {
        instructions: "",
        tools: &[],
        input,
    };
    let mut step = chain.step(&prompt, accepts_restart, deadline);
    let (mut text, mut restarts, mut turned_to) = (String::new(), 0, Vec::new());
    while let Some(update) = step.next().await {
        match update {
            StepUpdate::Event(ModelEvent::TextDelta { delta }) => text.push_str(&delta),
            StepUpdate::Restarted { .. } => {
                restarts += 1;
                text.clear();
            }
            StepUpdate::NextProvider { to, .. } => turned_to.push(to.to_string()),
            _ => {}
        }
    }
    let result = step.finish().await.map(|_| ());
    Seen {
        text,
        restarts,
        turned_to,
        result,
    }
}

#[tokio::test]
async fn a_provider_that_cannot_answer_is_followed_by_the_next_and_rests() {
    for fault in ["sse-usage-limit", "sse-challenge", "sse-500", "sse-401"] {
        let (broken, healthy) = (simulator(&[fault]).await, simulator(&[]).await);
        let mut chain = chain(&broken, &healthy);
        let seen = ask(&mut chain, true).await;
        assert!(seen.result.is_ok(), "{fault}: {:?}", seen.result);
        assert_eq!(seen.turned_to, ["second/m"], "{fault}");
        let asked = broken.seen().len();
        assert!(asked <= 2, "{fault}: {asked} requests to the broken one");
        ask(&mut chain, true).await.result.unwrap();
        assert_eq!(broken.seen().len(), asked, "{fault}: it rests");
    }
}

#[tokio::test]
async fn text_of_a_broken_provider_is_replaced_and_not_repeated() {
    let (broken, healthy) = (
        simulator(&["sse-cut-after-text"]).await,
        simulator(&[]).await,
    );
    let expected = ask(&mut chain(&healthy, &healthy), true).await.text;
    let seen = ask(&mut chain(&broken, &healthy), true).await;
    assert_eq!((seen.text, seen.restarts), (expected, 2));
}

#[tokio::test]
async fn what_a_reader_cannot_take_back_goes_to_no_other_provider() {
    let (broken, healthy) = (
        simulator(&["sse-cut-after-text"]).await,
        simulator(&[]).await,
    );
    let seen = ask(&mut chain(&broken, &healthy), false).await;
    assert_eq!(seen.result.unwrap_err().cause, Cause::Cut);
    assert!(healthy.seen().is_empty());
}

#[tokio::test]
async fn a_request_that_is_wrong_everywhere_is_not_passed_on() {
    let (broken, healthy) = (simulator(&["sse-400"]).await, simulator(&[]).await);
    let seen = ask(&mut chain(&broken, &healthy), true).await;
    assert_eq!(seen.result.unwrap_err().cause, Cause::InvalidRequest);
    assert!(healthy.seen().is_empty());
}

fn reasoning(id: &str) -> Item {
    let json =
        format!(r#"{{"type":"reasoning","id":"{id}","summary":[],"encrypted_content":"x"}}"#);
    Item::parse(&json).unwrap()
}

/// The reasoning in each request.
fn reasoning_sent(simulator: &Simulator) -> Vec<Vec<String>> {
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

#[tokio::test]
async fn reasoning_that_a_provider_cannot_read_is_never_sent_to_it_again() {
    let refuses = simulator(&["sse-invalid-encrypted-content@2"]).await;
    let mut chain = chain(&refuses, &simulator(&[]).await);
    let mut input = vec![Item::user("hello")];
    go_on(&mut chain, &input, true).await.result.unwrap();
    for id in ["rs_1", "rs_2"] {
        input.extend([reasoning(id), Item::user("go on")]);
        let seen = go_on(&mut chain, &input, true).await;
        assert!(seen.result.is_ok() && seen.turned_to.is_empty());
    }
    let sent: [&[&str]; 4] = [&[], &["rs_1"], &[], &["rs_2"]];
    assert_eq!(reasoning_sent(&refuses), sent);
}

#[tokio::test]
async fn a_provider_never_gets_the_reasoning_of_another() {
    let (once_broken, healthy) = (simulator(&["sse-403@2"]).await, simulator(&[]).await);
    let mut chain = chain(&once_broken, &healthy);
    let mut input = vec![Item::user("hello")];
    for id in ["rs_1", "rs_2", "rs_3"] {
        go_on(&mut chain, &input, true).await.result.unwrap();
        input.extend([reasoning(id), Item::user("go on")]);
    }
    // `rs_1` is the first one's own; the second has made `rs_2`, and is asked from then on.
    assert_eq!(reasoning_sent(&once_broken), [&[][..], &["rs_1"]]);
    assert_eq!(reasoning_sent(&healthy), [&[][..], &["rs_2"]]);
}

#[tokio::test]
async fn where_all_are_left_alone_the_least_bad_is_asked() {
    let (first, second) = (
        simulator(&["challenge"]).await,
        simulator(&["challenge"]).await,
    );
    let mut chain = chain(&first, &second);
    let refused = ask(&mut chain, true).await.result.unwrap_err();
    assert_eq!(refused.cause, Cause::Challenge);
    let asked = (first.seen().len(), second.seen().len());
    ask(&mut chain, true).await.result.unwrap_err();
    // The first one's ten minutes end first.
    assert_eq!(
        (first.seen().len(), second.seen().len()),
        (asked.0 + 1, asked.1)
    );
}
