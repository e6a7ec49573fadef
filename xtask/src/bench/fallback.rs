//! `cargo xtask bench fallback`: what it costs that the first one who is asked refuses, and the next one answers.
//!
//! The backend is a round trip away (`simulate --latency`): asking the first one costs one whatever the client does,
//! so one is the target, and what is above it is our own. Turns with and without the refusal alternate in one run.

use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::facts::Facts;
use super::page;
use super::target::{all_met, verdict};
use super::times::Times;
use crate::interop::{Alipes, KEY};
use crate::process::{self, Server, now};

/// There and back.
const LATENCY: Duration = Duration::from_millis(50);

/// Turns of each kind; the medians are shown.
const RUNS: usize = 15;

/// A turn is some tenths of a second.
const LIMIT: Duration = Duration::from_secs(60);

/// Round trips that a refusal may add, in percent: the one that it is, and a tenth for our own work.
const TARGET: u128 = 110;

/// Who is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Another account with the same provider.
    Account,
    /// Another provider, at an address of its own.
    Provider,
}

impl Next {
    const ALL: [Self; 2] = [Self::Account, Self::Provider];

    /// The refusal that hands on to it, both with status 429: too many requests condemn an account, whose
    /// provider is waited for before another is asked; a plan that is used up ends the waiting for that provider.
    fn refusal(self) -> &'static str {
        match self {
            Self::Account => "429@1",
            Self::Provider => "usage-limit",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Account => "the next account",
            Self::Provider => "the next provider",
        }
    }
}

const ROUTES: [&str; 2] = ["sse", "websocket"];

/// The medians of one row.
struct Cost {
    plain: Duration,
    refused: Duration,
}

impl Cost {
    fn added(&self) -> Duration {
        self.refused.saturating_sub(self.plain)
    }

    /// In round trips, in percent.
    fn percent(&self) -> u128 {
        self.added().as_micros() * 100 / LATENCY.as_micros()
    }

    fn row(&self, next: Next, route: &str) -> String {
        let percent = self.percent();
        let most = format!("at most {}.{:02}", TARGET / 100, TARGET % 100);
        format!(
            "| {} | {route} | {} | {} | {} | {}.{:02} | {} |\n",
            next.name(),
            millis(self.plain),
            millis(self.refused),
            millis(self.added()),
            percent / 100,
            percent % 100,
            verdict(percent <= TARGET, &most)
        )
    }
}

/// Measures, prints the table, and writes it if asked to; whether the target is met in each row.
pub(crate) fn run(write: bool) -> Result<bool> {
    let alipes = Alipes::released()?;
    let mut rows = String::new();
    for next in Next::ALL {
        for route in ROUTES {
            rows.push_str(&cost(&alipes, next, route)?.row(next, route));
        }
    }
    let facts = Facts::gather()?;
    let table = format!(
        "| who answers | route | asked first | asked after a 429 | added | round trips | target |\n\
         |---|---|---|---|---|---|---|\n{rows}\n\
         A round trip of {}; a process for each turn, from its start to its end; medians of {RUNS}; {facts}. \
         The refusal itself is one round trip. Again: `cargo xtask bench fallback --write`.",
        millis(LATENCY)
    );
    page::publish("fallback", &table, write)?;
    Ok(all_met(&table))
}

fn cost(alipes: &Alipes, next: Next, route: &str) -> Result<Cost> {
    let (mut plain, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        plain.push(turn(alipes, next, route, false)?);
        refused.push(turn(alipes, next, route, true)?);
    }
    Ok(Cost {
        plain: Times::of(plain).middle(),
        refused: Times::of(refused).middle(),
    })
}

/// One turn on a machine of its own, where the first one refuses or not; how long it took.
fn turn(alipes: &Alipes, next: Next, route: &str, is_refused: bool) -> Result<Duration> {
    let home = tempfile::tempdir()?;
    let first = backend(alipes, &home, is_refused.then_some(next.refusal()))?;
    let second = backend(alipes, &home, None)?;
    let configuration = configuration(next, route, [first.url(), second.url()]);
    std::fs::write(home.path().join("config.toml"), configuration)?;
    let mut command = alipes.command(home.path());
    command
        .args(["exec", "say hello"])
        .env("FIRST_KEY", KEY)
        .env("SECOND_KEY", KEY);
    let begun = now();
    let ended = process::run(&mut command, LIMIT)?.succeeded("the turn")?;
    let took = begun.elapsed();
    let answered = match next {
        Next::Provider if is_refused => &second,
        _ => &first,
    };
    ensure!(
        ended.stdout.contains("(simulated)") && !answered.lines().is_empty(),
        "another one answered than should:\n{}{}{}",
        ended.said(),
        first.said(),
        second.said()
    );
    Ok(took)
}

fn backend(alipes: &Alipes, home: &TempDir, fault: Option<&str>) -> Result<Server> {
    let latency = format!("{}ms", LATENCY.as_millis());
    let fault = fault.map(|fault| format!("--fault={fault}"));
    let options = ["--latency", &latency].into_iter().chain(fault.as_deref());
    alipes.simulate_with(home.path(), options)
}

/// Both go the same route: `--route` would bind the first one alone.
fn configuration(next: Next, route: &str, [first, second]: [&str; 2]) -> String {
    let common = format!("profile = \"openai-codex\"\nroutes = [\"{route}\"]");
    match next {
        Next::Account => format!(
            "[model]\ndefault = \"first/m\"\n[providers.first]\nbase_url = \"{first}\"\n{common}\n\
             [providers.first.accounts]\none = {{ env = \"FIRST_KEY\" }}\ntwo = {{ env = \"SECOND_KEY\" }}\n"
        ),
        Next::Provider => format!(
            "[model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n\
             [providers.first]\nbase_url = \"{first}\"\n{common}\napi_key = {{ env = \"FIRST_KEY\" }}\n\
             [providers.second]\nbase_url = \"{second}\"\n{common}\napi_key = {{ env = \"SECOND_KEY\" }}\n"
        ),
    }
}

fn millis(length: Duration) -> String {
    format!("{:.0} ms", length.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_told_in_round_trips_and_judged() {
        let cost = |refused| Cost {
            plain: Duration::from_millis(80),
            refused: Duration::from_millis(refused),
        };
        let row = |refused| cost(refused).row(Next::Provider, "sse");
        assert!(
            row(132).contains("| 52 ms | 1.04 | met: at most 1.10 |"),
            "{}",
            row(132)
        );
        assert!(
            row(185).contains("| 105 ms | 2.10 | MISSED"),
            "{}",
            row(185)
        );
        assert!(row(70).contains("| 0 ms | 0.00 | met"), "{}", row(70));
    }
}
