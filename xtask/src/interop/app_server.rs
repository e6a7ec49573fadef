//! Our client over the real Codex CLI's app server, which asks our simulator: the official client as a provider.
//!
//! What we say and read is also held against the schema that the installed version prints of itself.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::report::{Report, with_words_of};
use super::{Alipes, Cache, Codex, TURN_LIMIT};
use crate::process::{self, Finished, now};

/// The methods that we call, answer and read, each with the schema's file that has to name it.
const METHODS: [(&str, &[&str]); 3] = [
    (
        "ClientRequest.json",
        &[
            "initialize",
            "account/read",
            "config/read",
            "thread/start",
            "thread/inject_items",
            "turn/start",
            "turn/interrupt",
        ],
    ),
    (
        "ServerRequest.json",
        &[
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "item/permissions/requestApproval",
            "item/tool/requestUserInput",
            "item/tool/call",
            "mcpServer/elicitation/request",
        ],
    ),
    (
        "ServerNotification.json",
        &[
            "turn/started",
            "turn/completed",
            "item/started",
            "item/completed",
            "item/agentMessage/delta",
            "item/reasoning/summaryTextDelta",
            "thread/tokenUsage/updated",
            "account/rateLimits/updated",
            "error",
        ],
    ),
];

/// Every turn that matters: answered, refused, declined, interrupted, killed.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    report.check("app-server schema", || schema(cache));
    report.check("app-server turn with a declined command", || {
        with(alipes, cache, home, &[], declined)
    });
    report.check("app-server error", || {
        with(alipes, cache, home, &["--fault", "usage-limit"], limited)
    });
    for signal in ["INT", "KILL"] {
        report.check(&format!("app-server turn ended by SIG{signal}"), || {
            with(alipes, cache, home, &["--pace", "300ms"], |stage| {
                ended(stage, signal)
            })
        });
    }
    Ok(())
}

/// Our client and the Codex CLI that it asks.
struct Stage<'s> {
    alipes: &'s Alipes,
    home: &'s Path,
    codex: Codex,
}

fn with(
    alipes: &Alipes,
    cache: &Cache,
    home: &Path,
    simulate: &[&str],
    check: impl FnOnce(&Stage<'_>) -> Result<()>,
) -> Result<()> {
    let simulator = alipes.simulate_with(home, simulate.iter().copied())?;
    let codex = Codex::new(cache, simulator.url(), false)?;
    let stage = Stage {
        alipes,
        home,
        codex,
    };
    with_words_of(&simulator, check(&stage))
}

impl Stage<'_> {
    fn exec(&self, folder: &Path, prompt: &str) -> Result<Command> {
        let mut command = self.alipes.command(self.home);
        self.codex.lend(&mut command)?;
        command
            .args(["exec", "--json", "--model", "codex-app-server", prompt])
            .arg("-C")
            .arg(folder);
        Ok(command)
    }

    fn run(&self, folder: &Path, prompt: &str) -> Result<Finished> {
        process::run(&mut self.exec(folder, prompt)?, TURN_LIMIT)
    }
}

fn declined(stage: &Stage<'_>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ended = stage.run(
        folder.path(),
        "run the command: tee copy.txt < /etc/hostname",
    )?;
    let ended = ended.succeeded("alipes exec")?;
    ensure!(
        !folder.path().join("copy.txt").exists(),
        "it wrote; {}",
        ended.said()
    );
    ensure!(
        ended.stdout.contains("rejected by user") && ended.stdout.contains("\"app-server\""),
        "nothing was declined; {}",
        ended.said()
    );
    Ok(())
}

fn limited(stage: &Stage<'_>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ended = stage.run(folder.path(), "say hello")?;
    ensure!(
        !ended.status.success() && ended.stdout.contains("\"usage-limit\""),
        "no limit was told; {}",
        ended.said()
    );
    Ok(())
}

/// The turn ends, and with it the Codex CLI: it is known by its home, which no other one has.
fn ended(stage: &Stage<'_>, signal: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let told = folder.path().join("told.jsonl");
    let mut command = stage.exec(folder.path(), "say hello")?;
    let out = std::fs::File::create(&told)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(Stdio::null())
        .spawn()?;
    let outcome = until("text", || {
        Ok(std::fs::read_to_string(&told)?.contains("text.delta"))
    })
    .and_then(|()| kill(&child, signal))
    .and_then(|()| until("its end", || Ok(child.try_wait()?.is_some())))
    .and_then(|()| until("the end of codex", || Ok(!stage.codex.runs()?)));
    let _gone = child.kill();
    let _reaped = child.wait();
    outcome
}

fn kill(child: &Child, signal: &str) -> Result<()> {
    let mut kill = Command::new("kill");
    kill.args(["-s", signal, &child.id().to_string()]);
    process::run(&mut kill, TURN_LIMIT)?
        .succeeded("kill")
        .map(drop)
}

fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = now();
    while !is_so()? {
        ensure!(started.elapsed() < TURN_LIMIT, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn schema(cache: &Cache) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(cache.codex()?);
    command
        .args(["app-server", "generate-json-schema", "--out"])
        .arg(folder.path())
        .env("CODEX_HOME", folder.path());
    process::run(&mut command, TURN_LIMIT)?.succeeded("generate-json-schema")?;
    for (file, methods) in METHODS {
        let text = std::fs::read_to_string(folder.path().join(file)).context(file)?;
        let schema: Value = serde_json::from_str(&text)?;
        let known: Vec<&str> = schema["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|message| message["properties"]["method"]["enum"][0].as_str())
            .collect();
        for method in methods {
            ensure!(known.contains(method), "{file} does not know {method}");
        }
    }
    Ok(())
}
