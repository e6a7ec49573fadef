//! `cargo xtask tidy`: the house rules that a machine can see and neither rustc nor clippy does.
//!
//! One file per rule, each a function from the tree to findings. A finding is one line: where, what, what to do.

mod attributes;
mod changelog;
mod citations;
mod header;
mod layers;
mod leftovers;
mod packages;
mod places;
mod sizes;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::tree::Tree;

/// One rule.
type Rule = fn(&Tree) -> Result<Vec<Finding>>;

const RULES: [(&str, Rule); 8] = [
    ("attributes", attributes::check),
    ("changelog", changelog::check),
    ("citations", citations::check),
    ("header", header::check),
    ("layers", layers::check),
    ("leftovers", leftovers::check),
    ("packages", packages::check),
    ("places", places::check),
];

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: PathBuf,
    /// Counted from one.
    line: usize,
    what: String,
    remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}; {}",
            self.path.display(),
            self.line,
            self.what,
            self.remedy
        )
    }
}

/// Checks every rule and prints the findings; whether there were none.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let mut count = 0;
    for (name, rule) in RULES {
        let findings =
            rule(&tree).with_context(|| format!("the rule {name} could not be checked"))?;
        count += findings.len();
        for finding in findings {
            println!("{finding}");
        }
    }
    sizes::print(&tree);
    println!("tidy: {} files, {count} findings", tree.files.len());
    Ok(count == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributing_has_a_row_for_every_rule_and_no_other() {
        let page = include_str!("../../CONTRIBUTING.md");
        let rows = page
            .lines()
            .skip_while(|line| *line != "| Rule | What it asks |");
        let rows = rows.skip(2).map_while(|line| line.strip_prefix("| "));
        let told: Vec<&str> = rows.filter_map(|row| row.split(" | ").next()).collect();
        assert_eq!(told, RULES.map(|(name, _)| name));
    }
}
