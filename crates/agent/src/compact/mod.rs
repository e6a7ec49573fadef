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

mod background;
mod cut;
mod plan;
mod retell;
mod summary;
#[cfg(test)]
mod tests;

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_models::{Model, Prompt};
use alipes_store::{Entry, Undone};
use alipes_transport::{Cause, Fault};
use tokio::sync::mpsc;

use crate::context::{size, within_bounds};
use crate::{Agent, INSTRUCTIONS, TurnError, TurnEvent};
pub(crate) use background::Background;
use background::{Source, Told};
use cut::Keep;
pub(crate) use plan::Depth;
use plan::Plan;
pub(crate) use retell::clipped;
pub(crate) use summary::{Spoken, said};

/// How full the window is, in percent, when a summary is asked for, and when no step is taken without
/// one: an answer needs room, too.
const AHEAD: u64 = 70;
const FULL: u64 = 90;

/// How much of the window stays as it is, in percent; of the newest turn, which a model that has lost
/// sight of what it has just done would begin anew; and where even that was refused.
const KEEP: u64 = 25;
const KEEP_NEWEST: u64 = 50;
const KEEP_LESS: u64 = 10;

/// How much of what there is stays as it is, in percent.
const KEEP_OF_ALL: u64 = 30;

/// How long a turn waits for a summary that it cannot do without.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long whoever is asked for a summary is waited for, each for itself.
#[derive(Clone, Copy)]
struct Patience {
    each: Duration,
    /// When all of them must have ended, where somebody has said so.
    until: Option<Deadline>,
}

impl Patience {
    /// The usual one of a turn.
    const OF_A_TURN: Self = Self {
        each: PATIENCE,
        until: None,
    };

    /// It begins.
    fn begin(self, clock: &Clock) -> Deadline {
        match self.until {
            Some(until) => until.tightened(clock, "summary", self.each),
            None => Deadline::after(clock, "summary", self.each),
        }
    }
}

/// What a summarising model is shown: half a window, but no more bytes than this.
const STORY: u64 = 400_000;

/// After a compaction that would have made nothing smaller none is tried before there is a quarter
/// more.
const MORE: (u64, u64) = (5, 4);

/// How whatever stands for old messages begins.
const SUMMED_UP: &str = "What was said and done before this, ";

/// A compaction that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Tokens before, as far as is known.
    pub before: u64,
    /// Tokens after it, estimated.
    pub after: u64,
    /// Who summed up.
    pub by: SummedUpBy,
}

/// Who summed up what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummedUpBy {
    /// The provider, in a way that only it can read.
    Provider,
    /// A model.
    Model,
    /// Nobody: it was shortened mechanically.
    Digest,
}

impl SummedUpBy {
    fn heading(self) -> String {
        let how = match self {
            Self::Provider | Self::Model => {
                "summed up; the messages themselves are no longer shown to you:"
            }
            Self::Digest => {
                "shortened mechanically; look again at what you need and do not find here:"
            }
        };
        format!("{SUMMED_UP}{how}\n\n")
    }
}

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

    /// Asks whoever can be asked: the provider, or where it has refused that, a model. No model is shown
    /// what it could not read. Whether somebody is at it.
    fn ask_for_summary(&mut self) -> bool {
        let Some(plan) = self.plan(Depth::Usual) else {
            return false;
        };
        let question = match self.background.may_ask_the_provider() {
            true => self.model.compact(&Prompt {
                instructions: INSTRUCTIONS,
                tools: &[],
                input: &within_bounds(plan.old(&self.record.transcript)),
                maker: self.record.transcript.maker(),
            }),
            false => None,
        };
        let source = match question {
            Some(question) => Source::Provider(Box::new(question)),
            None if self.background.is_free() && self.transcript().maker().is_none() => {
                Source::Story(plan.story(self.transcript(), self.longest_story()))
            }
            None => return false,
        };
        self.background.sum_up(plan, source);
        true
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
        // The provider first, and where it will not, a model.
        for _ in 0..2 {
            let patience = patience.begin(&self.clock);
            if depth == Depth::Usual
                && let Some((plan, told)) = self.summary(patience, events).await
                && let Some(done) = self.carry_out(&plan, told).await?
            {
                tell(done, events).await;
                return Ok(Some(done));
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
        if let Some(done) = done {
            tell(done, events).await;
        }
        Ok(done)
    }

    async fn summary(
        &mut self,
        patience: Deadline,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Option<(Plan, Told)> {
        if !self.background.is_at_it() && !self.ask_for_summary() {
            return None;
        }
        // A listener that has gone misses the rest; the turn goes on.
        let _ = events.send(TurnEvent::SummingUp(self.context())).await;
        let told = self.background.waited_for(patience).await;
        if told.is_none() && self.background.is_at_it() && self.background.asked_the_provider() {
            // Silence is no better than a refusal: the next one to be asked is a model.
            self.background.leave_the_provider();
        }
        told
    }

    async fn carry_out(&mut self, plan: &Plan, told: Told) -> Result<Option<Compacted>, TurnError> {
        match told {
            Told::Text(told) => self.count(plan, &told, SummedUpBy::Model).await,
            Told::Sealed(sealed) => {
                let entry = plan.sealed(self.transcript(), sealed);
                let done = self.check(entry, SummedUpBy::Provider).await?;
                if done.is_none() {
                    self.background.leave_the_provider();
                }
                Ok(done)
            }
        }
    }

    /// Lets a text count for what it stands for.
    async fn count(
        &mut self,
        plan: &Plan,
        told: &str,
        by: SummedUpBy,
    ) -> Result<Option<Compacted>, TurnError> {
        let told = format!("{}{told}", by.heading());
        let entry = plan.carried_out(self.transcript(), &told);
        self.check(entry, by).await
    }

    /// Lets a compaction count, if it makes the conversation smaller and leaves it whole.
    async fn check(
        &mut self,
        entry: Option<Entry>,
        by: SummedUpBy,
    ) -> Result<Option<Compacted>, TurnError> {
        let before = self.context();
        let bytes = size(self.transcript().items());
        let checked = entry.filter(|entry| {
            let mut after = self.transcript().clone();
            after.add(entry.clone());
            cut::is_whole(&after)
        });
        let Some(entry) = checked else {
            self.stuck_at = Some(bytes);
            return Ok(None);
        };
        self.record.keep(vec![entry]).await?;
        self.stuck_at = None;
        Ok(Some(Compacted {
            before: before.tokens,
            after: self.context().tokens,
            by,
        }))
    }

    fn plan(&self, depth: Depth) -> Option<Plan> {
        let transcript = self.transcript();
        let (share, newest) = match depth {
            Depth::Usual => (KEEP, KEEP_NEWEST),
            Depth::Deep => (KEEP_LESS, 0),
        };
        let bytes = |percent: u64| {
            let tokens = self.gauge.window().saturating_mul(percent) / 100;
            self.gauge.bytes(tokens, transcript.count())
        };
        let some = size(transcript.items()).saturating_mul(KEEP_OF_ALL) / 100;
        let keep = Keep {
            bytes: bytes(share).min(some),
            newest: bytes(newest),
        };
        Plan::of(transcript, keep, depth)
    }

    fn longest_story(&self) -> usize {
        let half = self.gauge.window() / 2;
        let bytes = self.gauge.bytes(half, self.transcript().count());
        usize::try_from(bytes.min(STORY)).unwrap_or(usize::MAX)
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
