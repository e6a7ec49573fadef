//! All breakers of a process, by what they are about.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Breaker, BreakerKey, Verdict};
use crate::reason::Reason;

/// How many are kept.
const MOST: usize = 256;

/// The breakers; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakers(Arc<Mutex<BTreeMap<BreakerKey, Entry>>>);

#[derive(Debug)]
struct Entry {
    breaker: Breaker,
    used: Instant,
    /// What opened it.
    reason: Option<(Reason, Instant)>,
}

/// An open breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) reason: Reason,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
}

/// Leave to make one attempt. Gives the places of its probes back when dropped, unless a verdict
/// came before.
#[derive(Debug)]
pub(crate) struct Admission {
    breakers: Breakers,
    probes: Vec<BreakerKey>,
}

impl Breakers {
    /// Whether nothing has failed, so that nobody need ask for anything by name.
    pub(crate) fn is_empty(&self) -> bool {
        self.board().is_empty()
    }

    /// Leave to make an attempt that depends on `keys`, whatever they say: whoever asks has looked at
    /// [`worst`](Self::worst), or has nothing better left. Where a breaker is open, it is the probe.
    pub(crate) fn insist(&self, keys: &[BreakerKey], now: Instant) -> Admission {
        let mut board = self.board();
        let mut probes = Vec::new();
        for key in keys {
            if let Some(entry) = board.get_mut(key)
                && entry.breaker.verdict(now) != Verdict::Closed
            {
                entry.breaker.probe(now);
                probes.push(key.clone());
            }
        }
        Admission {
            breakers: self.clone(),
            probes,
        }
    }

    /// The breaker among `keys` that keeps an attempt from being made for the longest, if one does.
    pub(crate) fn worst(&self, keys: &[BreakerKey], now: Instant) -> Option<Opened> {
        let board = self.board();
        let open = keys.iter().filter_map(|key| {
            let entry = board.get(key)?;
            match entry.breaker.verdict(now) {
                Verdict::Open { until } => entry.opened(until),
                Verdict::Closed | Verdict::ProbeDue => None,
            }
        });
        open.max_by_key(|open| open.until)
    }

    /// An attempt that depended on `keys` was answered. Gives those that it has closed.
    pub(crate) fn succeeded(&self, keys: &[BreakerKey], now: Instant) -> Vec<BreakerKey> {
        let mut board = self.board();
        let closes = |key: &&BreakerKey| {
            // Nothing has to be known of what never failed.
            let Some(entry) = board.get_mut(*key) else {
                return false;
            };
            entry.breaker.succeeded(now);
            entry.used = now;
            entry.reason.take().is_some()
        };
        keys.iter().filter(closes).cloned().collect()
    }

    /// An attempt failed by what `key` is about; `until`: its server named the end of it. Gives the
    /// breaker if it is open now.
    pub(crate) fn failed(
        &self,
        key: BreakerKey,
        reason: Reason,
        until: Option<Instant>,
        now: Instant,
    ) -> Option<Opened> {
        let mut board = self.board();
        make_room(&mut board, &key);
        let entry = board.entry(key).or_insert_with(|| Entry::new(now));
        entry.used = now;
        if entry.breaker.failed(now, until) {
            entry.reason = Some((reason, now));
        }
        entry.opened(entry.breaker.open_until()?)
    }

    /// Opens one that another process has found open; our own finding counts more.
    pub(crate) fn learn(&self, key: BreakerKey, opened: Opened) {
        let mut board = self.board();
        make_room(&mut board, &key);
        board.entry(key).or_insert_with(|| Entry {
            breaker: Breaker::opened_until(opened.until),
            used: opened.since,
            reason: Some((opened.reason, opened.since)),
        });
    }

    fn board(&self) -> MutexGuard<'_, BTreeMap<BreakerKey, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(now: Instant) -> Self {
        Self {
            breaker: Breaker::default(),
            used: now,
            reason: None,
        }
    }

    fn opened(&self, until: Instant) -> Option<Opened> {
        let (reason, since) = self.reason.clone()?;
        Some(Opened {
            reason,
            since,
            until,
        })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.probes.is_empty() {
            return;
        }
        let mut board = self.breakers.board();
        for key in &self.probes {
            if let Some(entry) = board.get_mut(key) {
                entry.breaker.probe_withdrawn();
            }
        }
    }
}

/// What has not been used for the longest goes first.
fn make_room(board: &mut BTreeMap<BreakerKey, Entry>, key: &BreakerKey) {
    if board.len() < MOST || board.contains_key(key) {
        return;
    }
    let oldest = board.iter().min_by_key(|(_, entry)| entry.used);
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        board.remove(&key);
    }
}
