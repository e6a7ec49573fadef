//! Other people's clients in trouble, alone and behind `alipes serve`.
//!
//! The same client, as it comes, meets the same trouble twice: once with the simulated provider as its own, once with
//! our server between them. Alone it may do what it likes; behind our server it has to get its answer, once.

mod claude_code;
mod clients;
mod faults;
mod open_responses;
mod opencode;
mod outcome;
mod page;
mod printed;
mod refusals;
mod stage;
mod tools;
mod websocket_server;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use self::clients::{CLIENTS, Client};
use self::faults::{FAULTS, Fault};
pub(super) use self::open_responses::check as check_open_responses;
use self::outcome::Outcome;
use self::page::Meeting;
use self::printed::Reader;
use self::stage::{Behind, Stage};
pub(super) use self::websocket_server::check as check_websocket_server;
use super::report::Report;
use super::{Alipes, Arguments, Cache, codex};
use crate::bench::{self, Facts};
use crate::lanes::in_lanes;
use crate::process::now;
use crate::workspace;

/// When a client that has not ended is stopped.
const CAP: Duration = Duration::from_secs(60);

/// Clients at a time, and between their beginnings: most of them mostly wait.
const LANES: (u32, Duration) = (6, Duration::from_millis(500));

const PROMPT: &str = "hello";

/// What is quick, and in every run: clients and faults by parts of their names.
const SOME: ([&str; 2], [&str; 2]) = (
    ["Codex CLI, WebSocket", "Python, responses"],
    ["cut", "upgrade"],
);

/// Those of which a turn with a tool is in every run: they are installed anyway.
const SOME_TOOLS: &str = "SDK for Python";

/// The clients whose errors are looked at in every run.
const SOME_REFUSALS: [&str; 2] = ["Python, responses", "Anthropic"];

type Pair = (&'static Client, &'static Fault);

/// Everything, and the table into README.md where asked to.
pub(super) fn check(
    report: &mut Report,
    alipes: &Alipes,
    cache: &Cache,
    arguments: &Arguments,
) -> Result<()> {
    let is_wanted = |(client, fault): &Pair| {
        let is_named = |part: &String| client.name.contains(part) || fault.name.contains(part);
        arguments.only.is_empty() || arguments.only.iter().any(is_named)
    };
    let mut pairs: Vec<Pair> = pairs().filter(is_wanted).collect();
    ensure!(
        !pairs.is_empty(),
        "no client and no fault is called {}",
        arguments.only.join(" or ")
    );
    let mut clients: Vec<&'static Client> = CLIENTS
        .iter()
        .filter(|client| pairs.iter().any(|(wanted, _)| wanted.name == client.name))
        .collect();
    clients.retain(|client| can_be_had(client, cache));
    pairs.retain(|(wanted, _)| clients.iter().any(|client| client.name == wanted.name));
    check_codex_tools(report, alipes, cache);
    tools::check(report, alipes, cache, &clients)?;
    if arguments.only.is_empty() {
        printed::check(report, alipes, cache, &Reader::ALL);
        refusals::check(report, alipes, cache, &[])?;
    }
    let table = play(report, alipes, cache, &pairs)?;
    if arguments.write {
        let file = workspace::root()?.join("README.md");
        bench::put(&file, "serve", &table)?;
    }
    Ok(())
}

/// What clients show when they are refused.
pub(super) fn check_refusals(
    report: &mut Report,
    alipes: &Alipes,
    cache: &Cache,
    arguments: &Arguments,
) -> Result<()> {
    refusals::check(report, alipes, cache, &arguments.only)
}

/// The short part.
pub(super) fn check_some(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let (clients, faults) = SOME;
    let is_some = |(client, fault): &Pair| {
        clients.iter().any(|part| client.name.contains(part))
            && faults.iter().any(|part| fault.name.contains(part))
    };
    let pairs: Vec<Pair> = pairs().filter(is_some).collect();
    let has_tools = |client: &&'static Client| client.name.contains(SOME_TOOLS);
    let clients: Vec<_> = CLIENTS.iter().filter(has_tools).collect();
    check_codex_tools(report, alipes, cache);
    tools::check(report, alipes, cache, &clients)?;
    printed::check(report, alipes, cache, &Reader::QUICK);
    let some = SOME_REFUSALS.map(ToOwned::to_owned);
    refusals::check(report, alipes, cache, &some)?;
    play(report, alipes, cache, &pairs).map(|_| ())
}

/// Installs a client, or says why this machine cannot have it. One after the other: their folders are shared.
fn can_be_had(client: &Client, cache: &Cache) -> bool {
    match client.install(cache) {
        Ok(()) => true,
        Err(error) => {
            Report::skip(&format!("serve {}", client.name), &format!("{error:#}"));
            false
        }
    }
}

/// A turn of the Codex CLI in which a tool writes, through our server, on both routes.
fn check_codex_tools(report: &mut Report, alipes: &Alipes, cache: &Cache) {
    for (route, websocket) in [("sse", false), ("websocket", true)] {
        report.check(&format!("serve codex {route} tool turn"), || {
            let stage = Stage::healthy(alipes, "responses")?;
            codex::tool_turn(cache, stage.url(), websocket).with_context(|| stage.said())
        });
    }
}

/// Every client with all that can happen to it.
fn pairs() -> impl Iterator<Item = Pair> {
    FAULTS.iter().flat_map(|fault| {
        let strikes = |client: &&Client| fault.on(client.way).is_some();
        CLIENTS
            .iter()
            .filter(strikes)
            .map(move |client| (client, fault))
    })
}

/// Lets them meet, several at a time; prints and returns the table.
fn play(report: &mut Report, alipes: &Alipes, cache: &Cache, pairs: &[Pair]) -> Result<String> {
    let meetings = Mutex::new(Vec::new());
    let report = Mutex::new(report);
    in_lanes(LANES, pairs, |pair| {
        let meeting = meet(alipes, cache, *pair, &report)?;
        meetings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(meeting);
        Ok(())
    })?;
    let meetings = meetings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let facts = Facts::gather()?;
    let table = format!(
        "{}\n\nAlone → behind `alipes serve`, {facts}; **hangs** is more than {} s. Again: `cargo xtask interop serve`.",
        page::table(&meetings),
        CAP.as_secs()
    );
    println!("\n{table}\n");
    Ok(table)
}

/// One client in one trouble, both ways, one after the other.
fn meet(
    alipes: &Alipes,
    cache: &Cache,
    (client, fault): Pair,
    report: &Mutex<&mut Report>,
) -> Result<Meeting> {
    let one = |behind| turn(alipes, cache, (client, fault), behind);
    let (alone, served) = (one(Behind::Nothing)?, one(Behind::Serve)?);
    let name = format!("serve {}, {}", client.name, fault.name);
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.tell(&name, served.result(), served.took());
    Ok(Meeting {
        client: client.name,
        fault: fault.name,
        alone,
        served,
    })
}

fn turn(alipes: &Alipes, cache: &Cache, (client, fault): Pair, behind: Behind) -> Result<Outcome> {
    let stage = Stage::open(alipes, fault, client.way, behind)?;
    let folder = tempfile::tempdir()?;
    let started = now();
    let ended = client.turn(cache, stage.url(), (folder.path(), PROMPT), CAP);
    let outcome = Outcome::of(ended, started.elapsed(), CAP);
    Ok(outcome.with_words(|| stage.said()))
}
