//! Our traces before a stranger's decoder: a call that is mended is one trace, with a span for each attempt.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::report::{Report, with_words_of};
use super::{Alipes, Cache, TURN_LIMIT};
use crate::process::{self, Server, now, without_proxy};

/// A receiver that is away may hold a turn up for so long: the process waits a little for its last words.
const AWAY_LIMIT: Duration = Duration::from_secs(20);

/// The kind of a span that asks somebody else, and the status of one that failed (`trace.proto`).
const CLIENT: u64 = 3;
const ERROR: u64 = 2;

/// A program that was built with the feature `traces`.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let python = cache.otlp()?;
    report.check("traces: a mended call is a trace with its attempts", || {
        let mut receiver = Command::new(&python);
        without_proxy(&mut receiver).arg(cache.script("traces.py"));
        let receiver = Server::start(&mut receiver)?;
        let home = tempfile::tempdir()?;
        turn(alipes, home.path(), receiver.url())?;
        let id = last(alipes, home.path())?;
        let told = judged(&receiver.lines(), &id);
        with_words_of(&receiver, told)
    });
    report.check("traces: a receiver that is away is one warning", || {
        let home = tempfile::tempdir()?;
        let begun = now();
        let said = turn(alipes, home.path(), "http://127.0.0.1:9")?;
        let warnings = said.lines().filter(|line| line.contains("traces"));
        let warnings: Vec<&str> = warnings.collect();
        ensure!(warnings.len() == 1, "not one warning:\n{said}");
        ensure!(begun.elapsed() < AWAY_LIMIT, "the turn was held up");
        Ok(())
    });
    Ok(())
}

/// A turn that is cut once; what it said beside its answer.
fn turn(alipes: &Alipes, home: &Path, receiver: &str) -> Result<String> {
    let backend = alipes.simulate_with(home, ["--fault", "sse-cut-after-text@1"])?;
    let mut exec = alipes.command(home);
    exec.args([
        "exec",
        "--model",
        "sim/m",
        "--base-url",
        backend.url(),
        "hi",
    ])
    .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver);
    let ended = process::run(&mut exec, TURN_LIMIT)?.succeeded("alipes exec")?;
    Ok(ended.stderr)
}

/// The id of the last call, in digits.
fn last(alipes: &Alipes, home: &Path) -> Result<String> {
    let mut command = alipes.command(home);
    command.args(["calls", "-n", "1", "--json"]);
    let said = process::run(&mut command, TURN_LIMIT)?.succeeded("alipes calls")?;
    let call: Value = serde_json::from_str(said.stdout.trim())?;
    let id = call["id"].as_str().and_then(|id| id.strip_prefix("call_"));
    Ok(id.context("a call without an id")?.to_owned())
}

fn judged(lines: &[String], id: &str) -> Result<()> {
    let spans: Result<Vec<Value>, _> = lines
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect();
    let spans = spans.context("the receiver printed something else")?;
    let (of_call, others): (Vec<&Value>, Vec<&Value>) =
        spans.iter().partition(|span| span["parent"] == "");
    let [call] = of_call[..] else {
        anyhow::bail!("{} spans have no parent", of_call.len());
    };
    ensure!(
        call["trace"] == *id,
        "the trace is {}, not {id}",
        call["trace"]
    );
    ensure!(call["kind"] == CLIENT, "its kind is {}", call["kind"]);
    ensure!(
        call["resource"]["service.name"] == "alipes",
        "{}",
        call["resource"]
    );
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "sim"),
        ("gen_ai.request.model", "m"),
    ] {
        let told = &call["attributes"][name];
        ensure!(told == value, "{name} is {told}");
    }
    ensure!(
        call["attributes"]["gen_ai.usage.output_tokens"].as_u64() > Some(0),
        "no tokens are told"
    );
    let [cut, done] = others[..] else {
        anyhow::bail!("{} attempts, not two", others.len());
    };
    for attempt in [cut, done] {
        ensure!(
            attempt["parent"] == call["span"],
            "an attempt of another call"
        );
        ensure!(
            attempt["begun"].as_u64() >= call["begun"].as_u64()
                && attempt["ended"].as_u64() <= call["ended"].as_u64(),
            "an attempt lies outside its call"
        );
    }
    ensure!(cut["attributes"]["error.type"] == "cut", "{cut}");
    ensure!(
        cut["status"] == ERROR && done["status"] == 0,
        "{cut} {done}"
    );
    let events = cut["events"].as_array().context("no events")?;
    ensure!(events.iter().any(|phase| phase == "headers"), "{cut}");
    Ok(())
}
