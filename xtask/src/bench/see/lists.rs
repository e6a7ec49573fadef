//! Lists, and every filter of them: those that find much, those that find nothing in a million, and those whose every
//! candidate is something else than was asked for.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::fill::{COMMON, ENDPOINTS, MENDED, RARE};
use super::told;
use crate::bench::measure::measure;
use crate::interop::Alipes;
use crate::process;

/// Within so long a person has the list.
const TARGET: Duration = Duration::from_millis(50);

/// A list takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// The first lines of a list that nobody bounded.
const PAGE: usize = 20;

/// The arguments after `calls`, and how many lines they must print.
const LISTS: [(&[&str], usize); 13] = [
    (&[], PAGE),
    (&["--failed"], PAGE),
    (&["--since", "1h"], PAGE),
    (&["--fault", COMMON], PAGE),
    (&["--fault", RARE], 1),
    (&["--fault", RARE, "--since", "7d"], 0),
    (&["--fault", MENDED, "--failed"], 0),
    (&["--endpoint", ENDPOINTS[1]], PAGE),
    (&["--endpoint", ENDPOINTS[0], "--failed"], 0),
    (&["--endpoint", ENDPOINTS[1], "--fault", COMMON], PAGE),
    (&["--endpoint", ENDPOINTS[0], "--fault", COMMON], 0),
    (
        &["--endpoint", ENDPOINTS[0], "--fault", MENDED, "--failed"],
        0,
    ),
    (&["-n", "200"], 200),
];

/// The rows of the table.
pub(super) fn rows(alipes: &Alipes, home: &Path, runs: usize) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for (arguments, lines) in LISTS {
        let listed = count(alipes, home, arguments)?;
        ensure!(
            listed == lines,
            "{arguments:?} printed {listed} lines, not {lines}"
        );
        let calls = calls(alipes, home, arguments);
        rows.push(timed(&calls, (&arguments.join(" "), runs))?);
    }
    let id = oldest(alipes, home)?;
    for arguments in [["show", "last"], ["show", &id]] {
        let name = ["show", if arguments[1] == id { "ID" } else { "last" }];
        let calls = calls(alipes, home, &arguments);
        rows.push(timed(&calls, (&name.join(" "), runs))?);
    }
    Ok(rows)
}

/// How many lines come.
fn count(alipes: &Alipes, home: &Path, arguments: &[&str]) -> Result<usize> {
    let said = process::run(&mut calls(alipes, home, arguments), LIMIT)?.succeeded("calls")?;
    Ok(said.stdout.lines().count())
}

fn timed(command: &Command, (name, runs): (&str, usize)) -> Result<String> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let cost = measure(command)?;
        times.push(Duration::from_micros(cost.took_us));
    }
    let space = if name.is_empty() { "" } else { " " };
    Ok(told(&format!("calls{space}{name}"), times, TARGET))
}

/// The id of the call that lies deepest.
fn oldest(alipes: &Alipes, home: &Path) -> Result<String> {
    let mut command = calls(alipes, home, &["--fault", RARE, "--json"]);
    let said = process::run(&mut command, LIMIT)?.succeeded("calls --json")?;
    let call: serde_json::Value = serde_json::from_str(said.stdout.trim())?;
    let id = call["id"].as_str().context("a call without an id")?;
    Ok(id.to_owned())
}

fn calls(alipes: &Alipes, home: &Path, arguments: &[&str]) -> Command {
    let mut command = alipes.command(home);
    command.arg("calls").args(arguments);
    command
}
