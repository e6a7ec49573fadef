//! Connections waiting for their next request.
//!
//! Small and open: a request either takes one of these, and its answer says so, or dials. HTTP/1.1
//! connections are taken out while in use; an HTTP/2 connection is shared, and the newest one of
//! a key is the shared one (its elders finish what they carry). While any wait, a task looks through
//! them: an idle connection is likely dead on the way, and nobody else sees that its server closed it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use alipes_base::Clock;
use tokio::time::Instant;

use super::http1::Http1;
use super::http2::Http2;
use crate::dialer::Dialer;
use crate::driver::Driver;
use crate::egress::EgressKey;
use crate::facts::ConnectionFacts;
use crate::sockets::SocketOptions;
use crate::target::Target;

/// How many HTTP/1.1 connections of one key may wait: as many as our own server takes from clients. With
/// fewer, nearly every request of more clients at once would have to dial.
const MOST_IDLE: usize = 1_024;

/// How long a connection may wait after its last byte.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// How often all are looked through: a request only looks at those that it could take.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Whose connections may be shared with whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    target: Target,
    partition: String,
    /// In another network, or through another proxy, the old connections lead nowhere.
    egress: EgressKey,
    socket: SocketOptions,
}

impl Key {
    pub(super) fn new(target: &Target, partition: &str, dialer: &Dialer) -> Self {
        Self {
            target: target.clone(),
            partition: partition.to_owned(),
            egress: dialer.egress_key(target),
            socket: dialer.socket_options(),
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

/// A connection that can carry a request.
pub(super) enum Link {
    Http1(Http1),
    Http2(Arc<Http2>),
}

impl Link {
    pub(super) fn facts(&self) -> &ConnectionFacts {
        match self {
            Self::Http1(link) => link.facts(),
            Self::Http2(link) => link.facts(),
        }
    }

    pub(super) fn is_closed(&mut self) -> bool {
        match self {
            Self::Http1(link) => link.is_closed(),
            Self::Http2(link) => link.is_closed(),
        }
    }

    async fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(link) => link.is_usable().await,
            Self::Http2(link) => link.is_usable().await,
        }
    }
}

pub(super) struct Pool {
    clock: Clock,
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Default)]
struct Shelves {
    by_key: HashMap<Key, Shelf>,
    /// Who looks through them; nobody while they are empty.
    sweeper: Option<Driver>,
}

/// One key's connections, the newest last.
#[derive(Default)]
struct Shelf {
    http1: Vec<Http1>,
    http2: Option<Arc<Http2>>,
}

impl Pool {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            shelves: Arc::default(),
        }
    }

    /// A connection that can carry a request now; those that cannot are dropped on the way.
    pub(super) async fn take(&self, key: &Key) -> Option<Link> {
        loop {
            let mut link = self.find(key)?;
            if link.is_usable().await {
                return Some(link);
            }
            if let Link::Http2(dead) = link {
                self.forget(key, &dead);
            }
        }
    }

    /// Takes a connection back whose answer has been read to its end.
    pub(super) fn put_back(&self, key: Key, link: Http1) {
        let mut shelves = self.watched();
        let shelf = shelves.by_key.entry(key).or_default();
        shelf.http1.push(link);
        let surplus = shelf.http1.len().saturating_sub(MOST_IDLE);
        shelf.http1.drain(..surplus);
    }

    /// Shares a new HTTP/2 connection.
    pub(super) fn share(&self, key: &Key, link: &Arc<Http2>) {
        let mut shelves = self.watched();
        shelves.by_key.entry(key.clone()).or_default().http2 = Some(Arc::clone(link));
    }

    fn find(&self, key: &Key) -> Option<Link> {
        let now = self.clock.now();
        let mut shelves = lock(&self.shelves);
        let shelf = shelves.by_key.get_mut(key)?;
        shelf.http2.take_if(|link| is_spent_http2(link, now));
        if let Some(shared) = &shelf.http2 {
            return Some(Link::Http2(Arc::clone(shared)));
        }
        let mut newest_first = std::iter::from_fn(|| shelf.http1.pop());
        let fresh = newest_first.find_map(|mut link| {
            let is_spent = is_spent_http1(&mut link, now);
            (!is_spent).then_some(link)
        });
        fresh.map(Link::Http1)
    }

    fn forget(&self, key: &Key, dead: &Arc<Http2>) {
        if let Some(shelf) = lock(&self.shelves).by_key.get_mut(key) {
            shelf.http2.take_if(|shared| Arc::ptr_eq(shared, dead));
        }
    }

    /// The shelves, to put something on; from now on they are looked through.
    fn watched(&self) -> MutexGuard<'_, Shelves> {
        let mut shelves = lock(&self.shelves);
        // One that finished by itself went with its runtime.
        if shelves.sweeper.as_ref().is_none_or(Driver::is_finished) {
            let sweeping = sweep(Arc::downgrade(&self.shelves), self.clock.clone());
            shelves.sweeper = Some(Driver::new(sweeping));
        }
        shelves
    }
}

impl Shelves {
    /// Lets go what has died or waited too long.
    fn sweep(&mut self, now: Instant) {
        self.by_key.retain(|_, shelf| {
            shelf.http1.retain_mut(|link| !is_spent_http1(link, now));
            shelf.http2.take_if(|link| is_spent_http2(link, now));
            !shelf.http1.is_empty() || shelf.http2.is_some()
        });
    }
}

/// Looks through the shelves now and then, until they are empty or their pool is gone.
async fn sweep(shelves: Weak<Mutex<Shelves>>, clock: Clock) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(shelves) = shelves.upgrade() else {
            return;
        };
        let mut shelves = lock(&shelves);
        shelves.sweep(clock.now());
        if shelves.by_key.is_empty() {
            shelves.sweeper = None;
            return;
        }
    }
}

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_spent_http1(link: &mut Http1, now: Instant) -> bool {
    link.is_closed() || is_old(link.facts(), now)
}

fn is_spent_http2(link: &Arc<Http2>, now: Instant) -> bool {
    let in_use = Arc::strong_count(link) > 1;
    link.is_closed() || (!in_use && is_old(link.facts(), now))
}

fn is_old(facts: &ConnectionFacts, now: Instant) -> bool {
    now.saturating_duration_since(facts.traffic.last_received()) >= LONGEST_IDLE
}
