//! The fault corpus from outside: it writes `docs/faults.md`, and tries more seeds than every change does.
//!
//! The page and the checks of the wire live in one test of `alipes-transport`, so that they cannot differ; that a tool
//! runs once is a test of `alipes-agent`. Here they are only started, and told by the environment what to do.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::{process, workspace};

/// Seeds of random scenarios in `full`.
pub(crate) const SEEDS: u32 = 10_000;

/// A cold build and 10,000 seeds stay well below on two slow cores.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Packages and their tests.
const CORPUS: (&str, &str) = ("alipes-transport", "corpus");
const TOOLS: (&str, &str) = ("alipes-agent", "tools_once");

/// Writes the page.
pub(crate) fn docs() -> Result<()> {
    let page = "the_page_of_faults_is_not_stale";
    run(CORPUS, page, ("ALIPES_WRITE_DOCS", "1"))?;
    println!("wrote docs/faults.md");
    Ok(())
}

/// Tries the invariants with many seeds.
pub(crate) fn seeds(count: u32) -> Result<()> {
    let seeds = ("ALIPES_SEEDS", &*count.to_string());
    run(CORPUS, "invariants::", seeds)?;
    run(TOOLS, "", seeds)?;
    println!("what always holds, holds for {count} seeds");
    Ok(())
}

fn run((package, target): (&str, &str), test: &str, (name, value): (&str, &str)) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--package", package])
        .args(["--test", target, "--", test])
        .env(name, value)
        // What was wrong stands at the end of what is said, and is not pushed out by a backtrace.
        .env("RUST_BACKTRACE", "0")
        .current_dir(workspace::root()?);
    process::run(&mut cargo, LIMIT)?.succeeded(target)?;
    Ok(())
}
