//! `cargo xtask full`: everything that takes too long for every change, run by hand before something is given away.

use std::time::Duration;

use anyhow::Result;

use crate::bench::{self, Facts};
use crate::corpus;
use crate::fuzz;
use crate::interop;
use crate::kills;
use crate::process::now;

/// Runs of each program in `bench start`.
const RUNS: u32 = 20;

/// A part: its command, and what runs it; benches may write their tables.
type Part = (&'static str, fn(write: bool) -> Result<bool>);

const PARTS: &[Part] = &[
    ("seeds", |_write| {
        corpus::seeds(corpus::SEEDS).map(|()| true)
    }),
    ("interop --profile release", |write| {
        interop::run(&interop::Arguments::of(interop::Part::All, write))
    }),
    ("interop litellm", |write| {
        interop::run(&interop::Arguments::of(interop::Part::Litellm, write))
    }),
    ("interop llamacpp", |write| {
        interop::run(&interop::Arguments::of(interop::Part::Llamacpp, write))
    }),
    ("interop serve", |write| {
        interop::run(&interop::Arguments::of(interop::Part::Serve, write))
    }),
    ("interop traces", |write| {
        interop::run(&interop::Arguments::of(interop::Part::Traces, write))
    }),
    ("interop prometheus", |write| {
        interop::run(&interop::Arguments::of(interop::Part::Prometheus, write))
    }),
    ("bench start", |write| {
        bench::start(RUNS, write).map(|()| true)
    }),
    ("bench chat", bench::chat),
    ("bench codec", bench::codec),
    ("bench fallback", bench::fallback),
    ("bench turns", bench::turns),
    ("bench store", bench::store),
    ("bench see", bench::see),
    ("bench overhead", |write| {
        bench::overhead(&bench::Overhead::everything(write))
    }),
    ("kills", |_write| kills::run()),
    ("fuzz", |_write| fuzz::run(&fuzz::Arguments::everything())),
    ("bench recovery", |write| {
        bench::recovery(&bench::Recovery::everything(write))
    }),
];

/// Runs all parts, also after one has failed, and prints a table; whether all were well.
pub(crate) fn run(write: bool) -> Result<bool> {
    let rows: Vec<_> = PARTS.iter().map(|part| one(part, write)).collect();
    let facts = Facts::gather()?;
    println!("\n| part | outcome | took |\n|---|---|---|");
    for (name, outcome, took) in &rows {
        println!(
            "| `cargo xtask {name}` | {outcome} | {} s |",
            took.as_secs()
        );
    }
    println!("\n{facts}");
    Ok(rows.iter().all(|(_, outcome, _)| outcome == "ok"))
}

fn one((name, part): &Part, write: bool) -> (&'static str, String, Duration) {
    println!("\n== {name}");
    let started = now();
    let outcome = match part(write) {
        Ok(true) => "ok".to_owned(),
        Ok(false) => "failed".to_owned(),
        Err(error) => format!("error: {error:#}").replace('\n', " "),
    };
    println!("{outcome}");
    (name, outcome, started.elapsed())
}
