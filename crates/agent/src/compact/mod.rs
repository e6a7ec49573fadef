//! What is old in a conversation is summed up before the model's window is full.
//!
//! The summary is asked for ahead of need, beside the turn, while nobody waits: by a model of its own,
//! the auxiliary one where there is one. A provider that makes conversations shorter itself is asked
//! first: what it makes only it can read, so that is taken back where somebody else is asked, and the
//! journal's own words are summed up instead. When it is there it takes the place of what it stands for
//! between two steps. Where there is none in time, or the model would not stop refusing, what was said
//! is shortened mechanically: a turn never ends because of its past.
//!
//! Invariants: the journal keeps everything, and what a compaction replaced can be taken back
//! ([`Agent::undo`]); a compaction is checked before it is recorded and recorded before it counts; it
//! makes the conversation smaller or does not happen; the newest prompt, what fits of what followed,
//! and every call that waits for its output stay.

mod ask;
mod background;
mod count;
mod cut;
mod plan;
mod retell;
mod summary;
#[cfg(test)]
mod tests;

use alipes_base::Deadline;
use alipes_models::Model;
use alipes_store::{Entry, Undone};
use alipes_transport::{Cause, Fault};
use tokio::sync::mpsc;

use crate::context::size;
use crate::{Agent, TurnError, TurnEvent};
use ask::Patience;
pub(crate) use background::Background;
pub use count::{Compacted, SummedUpBy, WithoutModel};
pub(crate) use plan::Depth;
pub(crate) use retell::clipped;
pub(crate) use summary::{Spoken, said};

/// How full the window is, in percent, when a summary is asked for, and when no step is taken without
/// one: an answer needs room, too.
const AHEAD: u64 = 70;
const FULL: u64 = 90;

/// After a compaction that would have made nothing smaller none is tried before there is a quarter
/// more.
const MORE: (u64, u64) = (5, 4);

impl Agent {
    /// The same with somebody to ask beside its turns, for summaries and titles.
    #[must_use]
    pub fn with_auxiliary(mut self, model: Box<dyn Model>) -> Self {
        self.background = self.background.with(model);
        self
    }

    /// The same, which asks for a title beside the first turn of a conversation.
    #[must_use]
    pub fn with_title(mut self) -> Self {
        self.wants_title = true;
        self
    }

    /// The title that the model gave the conversation, once it has.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.background.title()
    }

    /// What the calls beside the turns took that have ended since this was asked last. They are no turn's,
    /// and were paid all the same.
    pub fn spent_beside(&mut self) -> Vec<TurnEvent> {
        let spent = self.background.spent().into_iter();
        spent
            .map(|(by, usage)| TurnEvent::SpentBeside { by, usage })
            .collect()
    }

    /// Whether a summary is being asked for.
    #[must_use]
    pub fn is_summing_up(&self) -> bool {
        self.background.is_at_it()
    }

    /// Sums up what is old now, whether there is need or not.
    ///
    /// # Errors
    /// [`TurnError::NothingToCompact`], if it would not get smaller.
    pub async fn compact(
        &mut self,
        deadline: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Compacted, TurnError> {
        self.catch_up().await;
        let patience = Patience {
            each: background::LONGEST,
            until: Some(deadline),
        };
        let done = self.shrink(Depth::Usual, patience, events).await?;
        done.ok_or(TurnError::NothingToCompact)
    }

    /// Waits for what is under way beside the turn, for a front that is about to leave; a summary that
    /// comes in time counts.
    ///
    /// # Errors
    /// [`TurnError::Journal`], if it could not be recorded.
    pub async fn settle(&mut self, deadline: Deadline) -> Result<Option<Compacted>, TurnError> {
        self.catch_up().await;
        match self.background.waited_for(deadline).await {
            Some((plan, told)) => self.carry_out(&plan, told).await,
            None => Ok(None),
        }
    }

    /// Takes what was summed up meanwhile, and sees to it that the next step has room.
    pub(crate) async fn make_room(
        &mut self,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<(), TurnError> {
        if let Some((plan, told)) = self.background.ready()
            && let Some(done) = self.carry_out(&plan, told).await?
        {
            tell(done, events).await;
        }
        if self.context().percent() >= FULL && self.may_compact() {
            self.shrink(Depth::Usual, Patience::OF_A_TURN, events)
                .await?;
        }
        self.look_ahead();
        Ok(())
    }

    /// Asks for a summary beside the turn, if it is time.
    pub(crate) fn look_ahead(&mut self) {
        let is_time = self.context().percent() >= AHEAD && self.may_compact();
        if is_time {
            self.ask_for_summary();
        }
    }

    /// Takes back what only another one can read, and sums up the journal's own words.
    pub(crate) async fn reopen(
        &mut self,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<(), TurnError> {
        self.unseal().await?;
        self.shrink(Depth::Usual, Patience::OF_A_TURN, events)
            .await?;
        Ok(())
    }

    /// Whether there was anything that only another one can read. Whatever is still being summed up comes
    /// too late.
    async fn unseal(&mut self) -> Result<bool, TurnError> {
        self.background.forget();
        let is_sealed = self.transcript().maker().is_some();
        while self.transcript().maker().is_some() {
            let entry = Entry::Undone(Undone::Compaction);
            self.record.keep(vec![entry]).await?;
        }
        Ok(is_sealed)
    }

    /// Makes the conversation smaller than what the model has refused; whether that worked.
    pub(crate) async fn shrink_refused(
        &mut self,
        depth: Depth,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<bool, TurnError> {
        let done = self.shrink(depth, Patience::OF_A_TURN, events).await?;
        Ok(done.is_some())
    }

    /// A summary by a model within its patience, or else a digest.
    async fn shrink(
        &mut self,
        depth: Depth,
        patience: Patience,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<Option<Compacted>, TurnError> {
        let mut without = match depth {
            Depth::Usual => WithoutModel::Nobody,
            Depth::Deep => WithoutModel::StillTooLong,
        };
        // The provider first, and where it will not, a model.
        for _ in 0..2 {
            if depth == Depth::Usual {
                match self.summary(patience, events).await {
                    Ok((plan, told)) => {
                        if let Some(done) = self.carry_out(&plan, told).await? {
                            tell(done, events).await;
                            return Ok(Some(done));
                        }
                        without = WithoutModel::Failed;
                    }
                    // Who was asked before has a better reason.
                    Err(WithoutModel::Nobody) => {}
                    Err(why) => without = why,
                }
            }
            // Nobody here can make a text of what only a provider can read.
            if !self.unseal().await? && !self.background.asked_the_provider() {
                break;
            }
        }
        let Some(plan) = self.plan(depth) else {
            return Ok(None);
        };
        let told = plan.digest(self.transcript());
        let done = self.count(&plan, &told, SummedUpBy::Digest).await?;
        let done = done.map(|done| Compacted {
            without: Some(without),
            ..done
        });
        if let Some(done) = done {
            tell(done, events).await;
        }
        Ok(done)
    }

    /// Whether anything may be summed up that nobody has asked for: not what somebody wanted back, and
    /// not again and again in vain.
    fn may_compact(&self) -> bool {
        let (more, than) = MORE;
        let bytes = size(self.transcript().items());
        let is_stuck = self
            .stuck_at
            .is_some_and(|at| bytes.saturating_mul(than) < at.saturating_mul(more));
        !is_stuck && !self.transcript().is_restored()
    }
}

async fn tell(done: Compacted, events: &mpsc::Sender<TurnEvent>) {
    // A listener that has gone misses the rest; the turn goes on.
    let _ = events.send(TurnEvent::Compacted(done)).await;
}

/// Whether less context is what would help.
pub(crate) fn wants_less(fault: &Fault) -> bool {
    matches!(fault.cause, Cause::ContextTooLong | Cause::TooLarge)
}
