//! `cargo xtask fuzz`: every target of `fuzz/` for some minutes, with its seeds.
//!
//! Needs a nightly compiler and cargo-fuzz. What it finds lies in `fuzz/artifacts`; put it beside the
//! seeds, which run with the tests.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::process;
use crate::workspace;

/// How long each target runs, in seconds, where nothing else is said.
const EACH: u64 = 180;

/// How long building may take, and ending, beside that.
const BESIDE: Duration = Duration::from_secs(30 * 60);

/// How long a program may take to say its version.
const VERSION: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these targets.
    targets: Vec<String>,
    /// How long each of them runs, in seconds.
    #[arg(long, default_value_t = EACH, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

impl Arguments {
    /// Every target.
    pub(crate) fn everything() -> Self {
        Self {
            targets: Vec::new(),
            seconds: EACH,
        }
    }
}

/// Whether no target broke its promise.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    is_there(
        ["+nightly", "--version"],
        "a nightly compiler: `rustup toolchain install nightly`",
    )?;
    is_there(
        ["fuzz", "--version"],
        "cargo-fuzz: `cargo install cargo-fuzz`",
    )?;
    let folder = workspace::root()?.join("fuzz");
    let mut targets = targets(&folder)?;
    for named in &arguments.targets {
        let all = targets.join(", ");
        ensure!(
            targets.contains(named),
            "there is no target {named}; there are {all}"
        );
    }
    targets.retain(|target| arguments.targets.is_empty() || arguments.targets.contains(target));
    let each = Duration::from_secs(arguments.seconds);
    let mut all_kept = true;
    for target in targets {
        let kept = fuzz(&folder, &target, each)?;
        println!("{target}: {}", if kept { "kept" } else { "BROKEN" });
        all_kept &= kept;
    }
    Ok(all_kept)
}

/// An error in one line where cargo cannot do this.
fn is_there(arguments: [&str; 2], needed: &str) -> Result<()> {
    let asked = process::run(Command::new("cargo").args(arguments), VERSION);
    let is_there = asked.is_ok_and(|ended| ended.status.success());
    ensure!(is_there, "fuzzing needs {needed}");
    Ok(())
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(folder.join("fuzz_targets")).context("fuzz_targets")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default();
        targets.push(name.to_string_lossy().into_owned());
    }
    targets.sort();
    Ok(targets)
}

fn fuzz(folder: &Path, target: &str, each: Duration) -> Result<bool> {
    let corpus = format!("corpus/{target}");
    std::fs::create_dir_all(folder.join(&corpus))?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["+nightly", "fuzz", "run", target, &corpus])
        .args([&format!("seeds/{target}"), "--"])
        .arg(format!("-max_total_time={}", each.as_secs()))
        .args(["-timeout=20", "-rss_limit_mb=2048"])
        .current_dir(folder);
    let ended = process::run(&mut cargo, each + BESIDE)?;
    let kept = ended.status.success();
    if !kept {
        println!("{}", ended.said().trim_end());
    }
    Ok(kept)
}
