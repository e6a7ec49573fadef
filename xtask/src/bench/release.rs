//! A bench that measures code inside this process needs that code as it ships.

use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace;

/// Whether this is a build to measure with.
pub(super) const IS_RELEASE: bool = !cfg!(debug_assertions);

/// `cargo xtask bench NAME` in a release build; whether it ended well.
pub(super) fn again(name: &str, write: bool) -> Result<bool> {
    let options: Vec<String> = write.then(|| "--write".to_owned()).into_iter().collect();
    again_with(name, &options)
}

/// The same with any options.
pub(super) fn again_with(name: &str, options: &[String]) -> Result<bool> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(["bench", name])
        .args(options)
        .current_dir(workspace::root()?);
    Ok(cargo.status().context("cannot start cargo")?.success())
}
