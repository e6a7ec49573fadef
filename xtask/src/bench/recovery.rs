//! `cargo xtask bench recovery`: the same trouble for ours, the real Codex CLI and the real Hermes Agent.
//!
//! In each row every system meets the same fault at the same time, each on a simulated backend of its own, and is
//! watched from outside: when the user is told, when the answer or the final error is there, how often the backend
//! was asked. Rows in which everybody mostly waits run several at a time; all others one after the other, because
//! there parts of a second count.

mod observed;
mod page;
mod results;
mod rows;
mod stage;
mod system;
mod verdict;
mod watch;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use self::results::{Results, RowResult};
use self::rows::{ROWS, Row};
use self::system::{System, Systems};
use super::facts;
use crate::interop::{Alipes, Cache};
use crate::lanes::in_lanes;
use crate::workspace::{self, Profile};

/// Rows at a time where everybody mostly waits.
const LANES: u32 = 6;

/// Between the beginnings of two lanes.
const APART: Duration = Duration::from_secs(2);

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only rows whose name contains one of these.
    #[arg(long, value_name = "FAULT", num_args = 1.., conflicts_with = "write")]
    only: Vec<String>,
    /// When a system that has not ended is stopped, such as 60s.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = cap)]
    cap: Duration,
    /// Only these systems; such a look is not kept.
    #[arg(long, value_enum, value_name = "SYSTEM", num_args = 1.., conflicts_with = "write")]
    system: Vec<System>,
    /// Keep the rows that an earlier run measured with the same binary.
    #[arg(long)]
    resume: bool,
    /// A built `alipes`, in place of a fresh release build.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Put the tables between the markers in docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

impl Arguments {
    /// All rows and all systems.
    pub(crate) fn everything(write: bool) -> Self {
        Self {
            only: Vec::new(),
            cap: Duration::from_secs(60),
            system: Vec::new(),
            resume: false,
            binary: None,
            write,
        }
    }
}

/// Measures, prints, and writes if asked to; whether every row of ours meets its target.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let rows = chosen(&arguments.only)?;
    let systems = install(arguments.binary.clone())?;
    let wanted = match arguments.system.as_slice() {
        [] => System::ALL.to_vec(),
        some => some.to_vec(),
    };
    let results = Mutex::new(Results::open(&systems.alipes.binary)?);
    let due: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| !arguments.resume || locked(&results).get(&row.name()).is_none())
        .collect();
    let (waiting, quick): (Vec<&Row>, Vec<&Row>) =
        due.iter().partition(|row| row.is_mostly_waiting());
    let measure = |row: &Row| -> Result<()> {
        let result = measure(&systems, &wanted, row, arguments.cap)?;
        println!("{}", page::line(row, &result));
        let mut results = locked(&results);
        results.put(result);
        match arguments.system.as_slice() {
            [] => results.save(),
            _ => Ok(()),
        }
    };
    quick.iter().try_for_each(|row| measure(row))?;
    in_lanes((LANES, APART), &waiting, |row| measure(row))?;

    tell(&rows, &locked(&results), &systems, arguments)
}

/// Prints the page and what was missed; whether nothing was.
fn tell(
    rows: &[&Row],
    results: &Results,
    systems: &Systems,
    arguments: &Arguments,
) -> Result<bool> {
    let page = page::page(rows, results, &versions(systems)?, arguments.cap)?;
    let misses = page::misses(rows, results);
    let met = rows.len() - misses.len();
    super::page::publish("recovery", &page, arguments.write)?;
    println!("\n{met} of {} rows meet their target", rows.len());
    misses.iter().for_each(|miss| println!("  {miss}"));
    Ok(misses.is_empty())
}

/// The rows that `--only` names; all without it.
fn chosen(only: &[String]) -> Result<Vec<&'static Row>> {
    let is_chosen =
        |row: &&Row| only.is_empty() || only.iter().any(|part| row.name().contains(part));
    let rows: Vec<_> = ROWS.iter().filter(is_chosen).collect();
    let names = || ROWS.iter().map(Row::name).collect::<Vec<_>>().join("\n  ");
    ensure!(
        !rows.is_empty(),
        "no row is called {}; there are\n  {}",
        only.join(" or "),
        names()
    );
    Ok(rows)
}

fn install(binary: Option<PathBuf>) -> Result<Systems> {
    let binary = match binary {
        Some(binary) => binary
            .canonicalize()
            .with_context(|| format!("there is no {}", binary.display()))?,
        None => workspace::build(Profile::Release)?,
    };
    let cache = Cache::open()?;
    let hermes = cache.hermes();
    if let Err(error) = &hermes {
        println!("Hermes Agent is not installed: {error:#}");
    }
    Ok(Systems {
        alipes: Alipes { binary },
        cache,
        hermes: hermes.ok(),
    })
}

/// All systems in one row, side by side.
fn measure(systems: &Systems, wanted: &[System], row: &Row, cap: Duration) -> Result<RowResult> {
    std::thread::scope(|scope| {
        let running: Vec<_> = wanted
            .iter()
            .map(|system| (*system, scope.spawn(|| systems.run(*system, row, cap))))
            .collect();
        let mut result = RowResult::of(row.name());
        for (system, thread) in running {
            let name = system.name();
            let ended = thread
                .join()
                .ok()
                .with_context(|| format!("watching {name} broke"))?;
            if let Some(observed) = ended.with_context(|| format!("{name}, {}", row.name()))? {
                result.add(system, observed);
            }
        }
        Ok(result)
    })
}

fn versions(systems: &Systems) -> Result<Vec<String>> {
    let mut ours = std::process::Command::new(&systems.alipes.binary);
    let mut codex = std::process::Command::new(systems.cache.codex()?);
    let hermes = match systems.hermes {
        Some(_) => Cache::HERMES.replace("==", " "),
        None => "Hermes Agent not installed".to_owned(),
    };
    Ok(vec![
        facts::version(ours.arg("--version"))?,
        facts::version(codex.arg("--version"))?,
        hermes,
    ])
}

fn locked(results: &Mutex<Results>) -> std::sync::MutexGuard<'_, Results> {
    results.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `60s` or `60`.
fn cap(text: &str) -> Result<Duration, String> {
    let seconds = text.trim_end_matches('s').parse::<u64>();
    match seconds {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1s to 3600s".to_owned()),
    }
}
