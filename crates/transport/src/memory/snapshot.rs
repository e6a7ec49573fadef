//! What is stored, and its form: JSON with a version number.
//!
//! A snapshot is data without a clock or a lock. Two of them merge into one that has lost nothing
//! that counts, in any order and any number of times, so that processes need not agree on who
//! writes when. Within a version, an entry that cannot be read costs only itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::{self, Fact, FactMap, Remembered};
use crate::patience::learned::{self, ByStage, RequestKind};

/// The version that this program writes, and the only one it reads.
const VERSION: u64 = 1;

/// Everything worth storing at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub(super) facts: FactMap,
    pub(super) patience: BTreeMap<RequestKind, ByStage>,
}

/// Why a stored text is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Corrupt,
    Newer { version: u64 },
}

#[derive(Serialize, Deserialize)]
struct FactEntry {
    #[serde(flatten)]
    fact: Fact,
    #[serde(flatten)]
    remembered: Remembered,
}

#[derive(Serialize, Deserialize)]
struct PatienceEntry {
    #[serde(flatten)]
    kind: RequestKind,
    waits: ByStage,
}

#[derive(Serialize)]
struct Written {
    version: u64,
    facts: Vec<FactEntry>,
    patience: Vec<PatienceEntry>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    facts: Vec<Value>,
    #[serde(default)]
    patience: Vec<Value>,
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

    /// The text to store.
    pub(super) fn write(&self) -> String {
        let fact = |(fact, remembered): (&Fact, &Remembered)| FactEntry {
            fact: fact.clone(),
            remembered: remembered.clone(),
        };
        let patience = |(kind, waits): (&RequestKind, &ByStage)| PatienceEntry {
            kind: kind.clone(),
            waits: waits.clone(),
        };
        let written = Written {
            version: VERSION,
            facts: self.facts.iter().map(fact).collect(),
            patience: self.patience.iter().map(patience).collect(),
        };
        // Strings and numbers: there is nothing in it that JSON could not hold.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// What a stored text says.
    pub(super) fn read(text: &[u8]) -> Result<Self, Unread> {
        let value: Value = serde_json::from_slice(text).map_err(|_syntax| Unread::Corrupt)?;
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(Unread::Newer { version }),
            _ => return Err(Unread::Corrupt),
        }
        let stored: Stored = serde_json::from_value(value).map_err(|_shape| Unread::Corrupt)?;
        let facts = stored.facts.into_iter().filter_map(|entry| {
            let entry: FactEntry = serde_json::from_value(entry).ok()?;
            Some((entry.fact, entry.remembered))
        });
        let patience = stored.patience.into_iter().filter_map(|entry| {
            let entry: PatienceEntry = serde_json::from_value(entry).ok()?;
            Some((entry.kind, entry.waits))
        });
        let mut snapshot = Self {
            facts: facts.collect(),
            patience: BTreeMap::new(),
        };
        learned::merge(&mut snapshot.patience, patience.collect());
        Ok(snapshot)
    }
}
