//! Sessions that are kept between the requests of one conversation.
//!
//! A session holds a provider's socket and what that socket remembers, so the next request of the same
//! conversation needs no new connection, and may need to send only what is new. They are kept for a
//! client and a conversation of its; nobody else gets them. One that was cut is never kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_base::Clock;
use alipes_models::Relay;
use tokio::time::Instant;

/// Most sessions that are kept while nobody uses them, some kilobytes each. All may be of one conversation:
/// requests of one may go side by side, and those of clients that name none are all of one. As many as
/// connections of one account rest in the pool.
const MOST: usize = 1_024;

/// For how long one is kept: below the ten minutes after which servers commonly end idle connections.
const KEPT: Duration = Duration::from_secs(9 * 60);

/// How often all are looked through: a request only looks at those that it could take.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Whose sessions they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conversation {
    /// The client's name.
    pub(crate) client: String,
    /// The model, as the client calls it.
    pub(crate) model: String,
    /// What the client calls the conversation; empty where it does not say.
    pub(crate) key: String,
}

/// All sessions that are kept.
#[derive(Clone)]
pub(crate) struct Conversations(Arc<Shared>);

struct Shared {
    clock: Clock,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// Each conversation's, the newest last.
    relays: HashMap<Conversation, VecDeque<Kept>>,
    /// How many they are together.
    count: usize,
    /// Sessions of an older configuration are not taken back.
    generation: u64,
    /// When those were last let go that have waited too long.
    swept: Option<Instant>,
}

struct Kept {
    relay: Relay,
    since: Instant,
}

/// A session in use.
pub(crate) struct Lease {
    relay: Relay,
    conversation: Conversation,
    generation: u64,
    of: Conversations,
}

impl Kept {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < KEPT
    }
}

impl Conversations {
    pub(crate) fn new(clock: Clock) -> Self {
        let idle = Mutex::default();
        Self(Arc::new(Shared { clock, idle }))
    }

    /// The conversation's session: a kept one, or one that is made now.
    pub(crate) fn lease<E>(
        &self,
        conversation: Conversation,
        make: impl FnOnce() -> Result<Relay, E>,
    ) -> Result<Lease, E> {
        let (kept, generation) = {
            let (mut idle, now) = (self.idle(), self.0.clock.now());
            idle.sweep(now);
            (idle.take(&conversation, now), idle.generation)
        };
        let mut relay = match kept {
            Some(relay) => relay,
            None => make()?,
        };
        relay.begin_turn();
        Ok(Lease {
            relay,
            conversation,
            generation,
            of: self.clone(),
        })
    }

    /// The configuration has changed: nothing that was made by the old one is used again.
    pub(crate) fn forget(&self) {
        let mut idle = self.idle();
        idle.relays.clear();
        idle.count = 0;
        idle.generation += 1;
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The session.
    pub(crate) fn relay(&mut self) -> &mut Relay {
        &mut self.relay
    }

    /// The answer is whole: the session may be used again.
    pub(crate) fn give_back(self) {
        let since = self.of.0.clock.now();
        let mut idle = self.of.idle();
        if idle.generation == self.generation {
            let relay = self.relay;
            idle.keep(self.conversation, Kept { relay, since });
        }
    }
}

impl Idle {
    fn take(&mut self, conversation: &Conversation, now: Instant) -> Option<Relay> {
        let newest = self.relays.get_mut(conversation)?.pop_back()?;
        self.count -= 1;
        newest.is_fresh(now).then_some(newest.relay)
    }

    fn keep(&mut self, conversation: Conversation, kept: Kept) {
        if self.count >= MOST {
            self.drop_oldest();
        }
        self.relays.entry(conversation).or_default().push_back(kept);
        self.count += 1;
    }

    /// Now and then lets go of what has waited too long.
    fn sweep(&mut self, now: Instant) {
        let is_recent = |swept: Instant| now.saturating_duration_since(swept) < SWEEP_EVERY;
        if self.swept.is_some_and(is_recent) {
            return;
        }
        self.swept = Some(now);
        self.relays.retain(|_, kept| {
            kept.retain(|kept| kept.is_fresh(now));
            !kept.is_empty()
        });
        self.count = self.relays.values().map(VecDeque::len).sum();
    }

    fn drop_oldest(&mut self) {
        let oldest = |kept: &VecDeque<Kept>| kept.front().map(|kept| kept.since);
        let conversations = self.relays.values_mut().filter(|kept| !kept.is_empty());
        let found = conversations.min_by_key(|kept| oldest(kept));
        if found.and_then(VecDeque::pop_front).is_some() {
            self.count -= 1;
        }
    }
}
