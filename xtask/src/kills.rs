//! `cargo xtask kills`: a thousand times `kill -9` at random points of turns with tools.
//!
//! The test of the binary does the same a hundred times on every change; here it is only asked for more.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::process;
use crate::workspace;

const KILLS: u32 = 1_000;

/// A kill takes a fifth of a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Whether nothing was lost and nothing ran twice. Prints the seed, with which it can be tried again.
pub(crate) fn run() -> Result<bool> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--package", "alipes", "--test", "binary"])
        .args(["kills::", "--", "--nocapture"])
        .env("ALIPES_KILLS", KILLS.to_string())
        .current_dir(workspace::root()?);
    let ended = process::run(&mut cargo, LIMIT)?;
    println!("{}", ended.said().trim_end());
    Ok(ended.status.success())
}
