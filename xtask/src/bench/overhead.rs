//! `cargo xtask bench overhead`: what `alipes serve` adds between a client and its provider.
//!
//! The same requests go to the backend itself and through our server, in turns in one run; what is
//! added is the difference. A bare pass-through of hyper goes beside it, because whatever stands between
//! two sockets costs at least that. Backend, driver and what is measured share the machine's cores.

mod asking;
mod closed_loop;
mod latency;
mod load;
mod pass_through;
mod question;
mod samples;
mod streams;
mod system;
mod usage;

use alipes_base::Clock;
use anyhow::Result;

pub(crate) use self::pass_through::run as pass_through;
use self::system::{Backend, System};
use super::facts::Facts;
use super::{page, release};
use crate::workspace;

/// How to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Short rounds, to see that it works: the numbers say little.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Load for ten minutes where memory is watched, instead of one.
    #[arg(long)]
    long: bool,
    /// Put the tables between the markers in docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// Everybody who is asked.
struct Stage {
    backend: Backend,
    direct: System,
    bare: System,
    serve: System,
    rounds: Rounds,
    _home: tempfile::TempDir,
}

/// How often and how long each is asked, in turns.
#[derive(Clone, Copy, Debug)]
struct Rounds {
    count: u32,
    length: std::time::Duration,
}

/// Measures, prints the tables, and writes them if asked to; whether every target is met.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    if !release::IS_RELEASE {
        return again(arguments);
    }
    let stage = Stage::open(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tables = runtime.block_on(measure(&stage))?;
    let facts = Facts::gather()?;
    let text = format!(
        "{tables}\n\n{} at {}, {}; backend and driver beside it on the same cores. \
         Again: `cargo xtask bench overhead --write`.",
        facts.date, facts.commit, facts.machine
    );
    println!("{text}");
    if arguments.write {
        let file = workspace::root()?.join("docs").join("benchmarks.md");
        page::put(&file, "overhead", &text)?;
    }
    Ok(!text.contains("MISSED"))
}

async fn measure(stage: &Stage) -> Result<String> {
    streams::check(stage).await?;
    let tables = [
        latency::table(stage).await?,
        closed_loop::table(stage).await?,
    ];
    Ok(tables.join("\n\n"))
}

impl Stage {
    fn open(arguments: &Arguments) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let backend = Backend::start()?;
        let (count, millis) = if arguments.quick {
            (2, 500)
        } else {
            (5, 2_000)
        };
        Ok(Self {
            direct: System::direct(&backend),
            bare: System::bare(&backend)?,
            serve: System::serve(&backend, &home)?,
            backend,
            rounds: Rounds {
                count,
                length: std::time::Duration::from_millis(millis),
            },
            _home: home,
        })
    }
}

fn again(arguments: &Arguments) -> Result<bool> {
    let mut options = Vec::new();
    for (is_set, option) in [
        (arguments.quick, "--quick"),
        (arguments.long, "--long"),
        (arguments.write, "--write"),
    ] {
        options.extend(is_set.then_some(option));
    }
    release::again_with("overhead", &options)
}

/// The clock of this bench.
fn clock() -> Clock {
    Clock::system()
}
