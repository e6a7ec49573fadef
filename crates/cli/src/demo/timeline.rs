//! What an act shows while it is played: the steps on the wire, in the words of `exec`, with their time.

use std::time::Duration;

use alipes_agent::TurnEvent;
use alipes_base::Clock;
use alipes_transport::{Reaction, Trace};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::out;
use crate::exec::Waiting;
use crate::failure::Failure;
use crate::narrate::{hedged, remedy, step};
use crate::style::{Style, one_line};

/// The longest text of a line.
const LONGEST: usize = 160;

/// A wait is told when it has gone on for so long, and once.
const TELL_AFTER: Duration = Duration::from_secs(3);

/// Shows the events of one turn.
pub(super) struct Timeline {
    style: Style,
    clock: Clock,
    /// Whether every step is shown, or only what is not as it should be.
    is_detailed: bool,
    begun: Instant,
    waiting: Option<Waiting>,
}

impl Timeline {
    pub(super) fn new(style: Style, clock: &Clock, is_detailed: bool) -> Self {
        Self {
            style,
            is_detailed,
            begun: clock.now(),
            clock: clock.clone(),
            waiting: None,
        }
    }

    /// Shows what comes until there is no more.
    pub(super) async fn show(
        mut self,
        mut events: mpsc::Receiver<TurnEvent>,
    ) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                event = events.recv() => {
                    let Some(event) = event else { return Ok(()) };
                    if let Some(line) = self.line(&event) {
                        self.out(&line)?;
                    }
                }
                () = tokio::time::sleep_until(self.due()), if self.waiting.is_some() => {
                    if let Some(waiting) = self.waiting.take() {
                        self.out(&self.style.warning(waiting.text(&self.clock)))?;
                    }
                }
            }
        }
    }

    /// When the wait is told.
    fn due(&self) -> Instant {
        let age = self
            .waiting
            .as_ref()
            .map(|waiting| waiting.age(&self.clock));
        self.clock.now() + TELL_AFTER.saturating_sub(age.unwrap_or_default())
    }

    /// The line of an event, if it is worth one.
    fn line(&mut self, event: &TurnEvent) -> Option<String> {
        if let TurnEvent::Trace(trace) = event
            && let Some(waiting) = Waiting::after(&self.clock, trace, self.waiting.as_ref())
        {
            self.waiting = waiting;
        }
        let warning = |text: String| Some(self.style.warning(format!("! {text}")));
        match event {
            TurnEvent::Trace(Trace::AttemptFault {
                fault, reaction, ..
            }) => {
                let text = one_line(&fault.to_string(), LONGEST);
                match reaction {
                    // What is done instead has a line of its own.
                    Reaction::Stop => warning(text),
                    reaction => warning(format!("{text}; {}", remedy(*reaction))),
                }
            }
            TurnEvent::Trace(Trace::Hedged { limit, waited, .. }) => {
                warning(hedged(limit, *waited))
            }
            TurnEvent::NextProvider { to, .. } => warning(format!("asking {to} instead")),
            TurnEvent::Trace(Trace::Waiting { .. } | Trace::FirstEvent { .. }) => None,
            TurnEvent::Trace(trace) if self.is_detailed || is_mending(trace) => step(trace),
            TurnEvent::ToolStarted { summary, .. } => {
                Some(format!("tool: {}", one_line(summary, 100)))
            }
            TurnEvent::Restarted { delivered: true } => {
                Some("the text so far is replaced, not repeated".to_owned())
            }
            _ => None,
        }
    }

    fn out(&self, line: &str) -> Result<(), Failure> {
        let at = self.clock.since(self.begun).as_secs_f64();
        let time = self.style.faint(format!("{at:6.3} s"));
        out(&format!("  {time} {line}"))
    }
}

/// The steps that a mended fault is seen by.
fn is_mending(trace: &Trace) -> bool {
    match trace {
        Trace::AttemptStarted { attempt, .. } => *attempt > 1,
        Trace::AttemptDone { .. } => true,
        _ => false,
    }
}
