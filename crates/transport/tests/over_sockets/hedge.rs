//! A request that shows nothing gets another one beside it, and the first output counts.

use crate::common::{PATIENCE, pinging_session, say, session, session_with, simulator, step};
use alipes_base::{Clock, Deadline};
use alipes_net::TlsOptions;
use alipes_simulator::Simulator;
use alipes_transport::{Cause, Profile, Request, Route, Session, Trace, Update};
use alipes_wire::Item;

const SSE: &[Route] = &[Route::Sse];
const WEBSOCKET: &[Route] = &[Route::WebSocket];
const BOTH: &[Route] = &[Route::WebSocket, Route::Sse];

/// How many TCP connections carried a request.
fn connections(simulator: &Simulator) -> usize {
    let seen = simulator.seen();
    let mut connections: Vec<u64> = seen.iter().map(|seen| seen.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    connections.len()
}

fn with(simulator: &Simulator, change: impl FnOnce(&mut Profile)) -> Session {
    session_with(
        &simulator.base_url(),
        SSE,
        TlsOptions::default(),
        |profile| {
            let mut profile = profile.with_patience(PATIENCE);
            change(&mut profile);
            profile
        },
    )
}

#[tokio::test]
async fn the_first_output_of_two_wins_and_nothing_is_shown_twice() {
    let healthy = simulator(&[]).await;
    let expected = say(&mut session(&healthy.base_url(), SSE), "hello").await;
    for (fault, routes, limit) in [
        ("sse-stall-before-headers@1", SSE, "first_event"),
        ("sse-stall-after-created@1", SSE, "first_output"),
        ("websocket-stall-after-created@1", WEBSOCKET, "first_output"),
        ("websocket-stall-after-created@1", BOTH, "first_output"),
    ] {
        let simulator = simulator(&[fault]).await;
        let outcome = say(&mut session(&simulator.base_url(), routes), "hello").await;
        assert_eq!(outcome.result.as_ref().unwrap().attempts, 2, "{fault}");
        assert_eq!(outcome.text, expected.text, "{fault}");
        let events = [format!("beside 1 for {limit}"), "1 was slower".to_owned()];
        assert_eq!(outcome.hedge(), events, "{fault}");
        assert!(
            outcome.faults().is_empty(),
            "{fault}: {:?}",
            outcome.faults()
        );
        assert_eq!(connections(&simulator), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_conversation_goes_on_over_the_socket_that_answered() {
    let simulator = simulator(&["websocket-stall-after-created@1"]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    say(&mut session, "hello").await.result.unwrap();
    let second = say(&mut session, "hello").await;
    assert_eq!(second.attempts(), 1);
    assert_eq!(
        connections(&simulator),
        2,
        "the second socket is used again"
    );
}

#[tokio::test]
async fn two_that_stay_silent_are_told_as_one_fault_and_no_third_is_sent() {
    let simulator = simulator(&["sse-stall-before-headers"]).await;
    let outcome = say(&mut session(&simulator.base_url(), SSE), "hello").await;
    let fault = outcome.result.as_ref().unwrap_err();
    assert_eq!(fault.cause, Cause::Silent);
    assert_eq!(fault.limit.map(|limit| limit.length), Some(3 * PATIENCE));
    assert_eq!((outcome.attempts(), simulator.seen().len()), (2, 2));
}

#[tokio::test]
async fn where_somebody_waits_on_two_that_stay_silent_stay_open_until_the_deadline() {
    let simulator = simulator(&["sse-stall-before-headers"]).await;
    let mut session = session(&simulator.base_url(), SSE);
    let request = Request {
        waits_on: true,
        ..step(&[Item::user("hello")])
    };
    let deadline = Deadline::after(&Clock::system(), "test", 5 * PATIENCE);
    let mut stream = session.stream(request, deadline);
    let mut told = 0;
    while let Some(update) = stream.next().await {
        let waits_on = |trace: &Trace| {
            matches!(
                trace,
                Trace::Waiting {
                    limit: "either",
                    ..
                }
            )
        };
        told += usize::from(matches!(&update, Update::Trace(trace) if waits_on(trace)));
    }
    assert_eq!(stream.finish().await.unwrap_err().cause, Cause::Deadline);
    assert_eq!((told, simulator.seen().len()), (1, 2));
}

#[tokio::test]
async fn one_of_two_that_fails_leaves_the_step_to_the_other() {
    // The second request is refused, and the first one is silent to the end.
    let simulator = simulator(&["sse-stall-after-created@1", "sse-400@2"]).await;
    let outcome = say(&mut session(&simulator.base_url(), SSE), "hello").await;
    assert_eq!(outcome.result.as_ref().unwrap_err().cause, Cause::Silent);
    let events = ["beside 1 for first_output", "2 failed by invalid-request"];
    assert_eq!(outcome.hedge(), events);
}

#[tokio::test]
async fn what_is_paid_for_by_the_token_is_not_sent_twice_where_it_is_large() {
    let simulator = simulator(&["sse-stall-before-headers@1"]).await;
    let mut session = with(&simulator, |profile| profile.metered = true);
    let outcome = say(&mut session, &"hello ".repeat(20_000)).await;
    assert_eq!(outcome.faults(), ["headers/silent"], "the classical way");
    assert!(outcome.hedge().is_empty());
    let mut session = with(&simulator, |profile| profile.hedge = false);
    simulator.set_scenario(
        alipes_simulator::Scenario::from_flags(["sse-stall-before-headers@1"]).unwrap(),
    );
    let outcome = say(&mut session, "hello").await;
    assert_eq!(
        outcome.faults(),
        ["headers/silent"],
        "the profile forbids it"
    );
}

#[tokio::test]
async fn an_edge_that_never_answers_a_ping_is_told_by_another_attempt() {
    let faults = [
        "websocket-pings-unanswered",
        "websocket-stall-after-created@1",
    ];
    let simulator = simulator(&faults).await;
    let mut session = pinging_session(&simulator.base_url(), WEBSOCKET, None);
    let outcome = say(&mut session, "hello").await;
    assert_eq!(outcome.result.as_ref().unwrap().attempts, 2);
    assert_eq!(outcome.hedge(), ["beside 1 for pong", "1 was slower"]);
}
