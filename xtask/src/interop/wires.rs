//! Our client over wires that go dead without a word: what only the clocks and pings of the client can notice.
//!
//! Each is run with the built binary on real sockets. What is asserted is the outcome: the whole answer, once, and
//! the trouble called by its name; never the clock, beyond caps that nobody meets who works at all.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::namespaces::{Namespaces, SERVER, Side};
use super::relay::Relay;
use super::report::Report;
use super::running::Running;
use super::{Alipes, TURN_LIMIT};
use crate::process::{Server, now};

/// Bytes of answers that the relay lets pass: the upgrade's and the first events.
const BEFORE_THE_FREEZE: u64 = 1_500;

/// How the answer to "say hello" begins and ends; each stands in it once.
const OPENING: &str = "(simulated) Hello!";
const ENDING: &str = "or to describe this folder.";

/// The three wires, side by side: everybody mostly waits.
pub(super) fn check(report: &mut Report, alipes: &Alipes) {
    const BLACK_HOLE: &str = "a network that swallows every packet for a while";
    let namespaces = Namespaces::make();
    let lost = |namespaces| move || black_hole(alipes, namespaces);
    std::thread::scope(|scope| {
        let timed = |check: &dyn Fn() -> Result<()>| {
            let started = now();
            (check(), started.elapsed())
        };
        let relay = scope.spawn(move || timed(&|| frozen_relay(alipes)));
        let pings = scope.spawn(move || timed(&|| withheld_pings(alipes)));
        let hole = namespaces.as_ref().map(|namespaces| {
            let check = lost(namespaces);
            scope.spawn(move || timed(&check))
        });
        let mut tell = |name, thread: std::thread::ScopedJoinHandle<'_, (Result<()>, Duration)>| {
            let (outcome, took) = thread.join().unwrap_or_else(|_| {
                let broke = Err(anyhow::anyhow!("the check broke"));
                (broke, Duration::ZERO)
            });
            report.tell(name, outcome, took);
        };
        tell("a relay that freezes in mid-answer", relay);
        tell(
            "an HTTP/2 server that withholds PING acknowledgements",
            pings,
        );
        match hole {
            Ok(hole) => tell(BLACK_HOLE, hole),
            Err(why) => Report::skip(BLACK_HOLE, &format!("{why:#}").replace('\n', " ")),
        }
    });
}

/// The connection stays open and nothing passes: left by the ping, asked again, the text replaced.
fn frozen_relay(alipes: &Alipes) -> Result<()> {
    let home = tempfile::tempdir()?;
    let server = Server::start(&mut simulate(alipes, &home, "127.0.0.1", &[]))?;
    let relay = Relay::freezing(server.url(), BEFORE_THE_FREEZE)?;
    let mut command = exec(alipes, &home, relay.url(), &[]);
    let told = Running::start(&mut command, home.path())?.ends(TURN_LIMIT)?;
    names(&told, "edge-dead")?;
    whole(&told)?;
    ensure!(
        relay.count("GET ") == 2,
        "it did not open a second WebSocket"
    );
    Ok(())
}

/// A server that never acknowledged a ping is not taken for dead, but asked once more beside; it is only slow.
fn withheld_pings(alipes: &Alipes) -> Result<()> {
    let home = tempfile::tempdir()?;
    let authority = home.path().join("authority.pem");
    let faults = [
        "--fault",
        "http2-pings-unanswered",
        "--fault",
        "sse-late-first-event@1",
    ];
    let mut command = simulate(alipes, &home, "127.0.0.1", &faults);
    let server = Server::start(command.args(["--tls", "--ca-out"]).arg(&authority))?;
    let mut command = exec(alipes, &home, server.url(), &["--route", "sse"]);
    command.env("ALIPES_CA_FILE", &authority);
    let told = Running::start(&mut command, home.path())?.ends(TURN_LIMIT)?;
    let hedges = |event: &&Value| event["type"] == "attempt.hedged" && event["limit"] == "pong";
    told.iter()
        .find(hedges)
        .context("no second request was sent beside the first")?;
    let is_fault = |event: &Value| event["type"] == "attempt.fault";
    ensure!(
        !told.iter().any(is_fault),
        "a server that is only slow was given up"
    );
    whole(&told)
}

/// The way back vanishes in the middle of the text, and returns when the client has noticed.
fn black_hole(alipes: &Alipes, namespaces: &Namespaces) -> Result<()> {
    let home = tempfile::tempdir()?;
    let simulate = simulate(alipes, &home, SERVER, &["--pace", "100ms"]);
    let server = Server::start(&mut namespaces.command(Side::Server, &simulate))?;
    let exec = exec(alipes, &home, server.url(), &[]);
    let mut client = Running::start(&mut namespaces.command(Side::Client, &exec), home.path())?;
    client.tells(|event| event["type"] == "text.delta", TURN_LIMIT)?;
    namespaces.lose()?;
    client.tells(|event| event["type"] == "attempt.fault", TURN_LIMIT)?;
    namespaces.mend()?;
    let told = client.ends(TURN_LIMIT)?;
    names(&told, "edge-dead")?;
    whole(&told)
}

fn simulate(alipes: &Alipes, home: &TempDir, address: &str, arguments: &[&str]) -> Command {
    let mut command = alipes.command(home.path());
    command.args(["simulate", "--listen", &format!("{address}:0")]);
    command.args(arguments);
    command
}

fn exec(alipes: &Alipes, home: &TempDir, url: &str, arguments: &[&str]) -> Command {
    let mut command = alipes.command(home.path());
    command.args([
        "exec",
        "--json",
        "--profile",
        "openai-codex",
        "--model",
        "sim/x",
    ]);
    command.args(["--base-url", url]).args(arguments);
    command.arg("say hello");
    command
}

/// The first fault has this cause.
fn names(told: &[Value], cause: &str) -> Result<()> {
    let fault = told.iter().find(|event| event["type"] == "attempt.fault");
    let fault = fault.context("no fault was told")?;
    ensure!(
        fault["cause"] == cause,
        "expected {cause}, but told was {fault}"
    );
    Ok(())
}

/// The answer is there from its beginning to its end, once.
fn whole(told: &[Value]) -> Result<()> {
    let text = told
        .iter()
        .find(|event| event["type"] == "turn.completed")
        .and_then(|event| event["text"].as_str())
        .context("no answer was told")?;
    for part in [OPENING, ENDING] {
        let count = text.matches(part).count();
        ensure!(
            count == 1,
            "`{part}` stands {count} times in the answer: {text}"
        );
    }
    Ok(())
}
