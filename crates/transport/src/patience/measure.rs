//! One attempt's lesson about waits, learnt when it ends.
//!
//! An answer teaches how long each wait took, a fault nothing, and an attempt that was cancelled,
//! by the user or because another one was quicker, that its last wait takes at least so long.
//! Cancelling drops everything, so that lesson is learnt in `drop`.

use std::sync::Arc;

use alipes_base::Clock;
use tokio::time::Instant;

use super::Stage;
use super::learned::RequestKind;
use super::waits::Waits;
use crate::conversation::Conversation;
use crate::{Experience, Patience, Profile, Request, Route};

/// Measures one attempt.
pub(crate) struct Measure {
    experience: Arc<Experience>,
    clock: Clock,
    kind: RequestKind,
    waits: Waits,
    /// What is waited for, and since when; nothing before the request is sent.
    waiting: Option<(Stage, Instant)>,
}

impl Measure {
    /// A measure for `request` on `route`.
    pub(crate) fn new(about: &Conversation, request: &Request, route: Route) -> Self {
        Self {
            experience: Arc::clone(&about.transport.experience),
            clock: about.transport.clock.clone(),
            kind: RequestKind {
                endpoint: about.endpoint.key().clone(),
                route,
                model: request.model.clone(),
                effort: request.effort.clone(),
                size: RequestKind::size_of(request.body.size()),
            },
            waits: Waits::default(),
            waiting: None,
        }
    }

    /// How patient to be with it, where the profile says `cold`.
    pub(crate) fn patience(&self, cold: Patience, profile: &Profile) -> Patience {
        let least = profile.least_patience_percent;
        let learned = &self.experience.patience;
        learned.patience(&self.kind, cold, least, self.clock.unix_ms())
    }

    /// A wait is over, and the one of `stage` begins. The first begins when the request is sent.
    pub(crate) fn progress(&mut self, stage: Stage, now: Instant) {
        if let Some((waited_for, since)) = self.waiting.replace((stage, now))
            && (waited_for, stage) != (Stage::Sent, Stage::Sent)
        {
            let took = now.saturating_duration_since(since);
            self.waits.note(waited_for, took);
        }
    }

    /// The attempt was answered, or failed.
    pub(crate) fn ended(mut self, answered: bool) {
        if let Some((stage, since)) = self.waiting.take()
            && answered
        {
            self.waits.note(stage, self.clock.since(since));
            let samples = self.waits.answered(self.clock.unix_ms());
            self.experience.patience.learn(&self.kind, samples);
        }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        if let Some((stage, since)) = self.waiting {
            let waited = self.clock.since(since);
            let samples = self.waits.cancelled(stage, waited, self.clock.unix_ms());
            self.experience.patience.learn(&self.kind, samples);
        }
    }
}
