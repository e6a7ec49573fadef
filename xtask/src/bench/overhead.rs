//! `cargo xtask bench overhead`: what `alipes serve` adds between a client and its provider.
//!
//! The same requests go to the backend itself and through our server, in turns in one run; what is
//! added is the difference. A bare pass-through of hyper goes beside it, because whatever stands between
//! two sockets costs at least that. Backend, driver and what is measured share the machine's cores.

mod asking;
mod closed_loop;
mod gateways;
mod latency;
mod load;
mod memory;
mod pass_through;
mod question;
mod recording;
mod samples;
mod sockets;
mod streams;
mod system;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::Clock;
use anyhow::Result;
use clap::ValueEnum;

pub(crate) use self::pass_through::run as pass_through;
pub(super) use self::recording::{Recording, recording};
use self::system::{Backend, System};
use super::facts::Facts;
use super::{page, release};
use crate::interop::Alipes;
use crate::workspace::{self, Profile};

/// How to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Short rounds, to see that it works: the numbers say little.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_enum, num_args = 1.., conflicts_with = "write")]
    only: Vec<Part>,
    /// Measure this build of the program instead of a fresh one.
    #[arg(long, value_name = "PATH", conflicts_with = "write")]
    binary: Option<PathBuf>,
    /// Load for ten minutes where memory is watched, instead of one.
    #[arg(long)]
    long: bool,
    /// Put the tables between the markers in docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

impl Arguments {
    /// Every part at its full length, but that memory is watched for a minute.
    pub(crate) fn everything(write: bool) -> Self {
        Self {
            quick: false,
            only: Vec::new(),
            binary: None,
            long: false,
            write,
        }
    }
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What is added to the time until an answer
    Latency,
    /// What an answer takes of a core
    Cores,
    /// Memory at rest, with open streams, and under load
    Memory,
    /// Other people's gateways; LiteLLM installs 750 MB
    Gateways,
}

/// Everybody who is asked.
struct Stage {
    backend: Backend,
    direct: System,
    bare: System,
    serve: System,
    rounds: Rounds,
    alipes: Alipes,
    /// For how long memory is watched under load.
    load: Duration,
    _home: tempfile::TempDir,
}

/// How often and how long each is asked, in turns.
#[derive(Clone, Copy, Debug)]
struct Rounds {
    count: u32,
    length: Duration,
}

/// Measures, prints the tables, and writes them if asked to; whether every target is met.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    if !release::IS_RELEASE {
        return again(arguments);
    }
    let stage = Stage::open(arguments)?;
    let parts = match arguments.only.as_slice() {
        [] => Part::value_variants(),
        only => only,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tables = runtime.block_on(measure(&stage, parts))?;
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

async fn measure(stage: &Stage, parts: &[Part]) -> Result<String> {
    streams::check(stage).await?;
    let mut tables = Vec::new();
    for part in parts {
        tables.push(match part {
            Part::Latency => latency::table(stage).await?,
            Part::Cores => closed_loop::table(stage).await?,
            Part::Memory => memory::table(stage).await?,
            Part::Gateways => gateways::table(stage).await?,
        });
    }
    Ok(tables.join("\n\n"))
}

impl Stage {
    fn open(arguments: &Arguments) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let backend = Backend::start()?;
        let alipes = Alipes {
            binary: match &arguments.binary {
                Some(binary) => binary.clone(),
                None => workspace::build(Profile::Release)?,
            },
        };
        // At full length all parts together take ten minutes.
        let (count, millis) = if arguments.quick {
            (2, 500)
        } else {
            (4, 2_000)
        };
        Ok(Self {
            direct: System::direct(&backend),
            bare: System::bare(&backend)?,
            serve: System::serve(&alipes, &backend, &home)?,
            backend,
            rounds: Rounds {
                count,
                length: Duration::from_millis(millis),
            },
            alipes,
            load: Duration::from_secs(match arguments {
                Arguments { quick: true, .. } => 6,
                Arguments { long: true, .. } => 600,
                _ => 60,
            }),
            _home: home,
        })
    }
}

fn again(arguments: &Arguments) -> Result<bool> {
    let mut options: Vec<String> = Vec::new();
    for (is_set, option) in [
        (arguments.quick, "--quick"),
        (arguments.long, "--long"),
        (arguments.write, "--write"),
    ] {
        options.extend(is_set.then(|| option.to_owned()));
    }
    let names = arguments
        .only
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    let names = names.map(|name| format!("--only={}", name.get_name()));
    options.extend(names);
    let binary = arguments.binary.iter();
    options.extend(binary.map(|path| format!("--binary={}", path.display())));
    release::again_with("overhead", &options)
}

/// The clock of this bench.
fn clock() -> Clock {
    Clock::system()
}
