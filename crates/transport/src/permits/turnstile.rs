//! Who goes next: counting, and nothing else.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Lowered, NoPermit, Permit, Priority};

/// How many may wait in one lane.
const PLACES: usize = 256;

/// What a waiting request is told by.
pub(super) type Call = oneshot::Sender<Permit>;

#[derive(Debug)]
pub(super) struct Turnstile {
    limit: usize,
    lowered: Option<Lowered>,
    running: usize,
    /// One queue per [`Priority`].
    waiting: [VecDeque<Call>; 2],
}

impl Turnstile {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            lowered: None,
            running: 0,
            waiting: Default::default(),
        }
    }

    /// Whether anything would be lost with it.
    pub(super) fn is_used(&self) -> bool {
        self.running > 0 || self.lowered.is_some() || self.waiting() > 0
    }

    /// Counts one more in, if there is room and nobody was there before.
    pub(super) fn enter(&mut self, now: Instant) -> bool {
        let free = self.has_room(now) && self.waiting() == 0;
        self.running += usize::from(free);
        free
    }

    pub(super) fn queue(&mut self, priority: Priority, call: Call) -> Result<(), NoPermit> {
        for queue in &mut self.waiting {
            queue.retain(|call| !call.is_closed());
        }
        let waiting = self.waiting();
        if waiting >= PLACES {
            return Err(NoPermit::Full { waiting });
        }
        self.waiting[priority as usize].push_back(call);
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// Counts the next one in, if there is room.
    pub(super) fn next(&mut self, now: Instant) -> Option<Call> {
        if !self.has_room(now) {
            return None;
        }
        let next = self.waiting.iter_mut().find_map(VecDeque::pop_front)?;
        self.running += 1;
        Some(next)
    }

    /// One less than are running is what the server bears.
    pub(super) fn too_many(&mut self, until: Instant) -> Lowered {
        let to = self.running.saturating_sub(1).clamp(1, self.limit);
        let lowered = Lowered { to, until };
        self.lowered = Some(lowered);
        lowered
    }

    pub(super) fn lower(&mut self, lowered: Lowered) {
        self.lowered = Some(lowered);
    }

    /// When a lowered limit ends.
    pub(super) fn raised_at(&self) -> Option<Instant> {
        self.lowered.map(|lowered| lowered.until)
    }

    fn has_room(&mut self, now: Instant) -> bool {
        if self.lowered.is_some_and(|lowered| now >= lowered.until) {
            self.lowered = None;
        }
        let lowered = self.lowered.map_or(self.limit, |lowered| lowered.to);
        self.running < self.limit.min(lowered.max(1))
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }
}
