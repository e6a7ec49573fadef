//! Whom a summary is asked of, what that one is shown, how long the answer is waited for, and how much
//! of the conversation stays as it is whoever sums up.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_models::Prompt;
use tokio::sync::mpsc;

use super::WithoutModel;
use super::background::{Source, Told};
use super::cut::Keep;
use super::plan::{Depth, Plan};
use crate::context::{size, within_bounds};
use crate::{Agent, INSTRUCTIONS, TurnEvent};

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
pub(super) struct Patience {
    pub(super) each: Duration,
    /// When all of them must have ended, where somebody has said so.
    pub(super) until: Option<Deadline>,
}

impl Patience {
    /// The usual one of a turn.
    pub(super) const OF_A_TURN: Self = Self {
        each: PATIENCE,
        until: None,
    };

    /// It begins.
    pub(super) fn begin(self, clock: &Clock) -> Deadline {
        match self.until {
            Some(until) => until.tightened(clock, "summary", self.each),
            None => Deadline::after(clock, "summary", self.each),
        }
    }
}

/// What a summarising model is shown: half a window, but no more bytes than this.
const STORY: u64 = 400_000;

impl Agent {
    /// Asks whoever can be asked: the provider, or where it has refused that, a model. No model is shown
    /// what it could not read. Whether somebody is at it.
    pub(super) fn ask_for_summary(&mut self) -> bool {
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

    /// What stands for what was said, or why there is nothing.
    pub(super) async fn summary(
        &mut self,
        patience: Patience,
        events: &mpsc::Sender<TurnEvent>,
    ) -> Result<(Plan, Told), WithoutModel> {
        let mut is_asked = self.background.is_at_it() || self.ask_for_summary();
        if is_asked || self.has_to_wait() {
            // A listener that has gone misses the rest; the turn goes on.
            let _ = events.send(TurnEvent::SummingUp(self.context())).await;
        }
        if !is_asked && self.has_to_wait() {
            let free = patience.begin(&self.clock);
            // A title is no summary: there is none to be had yet.
            let _ = self.background.waited_for(free).await;
            is_asked = self.ask_for_summary();
        }
        if !is_asked {
            return Err(match self.background.has_failed() {
                _ if self.background.is_busy() => WithoutModel::TooLate,
                true => WithoutModel::Failed,
                false => WithoutModel::Nobody,
            });
        }
        let patience = patience.begin(&self.clock);
        if let Some(told) = self.background.waited_for(patience).await {
            return Ok(told);
        }
        if !self.background.is_at_it() {
            return Err(WithoutModel::Failed);
        }
        if self.background.asked_the_provider() {
            // Silence is no better than a refusal: the next one to be asked is a model.
            self.background.leave_the_provider();
        }
        Err(WithoutModel::TooLate)
    }

    /// Whether a model could sum up that something else is asked of now: a title.
    fn has_to_wait(&self) -> bool {
        let is_readable = self.transcript().maker().is_none();
        is_readable && self.background.is_busy() && self.plan(Depth::Usual).is_some()
    }

    pub(super) fn plan(&self, depth: Depth) -> Option<Plan> {
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
}
