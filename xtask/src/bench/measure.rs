//! One run of one program: how long it took and how much memory it held at most.
//!
//! Each run is a process of its own, measured by a small process of its own, because the system keeps the largest
//! memory of all ended children in one number.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::process::{self, now};

/// A run beyond this is no measurement any more.
const LIMIT: Duration = Duration::from_secs(60);

/// What one run cost.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Cost {
    /// From start to end, in microseconds.
    pub(super) took_us: u64,
    /// The largest resident memory, in KiB; 0 where the system does not tell. At least that of this small process
    /// (some 5 MB): Linux counts the memory from before the exec too.
    pub(super) peak_kib: u64,
}

/// Runs the program inside this process's own name and prints its cost.
pub(crate) fn run(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no program was named")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    let started = now();
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    let took = started.elapsed();
    ensure!(status.success(), "{program} failed ({status})");
    let cost = Cost {
        took_us: u64::try_from(took.as_micros())?,
        peak_kib: peak_of_children()?,
    };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

/// Measures one run of a command, from a process that has had no other child.
pub(super) fn measure(command: &Command) -> Result<Cost> {
    let mut measuring = Command::new(std::env::current_exe()?);
    measuring
        .args(["measure", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measuring.env(name, value),
            None => measuring.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        measuring.current_dir(folder);
    }
    let ended = process::run(&mut measuring, LIMIT)?.succeeded("the measured program")?;
    serde_json::from_str(&ended.stdout).context("the measuring process printed something else")
}

#[cfg(unix)]
fn peak_of_children() -> Result<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let peak = u64::try_from(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss())?;
    // Apple counts bytes where others count KiB.
    Ok(if cfg!(target_vendor = "apple") {
        peak / 1024
    } else {
        peak
    })
}

#[cfg(not(unix))]
fn peak_of_children() -> Result<u64> {
    Ok(0)
}
