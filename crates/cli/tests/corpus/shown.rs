//! What `alipes calls show` prints of a call, read as a person reads it.

use std::path::Path;
use std::process::Command;

use alipes_transport::Phase;

use crate::diagnosis::Diagnosis;
use crate::row::{Outcome, Row};

/// What was printed.
pub(crate) struct Shown {
    pub(crate) text: String,
}

impl Shown {
    /// Runs the binary in this home.
    pub(crate) fn of(home: &Path, id: &str) -> Self {
        let shown = Command::new(env!("CARGO_BIN_EXE_alipes"))
            .args(["calls", "show", id])
            .env_clear()
            .env("ALIPES_HOME", home)
            .env("COLUMNS", "200")
            .output()
            .unwrap();
        assert!(shown.status.success(), "{shown:?}");
        Self {
            text: String::from_utf8(shown.stdout).unwrap(),
        }
    }

    /// What is not as the scenario shall be called; nothing if all is.
    pub(crate) fn differs_from(&self, row: &Row) -> Option<String> {
        let first = self.first(row.trouble.sse_alone);
        let expected = row
            .expected
            .first
            .map(|(phase, diagnosis)| called(phase, diagnosis));
        if first != expected {
            return Some(format!("shown is {first:?}, should be {expected:?}"));
        }
        let last = row
            .expected
            .last
            .or(row.expected.first.map(|(_, last)| last));
        let last = last.filter(|_| row.expected.outcome == Outcome::Fault)?;
        // In words, and with what can be done.
        let verdict = format!("\n{}: {}", last.cause.as_str(), last.cause.meaning());
        let is_told = self.text.contains(&verdict) && self.text.contains("\nhelp: ");
        (!is_told).then(|| format!("it does not end with {verdict:?}"))
    }

    /// The first attempt that failed by the way that counts, as it is called.
    fn first(&self, sse_alone: bool) -> Option<String> {
        let mut is_meant = false;
        self.text.lines().find_map(|line| {
            if line.starts_with("attempt ") || line.starts_with("not tried ") {
                is_meant = !sse_alone || line.contains(" by sse");
            }
            let called = line.strip_prefix("  ✗ ")?;
            is_meant.then(|| called.to_owned())
        })
    }
}

/// The words of the program for a diagnosis.
fn called(phase: Phase, diagnosis: Diagnosis) -> String {
    let Diagnosis {
        cause,
        scope,
        blame,
    } = diagnosis;
    format!(
        "{} in phase {}; to blame: {}; condemns the {}",
        cause.as_str(),
        phase.as_str(),
        blame.as_str(),
        scope.as_str()
    )
}
