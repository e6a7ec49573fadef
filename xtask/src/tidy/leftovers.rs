//! Words that mark unfinished work. What is missing is built, or named in an issue, not left in the text.

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

/// Written in two halves, so that this file does not find itself.
const WORDS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("HA", "CK"),
];

/// A lock file holds what others wrote.
const EXEMPT: [&str; 2] = ["Cargo.lock", "package-lock.json"];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let findings = tree
        .files
        .iter()
        .filter(|file| {
            !file
                .path
                .file_name()
                .is_some_and(|name| EXEMPT.iter().any(|exempt| name == *exempt))
        })
        .flat_map(|file| {
            file.judge_lines("do it now, or open an issue and take the mark out", judge)
        });
    Ok(findings.collect())
}

fn judge(line: &str) -> Option<String> {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .find(|word| WORDS.contains(word))
        .map(|word| format!("`{word}` marks unfinished work"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn a_mark_is_found_and_a_word_that_only_holds_one_is_not() {
        let marked = format!("// {}: later\n", WORDS[0]);
        let innocent = format!("let {}S = 1; // m{}\n", WORDS[0], WORDS[2]);
        let (_folder, tree) = planted(&[
            ("a.rs", &marked),
            ("b.md", &innocent),
            ("Cargo.lock", &marked),
        ]);
        let findings = check(&tree).unwrap();
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].to_string().starts_with("a.rs:1: "),
            "{}",
            findings[0]
        );
    }
}
