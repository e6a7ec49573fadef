//! A turn of ours with one tool call, as every server that can plan one has to stand it.
//!
//! The tool's result holds a marker that only the temporary folder knows, so an answer with the marker proves the
//! whole way: request, tool call, tool, second request, answer.

use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::{Alipes, TURN_LIMIT};
use crate::process;

/// A folder with a marker in it, and a home.
#[derive(Debug)]
pub(super) struct Turn {
    home: TempDir,
    folder: TempDir,
    marker: String,
}

impl Turn {
    pub(super) fn new() -> Result<Self> {
        let (home, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let unique = home
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("unique");
        let marker = format!("marker-{}.txt", unique.trim_start_matches('.'));
        std::fs::write(folder.path().join(&marker), "")?;
        Ok(Self {
            home,
            folder,
            marker,
        })
    }

    /// Runs it against the server at `url`, as `choose` would have it.
    pub(super) fn run(
        &self,
        alipes: &Alipes,
        url: &str,
        choose: impl FnOnce(&mut Command),
    ) -> Result<()> {
        let mut command = alipes.command(self.home.path());
        command
            .args(["exec", "--base-url", url, "--timeout", "30s", "-C"])
            .arg(self.folder.path());
        choose(&mut command);
        let ended = process::run(&mut command, TURN_LIMIT)?.succeeded("alipes exec")?;
        ensure!(
            ended.stdout.contains(&self.marker),
            "the answer does not hold the tool's result {}; alipes said:\n{}",
            self.marker,
            ended.said()
        );
        Ok(())
    }
}
