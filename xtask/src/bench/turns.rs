//! `cargo xtask bench turns`: one turn of thirty tool calls behind a long history, over WebSocket and over SSE.
//!
//! Over SSE every step sends the whole conversation again; over WebSocket only what is new. A relay in front of the
//! simulator counts the bytes as they are on the wire, headers, framing and compression included.

use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::facts::{self, Facts};
use super::page;
use super::words::WORDS;
use crate::interop::{Alipes, Cache, Codex, Relay};
use crate::process::{self, Server, now};

const STEPS: usize = 30;

/// Bytes of history in front of the first step.
const HISTORY: usize = 100_000;

/// Of each kind; the medians are shown.
const RUNS: usize = 5;

const LIMIT: Duration = Duration::from_secs(120);

/// Ours over WebSocket may send so much of what it sends over SSE, in percent.
const TARGET: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Sse,
    WebSocket,
}

/// What one turn cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    sent: u64,
    took: Duration,
}

/// The programs and what they are given.
struct Bench {
    alipes: Alipes,
    cache: Cache,
    simulator: Server,
    prompt: PathBuf,
    folder: tempfile::TempDir,
}

/// Measures, prints, and writes the table if asked to; whether ours meets its target.
pub(crate) fn run(write: bool) -> Result<bool> {
    let bench = Bench::open()?;
    let ours = bench.both(Bench::ours)?;
    let theirs = bench.both(Bench::theirs)?;
    let (version, codex_version) = bench.versions()?;
    let facts = Facts::gather()?;
    let table = format!(
        "| program | route | bytes sent | of its SSE | time |\n|---|---|---|---|---|\n{}{}\n\
         One turn of {STEPS} tool calls behind {} kB of history; medians of {RUNS}; {facts}. \
         Both programs compress what they send over WebSocket and nothing over SSE. \
         Target: ours over WebSocket sends at most {TARGET} % of ours over SSE. \
         Again: `cargo xtask bench turns --write`.",
        rows(&version, ours),
        rows(&codex_version, theirs),
        HISTORY / 1_000
    );
    page::publish("turns", &table, write)?;
    let [sse, websocket] = ours;
    Ok(websocket.sent * 100 <= sse.sent * TARGET)
}

impl Bench {
    fn open() -> Result<Self> {
        let alipes = Alipes::released()?;
        let folder = tempfile::tempdir()?;
        let prompt = folder.path().join("prompt.txt");
        std::fs::write(
            &prompt,
            format!("run {STEPS} steps: list the files.\n{}", history()),
        )?;
        Ok(Self {
            simulator: alipes.simulate(folder.path())?,
            cache: Cache::open()?,
            alipes,
            prompt,
            folder,
        })
    }

    /// The medians over SSE and over WebSocket.
    fn both(&self, turn: impl Fn(&Self, Route) -> Result<Cost>) -> Result<[Cost; 2]> {
        let median = |route| {
            let costs: Result<Vec<Cost>> = (0..RUNS).map(|_| turn(self, route)).collect();
            middle(costs?)
        };
        Ok([median(Route::Sse)?, median(Route::WebSocket)?])
    }

    fn ours(&self, route: Route) -> Result<Cost> {
        let relay = Relay::start(self.simulator.url())?;
        let home = tempfile::tempdir()?;
        let mut command = self.alipes.command(home.path());
        command
            .args(["exec", "--profile", "openai-codex", "--model", "sim/x"])
            .args(["--base-url", relay.url(), "--route", route.name(), "-"])
            .current_dir(self.folder.path());
        self.cost(&mut command, &relay, route)
    }

    fn theirs(&self, route: Route) -> Result<Cost> {
        let relay = Relay::start(self.simulator.url())?;
        let codex = Codex::new(&self.cache, relay.url(), route == Route::WebSocket)?;
        self.cost(&mut codex.exec(self.folder.path(), "-"), &relay, route)
    }

    /// Runs one turn, and makes sure that it was one, and on that route.
    fn cost(&self, command: &mut Command, relay: &Relay, route: Route) -> Result<Cost> {
        let started = now();
        let prompt = Stdio::from(File::open(&self.prompt)?);
        let ended = process::run_fed(command, prompt, LIMIT)?.succeeded("the turn")?;
        let took = started.elapsed();
        let posts = relay.count("POST /v1/responses");
        let is_complete = match route {
            Route::Sse => posts > STEPS,
            Route::WebSocket => posts == 0 && relay.count("HTTP/1.1 101") == 1,
        };
        let file = self.prompt.file_name().and_then(|name| name.to_str());
        let has_listed = file.is_some_and(|file| ended.stdout.matches(file).count() >= STEPS);
        ensure!(
            is_complete && has_listed,
            "the turn did not go over {} in {STEPS} steps; the relay saw {:#?}\n{}",
            route.name(),
            relay.lines(),
            ended.said()
        );
        Ok(Cost {
            sent: relay.sent(),
            took,
        })
    }

    fn versions(&self) -> Result<(String, String)> {
        let codex = Codex::new(&self.cache, self.simulator.url(), false)?;
        let mut ours = self.alipes.command(self.folder.path());
        Ok((
            facts::version(ours.arg("--version"))?,
            facts::version(codex.command().arg("--version"))?,
        ))
    }
}

impl Route {
    fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
        }
    }
}

/// The median of both numbers by themselves.
fn middle(costs: Vec<Cost>) -> Result<Cost> {
    let (mut sent, mut took): (Vec<_>, Vec<_>) =
        costs.iter().map(|cost| (cost.sent, cost.took)).unzip();
    sent.sort_unstable();
    took.sort_unstable();
    let middle = costs.len() / 2;
    Ok(Cost {
        sent: *sent.get(middle).context("nothing was measured")?,
        took: *took.get(middle).context("nothing was measured")?,
    })
}

fn rows(program: &str, [sse, websocket]: [Cost; 2]) -> String {
    let mut rows = String::new();
    for (route, cost) in [("SSE", sse), ("WebSocket", websocket)] {
        let per_mille = cost.sent * 1_000 / sse.sent.max(1);
        let _ = writeln!(
            rows,
            "| {program} | {route} | {} kB | {}.{} % | {:.2} s |",
            cost.sent / 1_000,
            per_mille / 10,
            per_mille % 10,
            cost.took.as_secs_f64()
        );
    }
    rows
}

/// Words in an order that does not repeat, so that compression finds no more in them than in prose.
fn history() -> String {
    let mut text = String::with_capacity(HISTORY + 16);
    let mut state: u32 = 1;
    while text.len() < HISTORY {
        // A linear congruential generator, with the constants of Numerical Recipes.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = WORDS.get((state >> 28) as usize).unwrap_or(&"and");
        text.push_str(word);
        text.push(' ');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_as_long_as_it_says_and_does_not_repeat_itself() {
        let history = history();
        assert!(history.len().abs_diff(HISTORY) < 16);
        let (start, rest) = history.split_at(200);
        assert!(!rest.contains(start));
    }

    #[test]
    fn the_middle_is_taken_of_each_number() {
        let cost = |sent, seconds| Cost {
            sent,
            took: Duration::from_secs(seconds),
        };
        let middle = middle(vec![cost(1, 9), cost(3, 7), cost(2, 8)]).unwrap();
        assert_eq!((middle.sent, middle.took.as_secs()), (2, 8));
    }
}
