//! One piece of a snapshot as text: a store keeps each by itself, so that one which is damaged costs
//! only itself, and nothing is written that has not changed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::facts::{Fact, Remembered};
use crate::patience::learned::{ByStage, RequestKind};

/// What is known of one thing. Both texts are JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryRow {
    /// The thing: the same text in every process, and in no other row.
    pub about: String,
    /// What is known of it.
    pub known: String,
}

/// A row, understood.
pub(super) enum Piece {
    Fact(Fact, Remembered),
    Patience(RequestKind, ByStage),
}

impl MemoryRow {
    pub(super) fn of(about: &impl Serialize, known: &impl Serialize) -> Self {
        // Strings and numbers: there is nothing in them that JSON could not hold.
        Self {
            about: serde_json::to_string(about).unwrap_or_default(),
            known: serde_json::to_string(known).unwrap_or_default(),
        }
    }

    /// What the row says, if this version understands it.
    pub(super) fn read(&self) -> Option<Piece> {
        let fact = self.parse().map(|(fact, known)| Piece::Fact(fact, known));
        let patience = || {
            self.parse()
                .map(|(kind, waits)| Piece::Patience(kind, waits))
        };
        fact.or_else(patience)
    }

    fn parse<A, K>(&self) -> Option<(A, K)>
    where
        A: DeserializeOwned,
        K: DeserializeOwned,
    {
        let about = serde_json::from_str(&self.about).ok()?;
        Some((about, serde_json::from_str(&self.known).ok()?))
    }
}
