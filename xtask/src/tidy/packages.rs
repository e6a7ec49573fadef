//! The program stays small: a bound on the packages that go into the binary.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Finding;
use super::tree::Tree;
use crate::process;

const PACKAGE: &str = "alipes";
/// Two hundred for everything but the store, the server, the diffs of `edit` and the chat: SQLite needs
/// four, a router nine, a configuration that is replaced whole one, diffs one, and a room of ours is one,
/// twice. The chat needs 24: cells of a screen fourteen, keys of a terminal seven, Markdown two, and
/// completion one. Memory that goes back to the system after a thousand streams needs two, and
/// closing what a command must not inherit, without unsafe code, one.
const MOST: usize = 243;

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    check_bound(tree, MOST)
}

fn check_bound(tree: &Tree, most: usize) -> Result<Vec<Finding>> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            PACKAGE,
        ])
        .args(["--format", "{p}"])
        .current_dir(&tree.root);
    let answer = process::run(&mut cargo, Duration::from_secs(120))?.succeeded("cargo tree")?;
    let count = distinct(&answer.stdout);
    println!("packages in {PACKAGE}: {count} (at most {most})");
    if count <= most {
        return Ok(Vec::new());
    }
    Ok(vec![Finding {
        path: "Cargo.lock".into(),
        line: 1,
        what: format!("{PACKAGE} is built from {count} packages, more than {most}"),
        remedy: "see `cargo tree --edges normal` and drop a dependency or a feature",
    }])
}

/// How many packages a listing of `cargo tree` names; it marks repeated ones with `(*)`.
fn distinct(listing: &str) -> usize {
    let names: BTreeSet<_> = listing
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    names.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn more_packages_than_the_bound_are_found() {
        let (_folder, tree) = planted(&[
            (
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"alipes\"\nedition = \"2024\"\n[dependencies]\nb = { path = \"../b\" }\n",
            ),
            ("a/src/lib.rs", ""),
            (
                "b/Cargo.toml",
                "[package]\nname = \"b\"\nedition = \"2024\"\n",
            ),
            ("b/src/lib.rs", ""),
        ]);
        assert_eq!(check_bound(&tree, 2).unwrap(), []);
        assert_eq!(check_bound(&tree, 1).unwrap().len(), 1);
    }

    #[test]
    fn a_package_that_is_listed_twice_counts_once() {
        assert_eq!(
            distinct("alipes v0.1.0\nbytes v1.0.0\n\nbytes v1.0.0 (*)\n"),
            2
        );
    }
}
