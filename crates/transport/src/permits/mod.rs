//! Permits: how many requests run at once, per endpoint and account.
//!
//! A permit belongs to a request and never to a turn: a turn that held one while its tools ran would
//! starve its own children. What a user waits for goes before what a turn can do without; within a
//! class the first to come goes first.
//!
//! A waiting request holds nothing but its place, and a place costs a few bytes; even so there are
//! only so many, because a queue without an end is a way to fail late. Dropping the wait gives the
//! place back, dropping the permit gives that back, so no path can forget to.
//!
//! The limit is the profile's until the server says that it was too many at once: then it is one
//! less than were running, for ten minutes, because a server that has room again does not say so.

mod lane;
mod turnstile;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_base::{Clock, Deadline, Expired};
use tokio::time::Instant;

use crate::{AccountKey, EndpointKey};
use lane::Lane;

pub(crate) use lane::Permit;

/// How long a limit that was met is kept to.
pub(crate) const LOWERED_FOR: Duration = Duration::from_secs(600);

/// How many lanes are kept.
const MOST: usize = 256;

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// What a user waits for.
    Main,
    /// What a turn can do without.
    Auxiliary,
}

/// The permits of a process; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Permits {
    clock: Clock,
    lanes: Arc<Mutex<BTreeMap<LaneKey, Lane>>>,
}

/// An endpoint and the account that asks it.
pub(crate) type LaneKey = (EndpointKey, AccountKey);

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// The deadline passed in the queue.
    Expired(Expired),
    /// So many wait already that another one would only wait in vain.
    Full {
        /// How many.
        waiting: usize,
    },
}

/// A limit that a server has named or shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lowered {
    /// So many at once.
    pub(crate) to: usize,
    pub(crate) until: Instant,
}

impl Permits {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            lanes: Arc::default(),
        }
    }

    /// A permit for one request, when its turn has come; `limit` is the profile's.
    ///
    /// # Errors
    /// [`NoPermit`] if the deadline passes first, or the queue is full.
    pub(crate) async fn wait(
        &self,
        key: &LaneKey,
        limit: usize,
        priority: Priority,
        deadline: &Deadline,
    ) -> Result<Permit, NoPermit> {
        let place = self.lane(key, limit).place(priority, &self.clock)?;
        let granted = deadline.run(place.granted(&self.clock)).await;
        granted.map_err(NoPermit::Expired)
    }

    /// A permit if one is free now and nobody waits: for what nobody should wait for.
    pub(crate) fn try_now(&self, key: &LaneKey, limit: usize) -> Option<Permit> {
        self.lane(key, limit).try_now(&self.clock)
    }

    /// The server said that these were too many at once.
    pub(crate) fn too_many(&self, key: &LaneKey, limit: usize) -> Lowered {
        let until = self.clock.now() + LOWERED_FOR;
        self.lane(key, limit).too_many(until)
    }

    /// A limit that was met earlier, or by another process.
    pub(crate) fn lower(&self, key: &LaneKey, limit: usize, lowered: Lowered) {
        self.lane(key, limit).lower(lowered);
    }

    /// The lane of `key`. An unused one makes room for it.
    fn lane(&self, key: &LaneKey, limit: usize) -> Lane {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= MOST && !lanes.contains_key(key) {
            lanes.retain(|_, lane| lane.is_used());
        }
        lanes
            .entry(key.clone())
            .or_insert_with(|| Lane::new(limit))
            .clone()
    }
}

#[cfg(test)]
mod tests;
