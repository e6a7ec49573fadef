//! The rules that the configuration holds: its section `[approvals]`, a line for each.
//!
//! A rule is a key and its verdict the value, so that one can be added without touching another byte.

use alipes_config::{Checked, Reader, Section};

use super::rule::{Rule, Verdict};

/// The section.
#[derive(Clone, Debug, Default)]
pub struct ApprovalsSection {
    /// The rules, in the order of the file. Their order means nothing.
    pub rules: Vec<Rule>,
}

impl Section for ApprovalsSection {
    const NAME: &'static str = "approvals";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let entries =
            reader.entries(|field| field.with_origin(|field| field.one_of(&Verdict::NAMES)));
        let mut rules = Vec::new();
        for (text, verdict) in entries {
            match Rule::parse(&text, verdict.value, verdict.origin.to_string()) {
                Ok(rule) => rules.push(rule),
                Err(reason) => reader.refuse(format!("has the rule \"{text}\", which {reason}")),
            }
        }
        reader.finish(|| Some(Self { rules }))
    }
}

impl ApprovalsSection {
    /// The dotted name under which a rule stands in the file.
    #[must_use]
    pub fn key(rule: &str) -> String {
        format!("{}.{}", Self::NAME, alipes_config::quoted_key(rule))
    }
}
