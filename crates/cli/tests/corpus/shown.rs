//! What `alipes calls show` prints of a call, read as a person reads it.

use std::path::Path;
use std::process::Command;

use alipes_transport::{Cause, Phase};

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
        // Who was asked beside an attempt doubted it before it ended as it did.
        let silence = row
            .expected
            .first
            .filter(|(_, diagnosis)| matches!(diagnosis.cause, Cause::Silent | Cause::Stalled));
        if first != expected && !(silence.is_some() && self.has_company(row.trouble.sse_alone)) {
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
        Some(self.failed(sse_alone)?.1.to_owned())
    }

    /// Whether that one had another request beside it.
    fn has_company(&self, sse_alone: bool) -> bool {
        let number = self
            .failed(sse_alone)
            .and_then(|(head, _)| head.split(' ').nth(1));
        number.is_some_and(|number| self.text.contains(&format!(", beside attempt {number},")))
    }

    /// The head of the first that failed by the way that counts, and what it is called.
    fn failed(&self, sse_alone: bool) -> Option<(&str, &str)> {
        let mut head = "";
        self.text.lines().find_map(|line| {
            if line.starts_with("attempt ") || line.starts_with("not tried ") {
                head = line;
            }
            let called = line.strip_prefix("  ✗ ")?;
            let is_meant = !sse_alone || head.contains(" by sse");
            is_meant.then_some((head, called))
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
