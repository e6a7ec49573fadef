//! Our client against llama.cpp's server for Python, with a tiny model of random weights: a real model's stream, whose
//! text nobody planned and some of whose bytes are no text.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::report::{Report, with_words_of};
use super::{Alipes, Cache, TURN_LIMIT};
use crate::process::{self, Finished, Server, without_proxy};

/// The model says something else each time; none of it may matter.
const TURNS: usize = 3;

/// Some turns, and the list of models.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let python = cache.llama()?;
    let mut command = Command::new(python);
    without_proxy(&mut command).arg(cache.script("llama_server.py"));
    let server = Server::start(&mut command)?;
    for number in 1..=TURNS {
        report.check(&format!("llama.cpp turn {number}"), || {
            with_words_of(&server, turn(alipes, &server))
        });
    }
    Ok(())
}

/// Its text is told piece by piece and whole, and its tokens are counted.
fn turn(alipes: &Alipes, server: &Server) -> Result<()> {
    let home = tempfile::tempdir()?;
    let mut command = alipes.command(home.path());
    command
        .args(["exec", "--json", "--model", "llama.cpp/random"])
        // The Python one of the two servers has no Responses.
        .args(["--dialect", "chat"])
        .args(["--base-url", server.url(), "say hello"]);
    let ended = process::run(&mut command, TURN_LIMIT)?.succeeded("alipes exec")?;
    let told = told(&ended)?;
    let of_kind = |kind: &'static str| told.iter().filter(move |event| event["type"] == kind);
    let pieces: String = of_kind("text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    let completed = of_kind("turn.completed").next();
    let completed = completed.with_context(|| format!("the turn did not complete: {told:#?}"))?;
    ensure!(
        !pieces.trim().is_empty(),
        "the model said nothing: {completed}"
    );
    ensure!(
        completed["text"] == pieces,
        "the pieces are not the whole: {pieces:?}, {completed}"
    );
    ensure!(
        of_kind("attempt.fault").next().is_none(),
        "a fault was told: {told:#?}"
    );
    Ok(())
}

fn told(ended: &Finished) -> Result<Vec<Value>> {
    let lines = ended.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
        .collect()
}
