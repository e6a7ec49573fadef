//! Where the workspace lies, and how its program is built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process;

/// A cold release build on two slow cores stays well below.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);

/// Which build of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// `target/debug`
    Dev,
    /// `target/release`
    Release,
}

/// The folder of the workspace.
pub(crate) fn root() -> Result<PathBuf> {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .map(Path::to_path_buf)
        .context("xtask lies in no workspace; run it from a checkout by `cargo xtask`")
}

/// An empty folder that goes again, on the workspace's disk: one for temporary files may be in memory.
pub(crate) fn folder_on_disk() -> Result<TempDir> {
    Ok(tempfile::tempdir_in(root()?.join("target"))?)
}

/// Builds `alipes` and returns the binary's path, as cargo reports it.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    build_with(profile, &[])
}

/// The same with features that are not on by default.
pub(crate) fn build_with(profile: Profile, features: &[&str]) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--quiet",
            "--bin",
            "alipes",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(root()?);
    match profile {
        // With the whole workspace's features, as `cargo test --workspace` has them: nothing is built twice.
        Profile::Dev => cargo.arg("--workspace"),
        // With its own features only, as it ships.
        Profile::Release => cargo.args(["--release", "--package", "alipes"]),
    };
    for feature in features {
        cargo.arg("--features").arg(format!("alipes/{feature}"));
    }
    let built = process::run(&mut cargo, BUILD_LIMIT)?.succeeded("cargo build --bin alipes")?;
    built
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "alipes")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built alipes but named no executable")
}
