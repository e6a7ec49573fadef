//! Start-up, one whole turn on each route, and peak memory: ours, the Codex CLI's, and aichat's if it is on the path.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::facts::{self, Facts};
use super::measure::{Cost, measure};
use super::page;
use crate::interop::{Alipes, Cache, Codex, KEY};
use crate::process::{Server, without_proxy};
use crate::workspace;

const PROMPT: &str = "say hello";

/// One program's commands; none where it has no such thing.
struct Contender {
    name: String,
    version: Command,
    sse: Option<Command>,
    websocket: Option<Command>,
}

/// Measures, prints the table, and writes it into the README if asked to.
pub(crate) fn run(runs: u32, write: bool) -> Result<()> {
    let alipes = Alipes::released()?;
    let cache = Cache::open()?;
    let home = tempfile::tempdir()?;
    let simulator = alipes.simulate(home.path())?;
    let codex = [
        Codex::new(&cache, simulator.url(), false)?,
        Codex::new(&cache, simulator.url(), true)?,
    ];
    let mut contenders = vec![ours(&alipes, &simulator, &home)?, theirs(&codex, &home)?];
    let aichat_home = tempfile::tempdir()?;
    contenders.extend(aichat(&simulator, &aichat_home)?);

    let mut rows = Vec::new();
    for contender in &contenders {
        rows.push(row(contender, runs)?);
    }
    let size = std::fs::metadata(&alipes.binary)?.len();
    let table = table(&rows, size, runs)?;
    println!("{table}");
    if write {
        page::put(&workspace::root()?.join("README.md"), "start", &table)?;
    }
    Ok(())
}

fn ours(alipes: &Alipes, simulator: &Server, home: &TempDir) -> Result<Contender> {
    let turn = |route: &str| {
        let mut command = alipes.command(home.path());
        command
            .args([
                "exec",
                "--base-url",
                simulator.url(),
                "--model",
                "sim/sim-model",
                "--route",
                route,
            ])
            .args(["--timeout", "30s", PROMPT])
            .current_dir(home.path());
        command
    };
    let mut version = alipes.command(home.path());
    version.arg("--version");
    Ok(Contender {
        name: facts::version(&mut version)?,
        version,
        sse: Some(turn("sse")),
        websocket: Some(turn("websocket")),
    })
}

fn theirs([sse, websocket]: &[Codex; 2], home: &TempDir) -> Result<Contender> {
    let mut version = sse.command();
    version.arg("--version");
    Ok(Contender {
        name: facts::version(&mut version)?,
        version,
        sse: Some(sse.exec(home.path(), PROMPT)),
        websocket: Some(websocket.exec(home.path(), PROMPT)),
    })
}

/// aichat speaks chat completions only; where the simulator does not, its turn stays empty.
fn aichat(simulator: &Server, home: &TempDir) -> Result<Option<Contender>> {
    let config = format!(
        "model: sim:sim-model\nclients:\n- type: openai-compatible\n  name: sim\n  api_base: {}\n  api_key: {KEY}\n  models:\n  - name: sim-model\n",
        simulator.url()
    );
    std::fs::write(home.path().join("config.yaml"), config)?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new("aichat");
        without_proxy(&mut command)
            .args(arguments)
            .env("AICHAT_CONFIG_DIR", home.path());
        command
    };
    let mut version = command(&["--version"]);
    let Ok(name) = facts::version(&mut version) else {
        return Ok(None);
    };
    let turn = command(&[PROMPT]);
    Ok(Some(Contender {
        name,
        version,
        sse: measure(&turn).is_ok().then_some(turn),
        websocket: None,
    }))
}

fn row(contender: &Contender, runs: u32) -> Result<String> {
    let version = median(&contender.version, runs)?;
    let turns = [&contender.sse, &contender.websocket]
        .map(|turn| turn.as_ref().map(|turn| median(turn, runs)));
    let [sse, websocket] = turns;
    let (sse, websocket) = (sse.transpose()?, websocket.transpose()?);
    let peak = [Some(version), sse, websocket]
        .into_iter()
        .flatten()
        .map(|cost| cost.peak_kib)
        .max();
    Ok(format!(
        "| {} | {} | {} | {} | {:.1} MB |",
        contender.name,
        milliseconds(Some(version)),
        milliseconds(sse),
        milliseconds(websocket),
        peak.map_or(0.0, megabytes)
    ))
}

/// The medians of both numbers, after one run that does not count.
fn median(command: &Command, runs: u32) -> Result<Cost> {
    measure(command).with_context(|| format!("while measuring {command:?}"))?;
    let costs: Result<Vec<_>> = (0..runs).map(|_| measure(command)).collect();
    let costs = costs?;
    Ok(Cost {
        took_us: middle(costs.iter().map(|cost| cost.took_us).collect()),
        peak_kib: middle(costs.iter().map(|cost| cost.peak_kib).collect()),
    })
}

/// The median; of an even number the mean of the two in the middle.
fn middle(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    let half = numbers.len() / 2;
    match (numbers.get(half), numbers.get(half.wrapping_sub(1))) {
        (Some(upper), Some(lower)) if numbers.len().is_multiple_of(2) => {
            u64::midpoint(*upper, *lower)
        }
        (Some(middle), _) => *middle,
        (None, _) => 0,
    }
}

fn milliseconds(cost: Option<Cost>) -> String {
    cost.map_or_else(
        || "–".to_owned(),
        |cost| {
            format!(
                "{:.1} ms",
                Duration::from_micros(cost.took_us).as_secs_f64() * 1e3
            )
        },
    )
}

fn megabytes(kib: u64) -> f64 {
    // Megabytes as the memory of other programs is usually quoted, exact far beyond any machine's.
    u32::try_from(kib).map_or(f64::INFINITY, |kib| f64::from(kib) * 1024.0 / 1e6)
}

fn table(rows: &[String], binary: u64, runs: u32) -> Result<String> {
    let facts = Facts::gather()?;
    Ok(format!(
        "| Program | `--version` | one turn, SSE | one turn, WebSocket | peak memory |\n|---|---|---|---|---|\n{}\n\n\
         Medians of {runs} runs against one `alipes simulate`, {facts}; release binary {:.1} MB. \
         The Codex CLI is its native binary, without the node script that usually starts it. \
         Again: `cargo xtask bench start --runs {runs}`.",
        rows.join("\n"),
        megabytes(binary / 1024)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_care_for_one_slow_run() {
        assert_eq!(middle(vec![5, 1, 1_000_000]), 5);
        assert_eq!(middle(vec![4, 2, 8, 6]), 5);
        assert_eq!(middle(Vec::new()), 0);
    }
}
