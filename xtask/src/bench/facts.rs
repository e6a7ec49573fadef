//! When, what and where: without these a number is an anecdote.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// What stands beside every table.
pub(crate) struct Facts {
    pub(crate) date: String,
    /// What was checked out, and whether it was changed since.
    pub(crate) commit: String,
    pub(crate) machine: String,
}

impl Facts {
    pub(crate) fn gather() -> Result<Self> {
        let cores = std::thread::available_parallelism()?;
        let system = line("uname", &["-sm"]).unwrap_or_else(|| std::env::consts::OS.to_owned());
        let commit = line("git", &["rev-parse", "--short", "HEAD"]);
        let changed = line("git", &["status", "--porcelain", "--untracked-files=no"]).is_some();
        Ok(Self {
            date: line("date", &["-u", "+%F"]).context("the program date is missing")?,
            commit: match (commit, changed) {
                (Some(commit), false) => commit,
                (Some(commit), true) => format!("{commit} with changes"),
                (None, _) => "no commit".to_owned(),
            },
            machine: format!("{cores} cores, {system}"),
        })
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}, {}", self.date, self.commit, self.machine)
    }
}

/// What a program calls itself.
pub(super) fn version(version: &mut Command) -> Result<String> {
    let said = process::run(version, Duration::from_secs(20))?.succeeded("--version")?;
    let first = said.stdout.lines().next().unwrap_or_default();
    Ok(first.trim().to_owned())
}

/// What a program prints, unless it fails or prints nothing.
fn line(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace::root().ok()?);
    let ended = process::run(&mut command, Duration::from_secs(10)).ok()?;
    let text = ended.stdout.trim().to_owned();
    (ended.status.success() && !text.is_empty()).then_some(text)
}
