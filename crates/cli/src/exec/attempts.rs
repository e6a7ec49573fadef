//! What was tried, for the message of a turn that failed.

use alipes_agent::TurnEvent;
use alipes_transport::{Reaction, Trace};

use crate::style::seconds;

/// More attempts than this say nothing new.
const SHOWN: usize = 6;

/// The attempts of the step under way.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    tried: Vec<String>,
    left_out: usize,
}

impl Attempts {
    pub(crate) fn note(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Trace(Trace::AttemptStarted { attempt: 1, .. }) => *self = Self::default(),
            TurnEvent::Trace(Trace::AttemptFault {
                fault,
                took,
                reaction,
                ..
            }) => {
                let wait = match reaction {
                    Reaction::Wait { length } => format!(", then waited {}", seconds(*length)),
                    _ => String::new(),
                };
                let cause = fault.cause.as_str();
                self.push(format!(
                    "{} ({cause}, {}{wait})",
                    fault.route,
                    seconds(*took)
                ));
            }
            TurnEvent::Trace(Trace::NotTried { fault }) => {
                let cause = fault.cause.as_str();
                self.push(format!("{} (not tried: {cause})", fault.route));
            }
            _ => {}
        }
    }

    /// One line each.
    pub(crate) fn of_the_last_step(self) -> Vec<String> {
        let more = (self.left_out > 0).then(|| format!("{} more", self.left_out));
        self.tried.into_iter().chain(more).collect()
    }

    fn push(&mut self, line: String) {
        if self.tried.len() < SHOWN {
            self.tried.push(line);
        } else {
            self.left_out += 1;
        }
    }
}
