//! A network that is gone is waited for; over a network in memory, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{
    Outcome, ask_for, endpoint, endpoint_of, say, session_over, step, transport_over,
};
use alipes_base::{Clock, Rng};
use alipes_net::TlsOptions;
use alipes_simulator::{Network, Options, Simulator};
use alipes_transport::{Alternatives, Cause, Profile, Reaction, Request, Route, Session, Trace};
use alipes_wire::Item;

fn simulator(network: &Network) -> Simulator {
    let options = Options::local(Clock::system(), Rng::seeded(1));
    Simulator::within(network, options).unwrap()
}

fn session(network: &Network, simulator: &Simulator) -> Session {
    let transport = transport_over(Arc::new(network.clone()), TlsOptions::default());
    let endpoint = endpoint(&simulator.base_url(), &[Route::Sse], |profile| profile);
    session_over(&transport, endpoint)
}

/// A step that could be handed to somebody else, elsewhere or on this machine.
async fn asked(session: &mut Session, here: bool) -> Outcome {
    let request = Request {
        alternatives: Alternatives {
            account: true,
            provider: true,
            here,
        },
        ..step(&[Item::user("hello")])
    };
    ask_for(session, request).await
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_within_the_deadline_costs_nothing_but_time() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network);
    let mut session = session(&network, &simulator);
    network.go_away();
    let outage = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        network.come_back();
    };
    let (outcome, ()) = tokio::join!(asked(&mut session, false), outage);
    let done = outcome.result.as_ref().unwrap();
    assert!(done.took >= Duration::from_secs(40), "{:?}", done.took);
    assert!(done.took < Duration::from_secs(42), "{:?}", done.took);
    let all = outcome
        .faults()
        .iter()
        .all(|fault| fault.ends_with("/offline"));
    assert!(all, "{:?}", outcome.faults());
    assert_eq!(simulator.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_stays_away_is_named_by_the_deadline() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network);
    let mut session = session(&network, &simulator);
    network.go_away();
    let begun = Clock::system().now();
    let fault = asked(&mut session, false).await.result.unwrap_err();
    assert_eq!(fault.cause, Cause::Offline);
    let waited = Clock::system().since(begun);
    assert!(waited > Duration::from_secs(40), "{waited:?} of a minute");
    assert!(waited <= Duration::from_secs(60), "{waited:?} of a minute");
}

#[tokio::test(start_paused = true)]
async fn a_provider_on_this_machine_is_asked_once_a_handover_would_be_over() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network);
    let mut session = session(&network, &simulator);
    network.go_away();
    let begun = Clock::system().now();
    let fault = asked(&mut session, true).await.result.unwrap_err();
    assert_eq!(fault.cause, Cause::Offline);
    let waited = Clock::system().since(begun);
    let seconds = Duration::from_secs(3)..Duration::from_secs(9);
    assert!(seconds.contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn during_a_pause_the_next_try_is_waited_for_and_no_connection() {
    let network = Arc::new(Network::new(Clock::system()));
    let transport = transport_over(network, TlsOptions::default());
    let profile = Profile::named("openai-codex").unwrap();
    let nobody = endpoint_of("http://127.0.0.1:1/v1", &[Route::Sse], profile);
    let outcome = say(&mut session_over(&transport, nobody), "hello").await;
    let mut is_pausing = false;
    let mut pauses = 0;
    for trace in &outcome.traces {
        match trace {
            Trace::AttemptFault {
                reaction: Reaction::SameRoute { backoff },
                ..
            } => {
                is_pausing = !backoff.is_zero();
                pauses += usize::from(is_pausing);
            }
            Trace::AttemptStarted { .. } => is_pausing = false,
            other => assert!(!is_pausing, "{other:?}"),
        }
    }
    assert!(pauses > 0, "{:?}", outcome.traces);
}
