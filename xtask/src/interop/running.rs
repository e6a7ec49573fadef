//! Our client while it runs, with `--json`: what it tells can be waited for.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::now;

/// How often it is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A client that runs. Ended when dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// What it tells, and what it says besides.
    told: PathBuf,
    said: PathBuf,
}

impl Running {
    /// Starts it; what it writes goes into files of `folder`.
    pub(super) fn start(command: &mut Command, folder: &std::path::Path) -> Result<Self> {
        let (told, said) = (folder.join("told.jsonl"), folder.join("said.txt"));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&told)?)
            .stderr(File::create(&said)?)
            .spawn()
            .context("cannot start our client")?;
        Ok(Self { child, told, said })
    }

    /// Waits until it has told an event of which this is true.
    pub(super) fn tells(
        &mut self,
        is_meant: impl Fn(&Value) -> bool,
        limit: Duration,
    ) -> Result<()> {
        let started = now();
        while started.elapsed() < limit {
            if self.events().iter().any(&is_meant) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() {
                break;
            }
            std::thread::sleep(POLL);
        }
        bail!("it was never told; what was:\n{}", self.words())
    }

    /// Waits until it has shown a person so many lines, which are set in; the lines without that.
    pub(super) fn shows<const LINES: usize>(&mut self, limit: Duration) -> Result<[String; LINES]> {
        let started = now();
        while started.elapsed() < limit {
            let said = std::fs::read_to_string(&self.said)?;
            // What is behind the last line end is half a line.
            let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let shown = whole.lines().filter_map(|line| line.strip_prefix("  "));
            let shown: Vec<String> = shown.map(str::to_owned).take(LINES).collect();
            if let Ok(shown) = shown.try_into() {
                return Ok(shown);
            }
            ensure!(
                self.child.try_wait()?.is_none(),
                "it ended:\n{}",
                self.words()
            );
            std::thread::sleep(POLL);
        }
        bail!("it did not show {LINES} lines:\n{}", self.words())
    }

    /// Waits for its end, which has to be a good one; all that it told.
    pub(super) fn ends(mut self, limit: Duration) -> Result<Vec<Value>> {
        let started = now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(
                started.elapsed() < limit,
                "it did not end within {limit:?}:\n{}",
                self.words()
            );
            std::thread::sleep(POLL);
        };
        ensure!(status.success(), "it failed ({status}):\n{}", self.words());
        Ok(self.events())
    }

    /// What it has told so far; half a line is left for later.
    fn events(&self) -> Vec<Value> {
        let told = std::fs::read_to_string(&self.told).unwrap_or_default();
        told.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn words(&self) -> String {
        let text = |file| std::fs::read_to_string(file).unwrap_or_default();
        let said = format!("{}{}", text(&self.told), text(&self.said));
        let short = |line: &str| line.chars().take(300).collect::<String>();
        let lines: Vec<String> = said
            .lines()
            .filter(|line| !line.contains("\"text.delta\""))
            .map(short)
            .collect();
        lines.join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
