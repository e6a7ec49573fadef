//! What a network holds at the moment, for tests that want nothing to be left behind.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts ends of connections, and bytes between them.
#[derive(Debug, Default)]
pub(super) struct Meter {
    ends: AtomicUsize,
    client_ends: AtomicUsize,
    queued: AtomicUsize,
    most_queued: AtomicUsize,
}

impl Meter {
    pub(super) fn opened(&self, is_client: bool) {
        self.ends.fetch_add(1, Ordering::Relaxed);
        self.client_ends
            .fetch_add(usize::from(is_client), Ordering::Relaxed);
    }

    pub(super) fn closed(&self, is_client: bool) {
        self.ends.fetch_sub(1, Ordering::Relaxed);
        self.client_ends
            .fetch_sub(usize::from(is_client), Ordering::Relaxed);
    }

    pub(super) fn came(&self, bytes: usize) {
        let queued = self.queued.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most_queued.fetch_max(queued, Ordering::Relaxed);
    }

    pub(super) fn left(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn ends(&self) -> usize {
        self.ends.load(Ordering::Relaxed)
    }

    pub(super) fn client_ends(&self) -> usize {
        self.client_ends.load(Ordering::Relaxed)
    }

    pub(super) fn most_queued(&self) -> usize {
        self.most_queued.load(Ordering::Relaxed)
    }
}
