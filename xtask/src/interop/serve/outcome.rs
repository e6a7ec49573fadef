//! How a client's turn ended, as its user would see it.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::process::Finished;

/// The words with which the simulated model begins its only answer.
pub(super) const OPENING: &str = "(simulated) Hello!";

/// How it ended, and when.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The answer came, once.
    Answered(Duration),
    /// It gave up, or said something else.
    Failed(Duration, String),
    /// It had to be stopped.
    Stopped(Duration),
}

impl Outcome {
    /// Judges a turn that took so long, of at most `cap`.
    pub(super) fn of(ended: Result<Finished>, took: Duration, cap: Duration) -> Self {
        let ended = match ended {
            Ok(ended) => ended,
            Err(_) if took >= cap => return Self::Stopped(cap),
            Err(error) => return Self::Failed(took, format!("{error:#}")),
        };
        match (
            ended.stdout.matches(OPENING).count(),
            ended.status.success(),
        ) {
            (1, true) => Self::Answered(took),
            (1, false) => Self::Failed(took, format!("it answered and failed\n{}", ended.said())),
            (0, _) => Self::Failed(took, format!("no answer\n{}", ended.said())),
            (times, _) => Self::Failed(
                took,
                format!("its text came {times} times\n{}", ended.said()),
            ),
        }
    }

    /// Adds what the other side said to a failure.
    pub(super) fn with_words(mut self, words: impl FnOnce() -> String) -> Self {
        if let Self::Failed(_, why) = &mut self {
            why.push('\n');
            why.push_str(&words());
        }
        self
    }

    /// What is missing, if anything.
    pub(super) fn result(&self) -> Result<()> {
        match self {
            Self::Answered(_) => Ok(()),
            Self::Failed(_, why) => Err(anyhow!("{why}")),
            Self::Stopped(cap) => Err(anyhow!("it had to be stopped after {cap:?}")),
        }
    }

    /// How long it took.
    pub(super) fn took(&self) -> Duration {
        match self {
            Self::Answered(took) | Self::Failed(took, _) | Self::Stopped(took) => *took,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(took) => write!(f, "ok {:.1} s", took.as_secs_f64()),
            Self::Failed(took, _) => write!(f, "**fails** {:.1} s", took.as_secs_f64()),
            Self::Stopped(_) => write!(f, "**hangs**"),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::process;

    const CAP: Duration = Duration::from_millis(300);

    fn outcome(script: &str) -> Outcome {
        let started = process::now();
        let ended = process::run(Command::new("sh").args(["-c", script]), CAP);
        Outcome::of(ended, started.elapsed(), CAP)
    }

    #[test]
    fn only_one_whole_answer_and_a_good_end_count() {
        let answered = outcome("echo '(simulated) Hello! You said'");
        assert!(matches!(answered, Outcome::Answered(_)), "{answered:?}");
        for (script, why) in [
            ("echo nothing", "no answer"),
            ("echo '(simulated) Hello!'; exit 1", "and failed"),
            ("echo '(simulated) Hello! (simulated) Hello!'", "2 times"),
        ] {
            let Outcome::Failed(_, said) = outcome(script) else {
                panic!("{script} counts");
            };
            assert!(said.contains(why), "{said}");
        }
        assert!(matches!(outcome("exec sleep 60"), Outcome::Stopped(CAP)));
    }
}
