//! What always holds, whatever goes wrong together: random scenarios, one after the other, each from
//! one seed.
//!
//! `ALIPES_SEEDS=10000` tries more than the usual 300, `ALIPES_SEED=17` replays one.

mod plan;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::plan::Plan;

/// How many seeds are tried with every change.
const USUAL: u64 = 300;

#[test]
fn whatever_goes_wrong_together_nothing_is_repeated_late_endless_or_left_behind() {
    let wrong: Vec<String> = seeds().into_iter().filter_map(wrong_with).collect();
    let some = wrong.iter().take(5).map(String::as_str);
    let some: Vec<_> = some.collect();
    assert!(
        wrong.is_empty(),
        "{} seeds:\n{}",
        wrong.len(),
        some.join("\n")
    );
}

/// What a seed brings to light.
fn wrong_with(seed: u64) -> Option<String> {
    let plan = Plan::drawn(seed);
    let trial = catch_unwind(AssertUnwindSafe(|| trial::run(&plan)));
    let problems = trial.unwrap_or_else(|_panic| vec!["it panicked".to_owned()]);
    let told = || format!("ALIPES_SEED={seed}: {}\n  {plan:?}", problems.join("; "));
    (!problems.is_empty()).then(told)
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
