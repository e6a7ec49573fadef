//! `cargo xtask fuzz`: every target of `fuzz/` for some minutes, with its seeds.
//!
//! Needs a nightly compiler and cargo-fuzz. What it finds lies in `fuzz/artifacts`; put it beside the
//! seeds, which run with the tests.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace;

/// How long each target runs.
const EACH: Duration = Duration::from_secs(180);

/// How long building may take, and ending, beside that.
const BESIDE: Duration = Duration::from_secs(30 * 60);

/// Whether no target broke its promise.
pub(crate) fn run() -> Result<bool> {
    let folder = workspace::root()?.join("fuzz");
    let mut all_kept = true;
    for target in targets(&folder)? {
        let kept = fuzz(&folder, &target)?;
        println!("{target}: {}", if kept { "kept" } else { "BROKEN" });
        all_kept &= kept;
    }
    Ok(all_kept)
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

fn fuzz(folder: &Path, target: &str) -> Result<bool> {
    let corpus = format!("corpus/{target}");
    std::fs::create_dir_all(folder.join(&corpus))?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["+nightly", "fuzz", "run", target, &corpus])
        .args([&format!("seeds/{target}"), "--"])
        .arg(format!("-max_total_time={}", EACH.as_secs()))
        .args(["-timeout=20", "-rss_limit_mb=2048"])
        .current_dir(folder);
    let ended = process::run(&mut cargo, EACH + BESIDE)?;
    let kept = ended.status.success();
    if !kept {
        println!("{}", ended.said().trim_end());
    }
    Ok(kept)
}
