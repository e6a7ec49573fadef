//! Every source file starts by saying what lives in it and why.

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let silent = tree.sources().filter(|file| !speaks(&file.text));
    Ok(silent
        .map(|file| Finding {
            path: file.path.clone(),
            line: 1,
            what: "the file does not say what it is for".to_owned(),
            remedy: "start it with `//!` and one to eight lines",
        })
        .collect())
}

fn speaks(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("//!")
        .is_some_and(|words| words.trim().len() > 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn a_file_that_does_not_say_why_it_exists_is_found() {
        let (_folder, tree) = planted(&[
            ("a.rs", "//! Why.\n"),
            ("b.rs", "//!\nfn f() {}\n"),
            ("c.rs", "use std;\n//! Late.\n"),
            ("d.rs", ""),
            ("e.md", "no source"),
        ]);
        let found: Vec<_> = check(&tree)
            .unwrap()
            .iter()
            .map(|f| f.path.display().to_string())
            .collect();
        assert_eq!(found, ["b.rs", "c.rs", "d.rs"]);
    }
}
