//! Rooms depend downwards only, in the order that ARCHITECTURE.md gives. Dev-dependencies are free.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use super::tree::Tree;
use crate::process;

/// From top to bottom: a room may use the rooms that stand after it.
const ORDER: [&str; 14] = [
    "cli",
    "server",
    "channels",
    "gateway",
    "agent",
    "tools",
    "models",
    "auth",
    "store",
    "transport",
    "net",
    "wire",
    "config",
    "base",
];

/// Rooms beside the order, and all that they may use.
const BESIDE: [(&str, &[&str]); 1] = [("simulator", &["net", "wire", "base"])];

/// Rooms that only these may use.
const ONLY_FOR: [(&str, &[&str]); 2] = [
    ("simulator", &["cli"]),
    ("auth", &["models", "server", "cli"]),
];

const REMEDY: &str = "move what is needed down, or hand it in through a trait";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Absent for what ships.
    kind: Option<String>,
}

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(&tree.root);
    let answer = process::run(&mut cargo, Duration::from_secs(60))?.succeeded("cargo metadata")?;
    let metadata: Metadata =
        serde_json::from_str(&answer.stdout).context("cargo metadata speaks another format")?;
    let findings = metadata
        .packages
        .iter()
        .flat_map(|package| judge(package, tree));
    Ok(findings.collect())
}

fn judge(package: &Package, tree: &Tree) -> Vec<Finding> {
    let Some(user) = room(&package.name) else {
        return Vec::new();
    };
    let manifest = package
        .manifest_path
        .strip_prefix(&tree.root)
        .unwrap_or(&package.manifest_path);
    let finding = |name: &str, what| Finding {
        path: manifest.to_path_buf(),
        line: line_of(tree, manifest, name),
        what,
        remedy: REMEDY,
    };
    if !known(user) {
        return vec![finding("name", format!("the room {user} is in no table"))];
    }
    let shipped = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"));
    shipped
        .filter_map(|dependency| Some((&dependency.name, room(&dependency.name)?)))
        .filter(|(_, used)| !may_use(user, used))
        .map(|(name, used)| finding(name, format!("the room {user} may not use the room {used}")))
        .collect()
}

/// A package's room; none for what is no room of ours.
fn room(package: &str) -> Option<&str> {
    if package == "alipes" {
        return Some("cli");
    }
    package.strip_prefix("alipes-")
}

fn known(room: &str) -> bool {
    ORDER.contains(&room) || BESIDE.iter().any(|(beside, _)| *beside == room)
}

fn may_use(user: &str, used: &str) -> bool {
    if let Some((_, users)) = ONLY_FOR.iter().find(|(room, _)| *room == used) {
        return users.contains(&user);
    }
    if let Some((_, usable)) = BESIDE.iter().find(|(room, _)| *room == user) {
        return usable.contains(&used);
    }
    let place = |room| ORDER.iter().position(|name| *name == room);
    matches!((place(user), place(used)), (Some(above), Some(below)) if above < below)
}

/// Where a manifest names something; its first line when it does not say so in one line.
fn line_of(tree: &Tree, manifest: &Path, name: &str) -> usize {
    let file = tree.files.iter().find(|file| file.path == manifest);
    file.and_then(|file| file.text.lines().position(|line| line.starts_with(name)))
        .map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    fn manifest(name: &str, dependencies: &str) -> String {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{dependencies}\n"
        )
    }

    #[test]
    fn an_arrow_that_points_up_is_found_and_a_dev_dependency_is_not() {
        let base = manifest(
            "alipes-base",
            "[dependencies]\nalipes-wire = { path = \"../wire\" }",
        );
        let wire = manifest(
            "alipes-wire",
            "[dev-dependencies]\nalipes-net = { path = \"../net\" }",
        );
        let net = manifest(
            "alipes-net",
            "[dependencies]\nalipes-attic = { path = \"../attic\" }",
        );
        let attic = manifest("alipes-attic", "");
        let (_folder, tree) = planted(&[
            (
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
            ),
            ("crates/base/Cargo.toml", &base),
            ("crates/base/src/lib.rs", ""),
            ("crates/wire/Cargo.toml", &wire),
            ("crates/wire/src/lib.rs", ""),
            ("crates/net/Cargo.toml", &net),
            ("crates/net/src/lib.rs", ""),
            ("crates/attic/Cargo.toml", &attic),
            ("crates/attic/src/lib.rs", ""),
        ]);
        let mut found: Vec<_> = check(&tree)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        found.sort();
        let remedy = format!("; {REMEDY}");
        let starts: Vec<_> = found
            .iter()
            .map(|line| line.trim_end_matches(&remedy))
            .collect();
        assert_eq!(
            starts,
            [
                "crates/attic/Cargo.toml:2: the room attic is in no table",
                "crates/base/Cargo.toml:6: the room base may not use the room wire",
                "crates/net/Cargo.toml:6: the room net may not use the room attic",
            ]
        );
    }

    #[test]
    fn rooms_beside_the_order_keep_to_their_own_table() {
        assert!(may_use("simulator", "wire"));
        assert!(!may_use("simulator", "transport"));
        assert!(may_use("cli", "simulator"));
        assert!(!may_use("agent", "simulator"));
        assert!(!may_use("agent", "auth"));
        assert!(!may_use("net", "net"));
    }
}
