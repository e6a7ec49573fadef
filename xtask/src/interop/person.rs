//! A person at a real browser: Chromium, driven by `interop/login.mjs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Cache;
use crate::process::{self, now, without_proxy};

/// What it is called: Debian's small one first.
const NAMES: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
];

/// A browser's start and two pages, on a sleepy machine.
const LIMIT: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(20);

/// Somebody who sits at a browser.
#[derive(Debug)]
pub(super) struct Person {
    chromium: PathBuf,
    script: PathBuf,
}

/// What the person saw.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Note {
    Failed { failed: String },
    Saw(Visit),
}

/// The last page of a visit.
#[derive(Debug, Deserialize)]
pub(super) struct Visit {
    /// The text of the first page.
    pub(super) asked: String,
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) title: String,
    pub(super) heading: Vec<String>,
    pub(super) text: String,
    /// Elements inside of paragraphs.
    pub(super) inside: u32,
    /// What the browser complained of.
    pub(super) complaints: Vec<String>,
}

impl Person {
    /// With the browser of this machine; an error where there is none.
    pub(super) fn find(cache: &Cache) -> Result<Self> {
        let path = std::env::split_paths(&search_path()).collect::<Vec<_>>();
        let found = NAMES
            .iter()
            .flat_map(|name| path.iter().map(move |folder| folder.join(name)))
            .find(|file| file.is_file());
        Ok(Self {
            chromium: found.context("no Chromium here (Debian: chromium-headless-shell)")?,
            script: cache.script("login.mjs"),
        })
    }

    /// Opens a page and does what is asked there.
    pub(super) fn visits(&self, url: &str, step: &str, folder: &Path) -> Result<Visit> {
        let notes = folder.join("visit.json");
        let mut node = Command::new("node");
        without_proxy(&mut node)
            .arg(&self.script)
            .arg(&self.chromium)
            .args([notes.as_os_str(), step.as_ref(), url.as_ref()]);
        process::run(&mut node, LIMIT)?.succeeded("login.mjs")?;
        noted(&notes)
    }

    /// A program for `BROWSER` which does the same with the page that it is given. Returns it, and where its notes
    /// will be.
    #[cfg(unix)]
    pub(super) fn as_browser(&self, step: &str, folder: &Path) -> Result<(PathBuf, PathBuf)> {
        use std::os::unix::fs::PermissionsExt as _;

        let (program, notes) = (folder.join("browser"), folder.join("notes.json"));
        let script = format!(
            "#!/bin/sh\nexec node '{}' '{}' '{}' '{step}' \"$1\"\n",
            self.script.display(),
            self.chromium.display(),
            notes.display()
        );
        std::fs::write(&program, script)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        Ok((program, notes))
    }
}

/// What was noted, as soon as it is there: the browser may end after those who wait for it.
pub(super) fn noted(notes: &Path) -> Result<Visit> {
    let begun = now();
    while !notes.exists() {
        ensure!(begun.elapsed() < LIMIT, "the browser noted nothing");
        std::thread::sleep(POLL);
    }
    let text = std::fs::read_to_string(notes)?;
    match serde_json::from_str(&text).with_context(|| format!("the browser noted {text}"))? {
        Note::Saw(visit) => Ok(visit),
        Note::Failed { failed } => bail!("the browser failed: {failed}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's tool looks for programs where its user does"
)]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
