//! The fault corpus from outside: it writes `docs/faults.md`, and tries more seeds than every change does.
//!
//! Both live in one test of `alipes-transport`, so that the page and the checks cannot differ; here it is only started
//! and told by the environment what to do.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::{process, workspace};

/// Seeds of random scenarios in `full`.
pub(crate) const SEEDS: u32 = 10_000;

/// A cold build and 10,000 seeds stay well below on two slow cores.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Writes the page.
pub(crate) fn docs() -> Result<()> {
    run(
        "the_page_of_faults_is_not_stale",
        ("ALIPES_WRITE_DOCS", "1"),
    )?;
    println!("wrote docs/faults.md");
    Ok(())
}

/// Tries the invariants with many seeds.
pub(crate) fn seeds(count: u32) -> Result<()> {
    run("invariants::", ("ALIPES_SEEDS", &count.to_string()))?;
    println!("what always holds, holds for {count} seeds");
    Ok(())
}

fn run(test: &str, (name, value): (&str, &str)) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--package", "alipes-transport"])
        .args(["--test", "corpus", "--", test])
        .env(name, value)
        // What was wrong stands at the end of what is said, and is not pushed out by a backtrace.
        .env("RUST_BACKTRACE", "0")
        .current_dir(workspace::root()?);
    process::run(&mut cargo, LIMIT)?.succeeded("the fault corpus")?;
    Ok(())
}
