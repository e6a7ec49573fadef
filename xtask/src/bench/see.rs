//! `cargo xtask bench see`: what it costs to see what happened, with a million calls on record.
//!
//! Lists are timed as a person gets them: the program from its start to its end. What recording costs those who
//! answer is the difference between two servers in one run, of which one has no store to record in.

mod doctor;
mod fill;
mod lists;
mod status;

use std::time::Duration;

use anyhow::Result;

use super::facts::Facts;
use super::overhead::{self, Recording};
use super::target::{all_met, verdict};
use super::times::Times;
use super::{page, release};
use crate::interop::Alipes;
use crate::workspace::{self, Profile};

/// What recording may take of a call on its way, and of what the server answers in a second.
const HOT: f64 = 20.0;
const SHARE: f64 = 1.0;

/// How much is looked through, and how often.
#[derive(Clone, Copy)]
struct Size {
    calls: usize,
    /// Runs of each command; doctor, which takes its time, is run a tenth as often.
    runs: usize,
}

/// What the targets are about.
const WHOLE: Size = Size {
    calls: 1_000_000,
    runs: 50,
};

/// What shows that every row can be measured.
const QUICK: Size = Size {
    calls: 20_000,
    runs: 3,
};

/// Measures, prints the table, and writes it if asked to; whether all targets are met.
pub(crate) fn run(write: bool) -> Result<bool> {
    if !release::IS_RELEASE {
        return release::again("see", write);
    }
    let table = table(Profile::Release, WHOLE)?;
    page::publish("see", &table, write)?;
    Ok(all_met(&table))
}

/// Goes through all of it with a debug build and few calls, whose numbers prove nothing.
pub(crate) fn quick() -> Result<bool> {
    println!("{}", table(Profile::Dev, QUICK)?);
    Ok(true)
}

fn table(profile: Profile, size: Size) -> Result<String> {
    let alipes = Alipes {
        binary: workspace::build(profile)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let recording = runtime.block_on(overhead::recording(&alipes))?;
    let home = workspace::folder_on_disk()?;
    let filled = runtime.block_on(fill::records(&home.path().join("store"), size.calls))?;
    let mut rows = of_recording(&recording);
    rows.extend(lists::rows(&alipes, home.path(), size.runs)?);
    rows.push(status::row(&alipes, home.path(), size.runs)?);
    rows.push(doctor::row(&alipes, size.runs.div_ceil(10))?);
    let facts = Facts::gather()?;
    Ok(format!(
        "| what | half within | 99 % within | target |\n|---|---|---|---|\n{}\n\n\
         {} calls of thirty days on record, {} MB, written in {} s; {} runs each; {facts}. Again: \
         `cargo xtask bench see --write`.",
        rows.join("\n"),
        size.calls,
        filled.bytes / 1_000_000,
        filled.took.as_secs(),
        size.runs,
    ))
}

fn of_recording(recording: &Recording) -> Vec<String> {
    let share = recording.share();
    let mut rows = Vec::new();
    if let Some((hot, all)) = recording.taken() {
        rows.push(format!(
            "| recording a call, on its way | {hot:.1} µs | | {} |",
            verdict(hot <= HOT, &format!("at most {HOT:.0} µs"))
        ));
        rows.push(format!(
            "| the same with what is written behind it | {all:.1} µs | | |"
        ));
    }
    rows.push(format!(
        "| of what `serve` answers in a second | {share:.1} % | | {} |",
        verdict(share <= SHARE, &format!("at most {SHARE:.0} %"))
    ));
    rows
}

/// The row of a command that took so long each time.
fn told(name: &str, times: Vec<Duration>, target: Duration) -> String {
    let times = Times::of(times);
    format!(
        "| `{name}` | {} | {} | {} |",
        millis(times.middle()),
        millis(times.at(99)),
        verdict(
            times.at(99) <= target,
            &format!("99 % within {}", millis(target))
        )
    )
}

fn millis(length: Duration) -> String {
    format!("{:.1} ms", length.as_secs_f64() * 1_000.0)
}
