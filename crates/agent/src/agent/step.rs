//! One step of a turn: the model is asked once, with less where it was too much, and what it says is
//! passed on.

use std::time::Duration;

use alipes_models::{Prompt, Step, StepUpdate};
use alipes_store::Entry;
use alipes_wire::ModelEvent;

use super::Agent;
use super::turn::Front;
use crate::compact::{Depth, wants_less};
use crate::context::within_bounds;
use crate::{INSTRUCTIONS, TurnError, TurnEvent, record};

/// The longest that one model step may take, attempts and waits included.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);

impl Agent {
    /// Asks the model, and where that is too much for it, again with less.
    pub(super) async fn fitting_step(&mut self, front: Front<'_>) -> Result<Step, TurnError> {
        self.make_room(front.events).await?;
        let mut depths = [Depth::Usual, Depth::Deep].into_iter();
        let mut was_reopened = false;
        loop {
            let mut unreadable = false;
            let fault = match self.step(front, &mut unreadable).await {
                Err(TurnError::Fault(_)) if unreadable => {
                    if std::mem::replace(&mut was_reopened, true) {
                        // What is made anew could be as unreadable, for ever.
                        self.background.leave_the_provider();
                    }
                    self.reopen(front.events).await?;
                    continue;
                }
                Err(TurnError::Fault(fault)) if wants_less(&fault) => fault,
                ended => return ended,
            };
            self.gauge.refused(self.context().tokens);
            let mut is_less = false;
            while !is_less {
                let Some(depth) = depths.next() else {
                    return Err(TurnError::Fault(fault));
                };
                is_less = self.shrink_refused(depth, front.events).await?;
            }
        }
    }

    /// Asks the model once and passes on what it says. `unreadable`: whoever might answer cannot
    /// read how the conversation begins.
    async fn step(&mut self, front: Front<'_>, unreadable: &mut bool) -> Result<Step, TurnError> {
        let deadline = front.deadline.tightened(&self.clock, "step", STEP_LIMIT);
        let input = within_bounds(self.record.transcript.items());
        let prompt = Prompt {
            instructions: INSTRUCTIONS,
            tools: &self.tools,
            input: &input,
            maker: self.record.transcript.maker(),
        };
        let mut step = self.model.step(&prompt, front.accepts_restart, deadline);
        let (mut preamble, mut asked) = (false, None);
        while let Some(update) = step.next().await {
            match &update {
                StepUpdate::Trace(trace) => {
                    let attempt = record::attempt(trace).map(Entry::Attempt);
                    attempt
                        .into_iter()
                        .for_each(|entry| self.record.note(entry));
                }
                StepUpdate::Asking(to) | StepUpdate::NextProvider { to, .. } => {
                    asked = Some(to.clone());
                }
                StepUpdate::Unreadable => *unreadable = true,
                _ => {}
            }
            if let Some(event) = told(update, &mut preamble) {
                // A listener that has gone misses the rest; the turn goes on.
                let _ = front.events.send(event).await;
            }
        }
        let step = step.finish().await?;
        if let (Some(by), Some(usage)) = (asked, step.usage) {
            let _ = front.events.send(TurnEvent::StepEnded { by, usage }).await;
        }
        Ok(step)
    }
}

/// What a listener is told of an update; `preamble`: what the message that has begun is, as far as is
/// known.
fn told(update: StepUpdate, preamble: &mut bool) -> Option<TurnEvent> {
    Some(match update {
        StepUpdate::Event(event) => return said(event, preamble),
        StepUpdate::Asking(who) => TurnEvent::Asking(who),
        StepUpdate::OnRecord { id } => TurnEvent::OnRecord { id },
        StepUpdate::Restarted { delivered } => TurnEvent::Restarted { delivered },
        StepUpdate::NextProvider {
            from,
            fault,
            to,
            left_out,
        } => TurnEvent::NextProvider {
            from,
            fault,
            to,
            left_out,
        },
        StepUpdate::Trace(trace) => TurnEvent::Trace(trace),
        _ => return None,
    })
}

fn said(event: ModelEvent, preamble: &mut bool) -> Option<TurnEvent> {
    match event {
        ModelEvent::MessageStarted { preamble: is } => {
            *preamble = is;
            None
        }
        ModelEvent::TextDelta { delta } | ModelEvent::RefusalDelta { delta } => {
            let preamble = *preamble;
            Some(TurnEvent::TextDelta { delta, preamble })
        }
        ModelEvent::ReasoningDelta { delta } => Some(TurnEvent::ReasoningDelta { delta }),
        _ => None,
    }
}
