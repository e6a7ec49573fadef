//! Requests as they come, for whoever shows them, at no cost for whoever is served.
//!
//! The one who shows may be slow, or stuck in a pipe that nobody reads: then requests go by unseen and are
//! only counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::Seen;

/// Requests that may wait to be shown.
const WAITING: usize = 1_024;

/// Where requests are seen as they come.
#[derive(Debug)]
pub struct Watch {
    requests: mpsc::Receiver<Seen>,
    missed: Arc<AtomicU64>,
}

/// Where they are told.
#[derive(Debug)]
pub(crate) struct Watched {
    requests: mpsc::Sender<Seen>,
    missed: Arc<AtomicU64>,
}

/// Both ends.
pub(crate) fn watch() -> (Watched, Watch) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let missed = Arc::<AtomicU64>::default();
    let watched = Watched {
        requests: sender,
        missed: Arc::clone(&missed),
    };
    let requests = receiver;
    (watched, Watch { requests, missed })
}

impl Watch {
    /// The next request, without headers and body; none when the simulator is gone. Blocks the thread, so
    /// it is for one that does nothing else.
    pub fn wait(&mut self) -> Option<Seen> {
        self.requests.blocking_recv()
    }

    /// How many went by unseen since this was asked last.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}

impl Watched {
    pub(crate) fn tell(&self, seen: &Seen) {
        match self.requests.try_reserve() {
            Ok(place) => place.send(seen.outline()),
            Err(_full) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_look_misses_requests_and_can_count_them() {
        let (watched, mut watch) = watch();
        let seen = Seen::unread(1, "connection-reset");
        (0..WAITING + 5).for_each(|_| watched.tell(&seen));
        assert_eq!((watch.missed(), watch.missed()), (5, 0));
        (0..WAITING).for_each(|_| assert!(watch.wait().is_some()));
        drop(watched);
        assert!(watch.wait().is_none());
    }
}
