//! The real Codex CLI against our simulator: if it completes a turn with a tool, the simulator tells the truth.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::relay::Relay;
use super::report::{Report, with_words_of};
use super::{Alipes, Cache, KEY, TURN_LIMIT};
use crate::process::{self, without_proxy};

/// An installed Codex CLI with a home of its own that knows one provider.
#[derive(Debug)]
pub(crate) struct Codex {
    binary: PathBuf,
    home: TempDir,
}

impl Codex {
    /// A home whose only provider is at `base_url`.
    pub(crate) fn new(cache: &Cache, base_url: &str, websocket: bool) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let config = format!(
            "model = \"sim-model\"\nmodel_provider = \"interop\"\n[model_providers.interop]\nname = \"Interop\"\n\
             base_url = \"{base_url}\"\nwire_api = \"responses\"\nenv_key = \"INTEROP_KEY\"\n\
             supports_websockets = {websocket}\n"
        );
        std::fs::write(home.path().join("config.toml"), config)?;
        let binary = cache.codex()?;
        Ok(Self { binary, home })
    }

    /// A command of it that reaches nothing beyond loopback.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        without_proxy(&mut command)
            .env("CODEX_HOME", self.home.path())
            .env("INTEROP_KEY", KEY)
            // It also calls home; those calls meet a closed port and are not needed.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("NO_PROXY", "127.0.0.1,localhost");
        command
    }

    /// Lets another program find it, with its home.
    pub(super) fn lend(&self, command: &mut Command) -> Result<()> {
        let folder = self.binary.parent().context("a binary lies in a folder")?;
        let folders = [folder, Path::new("/usr/bin"), Path::new("/bin")];
        command
            .env("PATH", std::env::join_paths(folders)?)
            .env("CODEX_HOME", self.home.path())
            .env("INTEROP_KEY", KEY);
        Ok(())
    }

    /// Whether a process runs that was started with its home (Linux; elsewhere nobody can tell).
    pub(super) fn runs(&self) -> Result<bool> {
        let home = format!("CODEX_HOME={}", self.home.path().display());
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Ok(false);
        };
        let has_it = |process: std::fs::DirEntry| {
            let variables = std::fs::read(process.path().join("environ")).unwrap_or_default();
            let mut variables = variables.split(|byte| *byte == 0);
            variables.any(|variable| variable == home.as_bytes())
        };
        Ok(processes.flatten().any(has_it))
    }

    /// One turn in a folder.
    pub(crate) fn exec(&self, folder: &Path, prompt: &str) -> Command {
        let mut command = self.command();
        command
            .args([
                "exec",
                "--skip-git-repo-check",
                "--json",
                "--dangerously-bypass-approvals-and-sandbox",
                prompt,
            ])
            .current_dir(folder);
        command
    }
}

/// A turn with a tool on both routes.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let home = tempfile::tempdir()?;
    for (route, websocket) in [("sse", false), ("websocket", true)] {
        report.check(&format!("codex {route} tool turn"), || {
            let simulator = alipes.simulate(home.path())?;
            with_words_of(&simulator, tool_turn(cache, simulator.url(), websocket))
        });
    }
    Ok(())
}

/// A turn with the server at `url` in which a tool runs, on one route.
pub(super) fn tool_turn(cache: &Cache, url: &str, websocket: bool) -> Result<()> {
    let relay = Relay::start(url)?;
    let codex = Codex::new(cache, relay.url(), websocket)?;
    let folder = tempfile::tempdir()?;
    let marker = folder
        .path()
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("marker")
        .to_owned();
    std::fs::write(folder.path().join("marker.txt"), &marker)?;
    let mut command = codex.exec(folder.path(), "run the command: tee copy.txt < marker.txt");
    let ended = process::run(&mut command, TURN_LIMIT)?.succeeded("codex exec")?;
    let said = || {
        format!(
            "codex said:\n{}the relay saw: {:#?}",
            ended.said(),
            relay.lines()
        )
    };

    ensure!(
        std::fs::read_to_string(folder.path().join("copy.txt")).is_ok_and(|copy| copy == marker),
        "the tool wrote nothing; {}",
        said()
    );
    let events = events(&ended.stdout);
    ensure!(
        tool_said(&events, &marker),
        "no tool returned the marker {marker}; {}",
        said()
    );
    ensure!(
        answer(&events).contains(&marker),
        "the answer does not hold the marker {marker}; {}",
        said()
    );
    ensure!(
        events.iter().any(|event| event["type"] == "turn.completed"),
        "the turn did not complete; {}",
        said()
    );
    ensure!(
        relay.saw("POST /v1/responses") != websocket && relay.saw("HTTP/1.1 101") == websocket,
        "the turn took the other route; {}",
        said()
    );
    Ok(())
}

fn events(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn tool_said(events: &[Value], marker: &str) -> bool {
    completed(events, "command_execution").any(|item| {
        item["exit_code"] == 0
            && item["aggregated_output"]
                .as_str()
                .is_some_and(|output| output.contains(marker))
    })
}

/// The last message.
fn answer(events: &[Value]) -> &str {
    completed(events, "agent_message")
        .filter_map(|item| item["text"].as_str())
        .last()
        .unwrap_or_default()
}

fn completed<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == "item.completed")
        .map(|event| &event["item"])
        .filter(move |item| item["type"] == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_last_message_and_a_failed_tool_does_not_count() {
        let events = events(concat!(
            "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"first\"}}\n",
            "{\"type\":\"item.completed\",\"item\":{\"type\":\"command_execution\",\"exit_code\":1,\"aggregated_output\":\"m1\"}}\n",
            "noise\n",
            "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"last\"}}\n",
        ));
        assert_eq!(answer(&events), "last");
        assert!(!tool_said(&events, "m1"));
    }
}
