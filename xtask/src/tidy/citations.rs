//! What is cited of the protocol page stands there: a fact without its source is a guess.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::tree::{File, Tree};

const PAGE: &str = "docs/codex-protocol.md";

/// How the page is named where it is cited. Its file is named with an ending.
const NAME: &str = "codex-protocol";

/// What a line of a comment begins with.
const COMMENTS: [&str; 4] = ["//!", "///", "//", "#"];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let page = tree.files.iter().find(|file| file.path == Path::new(PAGE));
    let sections: BTreeSet<&str> = page.map_or_else(BTreeSet::new, |page| headings(&page.text));
    let findings = tree.files.iter().flat_map(|file| {
        let cited = cited(file).into_iter();
        let missing = cited.filter(|(_, section)| !sections.contains(section.as_str()));
        missing.map(|(line, section)| Finding {
            path: file.path.clone(),
            line,
            what: format!("{PAGE} has no section {section}"),
            remedy: "write the fact down there with its source, or cite where it stands",
        })
    });
    Ok(findings.collect())
}

/// `2` of `## 2. The WebSocket`, `2.1` of `### 2.1 Handshake`.
fn headings(page: &str) -> BTreeSet<&str> {
    let headings = page.lines().filter(|line| line.starts_with("##"));
    let numbers =
        headings.filter_map(|line| line.trim_start_matches('#').split_whitespace().next());
    numbers.map(|number| number.trim_end_matches('.')).collect()
}

/// The sections that a file cites, and in which lines. The page itself cites without its name.
fn cited(file: &File) -> Vec<(usize, String)> {
    let mark = match file.path == Path::new(PAGE) {
        true => "§",
        false => NAME,
    };
    let lines: Vec<&str> = file.text.lines().collect();
    let mut cited = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for (place, _) in line.match_indices(mark) {
            let rest = line[place + mark.len()..].trim_start();
            // A citation may go on in the next line of its comment.
            let next = lines.get(at + 1).map_or("", |next| uncommented(next));
            let list = sections(&format!("{rest} {next}"));
            cited.extend(list.into_iter().map(|section| (at + 1, section)));
        }
    }
    cited
}

fn uncommented(line: &str) -> &str {
    let line = line.trim_start();
    let prefix = COMMENTS.iter().find_map(|mark| line.strip_prefix(mark));
    prefix.unwrap_or(line).trim_start()
}

/// The numbers at the beginning: `§1.6, §2.6 and §3.3`, or without the signs.
fn sections(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let number = rest.strip_prefix('§').unwrap_or(rest);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, after) = number.split_at(end.unwrap_or(number.len()));
        let number = number.trim_end_matches('.');
        if number.is_empty() {
            return found;
        }
        found.push(number.to_owned());
        let more = after
            .strip_prefix(',')
            .or_else(|| after.strip_prefix(" and "));
        let Some(more) = more else { return found };
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn a_cited_section_that_the_page_does_not_have_is_found() {
        let code = format!(
            "//! After {NAME} §1.1, §1.2 and §1.3; RFC 9110 §10.2.3 and\n//! what others say ({NAME}\n\
             //! §2.6), or ({NAME} §3, row 20). See docs/{NAME}.md.\n"
        );
        let page = "# Page\n\n## 1. One\n\n### 1.1 Where\nAs §1.2 says (§2).\n\n## 2. Two\n";
        let table = format!("# Source: seen ({NAME} 1.1, 4).\n");
        let (_folder, tree) = planted(&[("a.rs", &code), (PAGE, page), ("b.toml", &table)]);
        let found = check(&tree).unwrap();
        let found: Vec<(&str, usize, &str)> = found
            .iter()
            .map(|it| {
                let section = it.what.rsplit(' ').next().unwrap();
                (it.path.to_str().unwrap(), it.line, section)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a.rs", 1, "1.2"),
                ("a.rs", 1, "1.3"),
                ("a.rs", 2, "2.6"),
                ("a.rs", 3, "3"),
                ("b.toml", 1, "4"),
                (PAGE, 6, "1.2"),
            ]
        );
    }
}
