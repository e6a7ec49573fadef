//! Attributes that silence something without saying why.
//!
//! Clippy sees most of them, but not in code that is configured out, and it never asks why a test is ignored.

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let findings = tree.sources().flat_map(|file| {
        file.judge_lines(
            "write `#[expect(lint, reason = \"…\")]`, or `#[ignore = \"…\"]`",
            judge,
        )
    });
    Ok(findings.collect())
}

fn judge(line: &str) -> Option<String> {
    let attribute = line
        .trim_start()
        .trim_start_matches(['#', '!'])
        .strip_prefix('[')?;
    if !line.trim_start().starts_with('#') {
        return None;
    }
    if attribute.starts_with("allow(")
        || (attribute.starts_with("cfg_attr(") && attribute.contains(" allow("))
    {
        return Some("a lint is allowed instead of expected".to_owned());
    }
    let ignored = attribute.starts_with("ignore]") || attribute.contains(", ignore)");
    ignored.then(|| "a test is ignored without a reason".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn silence_without_a_reason_is_found() {
        let text = [
            "//! #[allow(in_a_comment)]",
            "#![allow(dead_code)]",
            "    #[allow(dead_code)]",
            "#[cfg_attr(windows, allow(dead_code))]",
            "#[ignore]",
            "#[cfg_attr(windows, ignore)]",
            "#[ignore = \"needs a network; CI runs it\"]",
            "#[expect(dead_code, reason = \"kept for the wire\")]",
            "let list = [allow(1)];",
        ];
        let (_folder, tree) = planted(&[("a.rs", &text.join("\n"))]);
        let lines: Vec<_> = check(&tree)
            .unwrap()
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
    }
}
