//! Compressed requests, understood and refused.

use alipes_simulator::{Seen, Simulator};
use alipes_transport::{Route, Session, Trace};
use alipes_wire::Item;

use crate::common::{Outcome, ask, session, simulator};

/// A history that does not leave in one flight.
fn long() -> String {
    (0..2_000)
        .map(|line| format!("line {line} of a file\n"))
        .collect()
}

async fn step(session: &mut Session, text: &str) -> Outcome {
    ask(session, &[Item::user(text)], true).await
}

/// The encoding of each request's body, in order; all must have been understood.
fn encodings(simulator: &Simulator) -> Vec<Option<String>> {
    let encoding = |seen: &Seen| seen.header("content-encoding").map(ToOwned::to_owned);
    simulator.seen().iter().map(encoding).collect()
}

#[tokio::test]
async fn a_long_history_is_sent_compressed_and_understood() {
    let simulator = simulator(&[]).await;
    let mut session = session(&simulator.base_url(), &[Route::Sse]);
    let outcome = step(&mut session, &long()).await;
    outcome.result.unwrap();
    let sizes = outcome.traces.iter().find_map(|trace| match trace {
        Trace::Sent {
            bytes, compressed, ..
        } => Some((*bytes, compressed.unwrap())),
        _ => None,
    });
    let (bytes, compressed) = sizes.unwrap();
    assert!(bytes > long().len() && compressed < bytes / 2, "{sizes:?}");
    assert_eq!(encodings(&simulator), [Some("zstd".to_owned())]);
    let seen = simulator.seen().pop().unwrap();
    assert_eq!(
        seen.header("content-length"),
        Some(compressed.to_string().as_str())
    );
    let body = seen.body.unwrap().to_string();
    assert!(body.contains("line 1999 of a file"));
}

#[tokio::test]
async fn a_compression_that_is_refused_costs_one_request_and_no_budget() {
    let simulator = simulator(&["sse-refuses-zstd"]).await;
    let mut session = session(&simulator.base_url(), &[Route::Sse]);
    let first = step(&mut session, &long()).await;
    assert_eq!(first.faults(), ["headers/encoding-refused"]);
    first.result.unwrap();
    let second = step(&mut session, &long()).await;
    assert!(
        second.faults().is_empty(),
        "it is remembered: {:?}",
        second.faults()
    );
    let zstd = Some("zstd".to_owned());
    assert_eq!(encodings(&simulator), [zstd, None, None]);
}

#[tokio::test]
async fn a_refusal_that_the_plain_request_meets_as_well_is_not_held_against_the_compression() {
    let simulator = simulator(&["sse-bad-image@1-2"]).await;
    let mut session = session(&simulator.base_url(), &[Route::Sse]);
    let first = step(&mut session, &long()).await;
    let told = ["headers/encoding-refused", "headers/invalid-request"];
    assert_eq!(first.faults(), told);
    step(&mut session, &long()).await.result.unwrap();
    let zstd = || Some("zstd".to_owned());
    assert_eq!(encodings(&simulator), [zstd(), None, zstd()]);
}

#[tokio::test]
async fn a_refused_compression_takes_no_replay_from_a_fault_after_it() {
    // The session's budget is one replay.
    let simulator = simulator(&["sse-refuses-zstd@1", "sse-500@2"]).await;
    let mut session = session(&simulator.base_url(), &[Route::Sse]);
    let outcome = step(&mut session, &long()).await;
    assert_eq!(
        outcome.faults(),
        ["headers/encoding-refused", "headers/server-error"]
    );
    assert_eq!(outcome.result.unwrap().attempts, 3);
}
