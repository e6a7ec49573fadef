//! What is stored, as data without a clock or a lock.
//!
//! Two snapshots merge into one that has lost nothing that counts, in any order and any number of
//! times, so that processes need not agree on who writes when. A piece that cannot be read costs
//! only itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::facts::{self, FactMap};
use super::row::{MemoryRow, Piece};
use crate::patience::learned::{self, ByStage, RequestKind};

/// Everything worth storing at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub(super) facts: FactMap,
    pub(super) patience: BTreeMap<RequestKind, ByStage>,
}

impl Snapshot {
    pub(crate) fn of(facts: FactMap, patience: BTreeMap<RequestKind, ByStage>) -> Self {
        Self { facts, patience }
    }

    pub(crate) fn into_parts(self) -> (FactMap, BTreeMap<RequestKind, ByStage>) {
        (self.facts, self.patience)
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.patience.is_empty()
    }

    /// Adds what `other` knows, and drops what has ended by `now`.
    pub fn merge(&mut self, other: Self, now: SystemTime) {
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let now_ms = since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
        facts::merge(&mut self.facts, other.facts, now_ms);
        learned::merge(&mut self.patience, other.patience);
        for samples in self.patience.values_mut().flatten() {
            samples.forget_old(now_ms);
        }
        self.patience
            .retain(|_, stages| stages.iter().any(|samples| samples.len() > 0));
    }

    /// The pieces to store, in the order of what they are about.
    #[must_use]
    pub fn rows(&self) -> Vec<MemoryRow> {
        let facts = self.facts.iter();
        let facts = facts.map(|(fact, remembered)| MemoryRow::of(fact, remembered));
        let patience = self.patience.iter();
        let patience = patience.map(|(kind, waits)| MemoryRow::of(kind, waits));
        let mut rows: Vec<_> = facts.chain(patience).collect();
        rows.sort_unstable();
        rows
    }

    /// What stored pieces say.
    #[must_use]
    pub fn of_rows(rows: impl IntoIterator<Item = MemoryRow>) -> Self {
        Self::of_pieces(rows.into_iter().filter_map(|row| row.read()))
    }

    pub(super) fn of_pieces(pieces: impl Iterator<Item = Piece>) -> Self {
        let mut snapshot = Self::default();
        let mut patience = BTreeMap::new();
        for piece in pieces {
            match piece {
                Piece::Fact(fact, remembered) => {
                    snapshot.facts.insert(fact, remembered);
                }
                Piece::Patience(kind, waits) => {
                    patience.insert(kind, waits);
                }
            }
        }
        learned::merge(&mut snapshot.patience, patience);
        snapshot
    }
}
