//! One line per check, and the sum at the end.

use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::process::{Server, now};

/// What has been tried so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Runs a check and prints how it ended. A failed check does not stop the others.
    pub(super) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        let started = now();
        let outcome = check();
        self.tell(name, outcome, started.elapsed());
    }

    /// Prints how a check ended that has been run elsewhere.
    pub(super) fn tell(&mut self, name: &str, outcome: Result<()>, took: Duration) {
        let took = seconds(took);
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok  {name} ({took})");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED  {name} ({took})\n    {error:#}");
            }
        }
    }

    /// Prints that a check cannot be run here.
    pub(super) fn skip(name: &str, why: &str) {
        println!("skipped  {name}: {why}");
    }

    /// Prints the sum; whether nothing failed.
    pub(super) fn finish(self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }
}

/// Adds to an error what the program at the other end said.
pub(super) fn with_words_of<T>(server: &Server, outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| anyhow!("{error:#}\n{}", server.said()))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_or_nothing_tried_is_no_success() {
        let mut report = Report::default();
        report.check("good", || Ok(()));
        report.check("bad", || anyhow::bail!("the reason"));
        assert!(!report.finish());
        assert!(!Report::default().finish());
    }
}
