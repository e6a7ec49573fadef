//! How far a request has come on its way out.
//!
//! HTTP libraries do not say when a request has left, and whoever is patient with an answer must
//! not count the time that a slow uplink takes. On HTTP/1.1 the connection is the request's own,
//! so its counters tell. On HTTP/2 others send on it, too, so the upload itself keeps the score.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alipes_base::Clock;
use tokio::time::Instant;

use crate::stream::Traffic;

/// One request's way out.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    traffic: Traffic,
    begun: Instant,
    sent_before: u64,
    /// The body's length.
    length: u64,
    /// Where the connection is shared with other requests.
    upload: Option<UploadScore>,
}

impl Progress {
    pub(super) fn begin(now: Instant, traffic: Traffic, length: usize) -> Self {
        Self {
            begun: now,
            sent_before: traffic.bytes_sent(),
            length: length as u64,
            traffic,
            upload: None,
        }
    }

    /// The same where other requests share the connection.
    pub(super) fn scored_by(self, upload: UploadScore) -> Self {
        let upload = Some(upload);
        Self { upload, ..self }
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// Bytes that left on the connection since the request began.
    pub(super) fn sent(&self) -> u64 {
        let sent = self.traffic.bytes_sent();
        sent.saturating_sub(self.sent_before)
    }

    /// Bytes of the body that are still with us.
    pub(super) fn unsent(&self) -> u64 {
        match &self.upload {
            Some(upload) => upload.left(),
            None => self.length.saturating_sub(self.sent()),
        }
    }

    /// Whether the operating system has taken all of it.
    pub(super) fn is_handed_over(&self) -> bool {
        let all = match &self.upload {
            Some(upload) => upload.left() == 0,
            // The request line alone makes the whole longer than its body.
            None => self.sent() > self.length,
        };
        all && !self.traffic.is_blocked()
    }

    /// When it last moved.
    pub(super) fn last_moved(&self) -> Instant {
        let moved = match &self.upload {
            Some(upload) if upload.left() > 0 => upload.last(),
            _ => self.traffic.last_sent(),
        };
        moved.max(self.begun)
    }

    /// When the last of it was taken, once it is handed over.
    pub(super) fn handed_over(&self) -> Instant {
        let last = match &self.upload {
            // The connection's own counter moves on with every ping.
            Some(upload) => upload.last(),
            None => self.traffic.last_sent(),
        };
        last.max(self.traffic.unblocked()).max(self.begun)
    }
}

/// What is left of one upload, and when it last became less.
#[derive(Clone, Debug)]
pub(super) struct UploadScore(Arc<Score>);

#[derive(Debug)]
struct Score {
    clock: Clock,
    begun: Instant,
    left: AtomicU64,
    /// Nanoseconds between the beginning and the last piece.
    last: AtomicU64,
}

impl UploadScore {
    pub(super) fn new(clock: &Clock, length: usize) -> Self {
        Self(Arc::new(Score {
            begun: clock.now(),
            clock: clock.clone(),
            left: AtomicU64::new(length as u64),
            last: AtomicU64::new(0),
        }))
    }

    pub(super) fn set_left(&self, left: usize) {
        let now = self.0.clock.since(self.0.begun).as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
        self.0.left.store(left as u64, Ordering::Relaxed);
    }

    fn left(&self) -> u64 {
        self.0.left.load(Ordering::Relaxed)
    }

    fn last(&self) -> Instant {
        self.0.begun + Duration::from_nanos(self.0.last.load(Ordering::Relaxed))
    }
}
