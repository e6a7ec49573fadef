//! The changelog exists and has a place for what is not released yet.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

const NAME: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let file = tree.files.iter().find(|file| file.path == Path::new(NAME));
    let what = match file {
        None => "the file is missing",
        Some(file)
            if !file
                .text
                .lines()
                .any(|line| line.trim_end() == "## [Unreleased]") =>
        {
            "there is no section for unreleased changes"
        }
        Some(_) => return Ok(Vec::new()),
    };
    Ok(vec![Finding {
        path: NAME.into(),
        line: 1,
        what: what.to_owned(),
        remedy: "write it as Keep a Changelog does, with a heading `## [Unreleased]`",
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn a_missing_changelog_or_section_is_found() {
        let (_folder, tree) = planted(&[("README.md", "")]);
        assert_eq!(check(&tree).unwrap().len(), 1);
        let (_folder, tree) = planted(&[(NAME, "# Changelog\n\n## [0.1.0]\n")]);
        assert_eq!(check(&tree).unwrap().len(), 1);
        let (_folder, tree) = planted(&[(NAME, "# Changelog\n\n## [Unreleased]\n")]);
        assert_eq!(check(&tree).unwrap(), []);
    }
}
