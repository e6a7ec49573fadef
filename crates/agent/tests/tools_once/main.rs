//! A tool never runs twice, whatever goes wrong together on the way to the model: random scenarios in
//! virtual time, each from one seed.
//!
//! A model that asks for a tool in an answer that is cut, repeated or sent by two connections at once
//! must not make it run for each of them: a command that runs twice is worse than one that never
//! does. `ALIPES_SEEDS=10000` tries more than the usual 300, `ALIPES_SEED=17` replays one.

#![cfg(test)]

mod counting;
mod plan;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::plan::Plan;

/// How many seeds are tried with every change.
const USUAL: u64 = 300;

#[test]
fn whatever_goes_wrong_together_a_tool_runs_once_and_each_call_gets_an_output() {
    let trials: Vec<_> = seeds().into_iter().map(tried).collect();
    let wrong = trials.iter().filter_map(|trial| trial.as_ref().err());
    let some: Vec<_> = wrong.clone().take(5).map(String::as_str).collect();
    let all = wrong.count();
    assert!(all == 0, "{all} seeds:\n{}", some.join("\n"));
    let runs: usize = trials.into_iter().flatten().sum();
    assert!(runs > 0, "no tool ran at all");
}

/// How many tools ran, or what the seed has brought to light.
fn tried(seed: u64) -> Result<usize, String> {
    let plan = Plan::drawn(seed);
    let trial = catch_unwind(AssertUnwindSafe(|| trial::run(&plan)));
    let (runs, problems) = trial.unwrap_or_else(|_panic| (0, vec!["it panicked".to_owned()]));
    if problems.is_empty() {
        return Ok(runs);
    }
    let problems = problems.join("; ");
    Err(format!("ALIPES_SEED={seed}: {problems}\n  {plan:?}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer chooses the seeds by the environment"
)]
fn seeds() -> Vec<u64> {
    let number = |name| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    match number("ALIPES_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("ALIPES_SEEDS").unwrap_or(USUAL)).collect(),
    }
}
