//! Endpoint memory as it was kept before there was a store for it: one JSON file with a version. It is
//! read once, and removed when the store has what was in it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Snapshot;
use super::facts::{Fact, Remembered};
use super::row::Piece;
use crate::patience::learned::{ByStage, RequestKind};

/// The version of its form.
const VERSION: u64 = 1;

/// A larger file is not ours: every part of a snapshot is bounded.
const LARGEST: u64 = 8 << 20;

/// The file of a home, where there still is one.
#[derive(Clone, Debug)]
pub struct FormerMemory {
    path: PathBuf,
}

#[derive(Deserialize)]
struct Stored {
    version: u64,
    #[serde(default)]
    facts: Vec<Value>,
    #[serde(default)]
    patience: Vec<Value>,
}

#[derive(Deserialize)]
struct FactEntry {
    #[serde(flatten)]
    fact: Fact,
    #[serde(flatten)]
    remembered: Remembered,
}

#[derive(Deserialize)]
struct PatienceEntry {
    #[serde(flatten)]
    kind: RequestKind,
    waits: ByStage,
}

impl FormerMemory {
    /// The file in `folder`.
    #[must_use]
    pub fn within(folder: &Path) -> Self {
        Self {
            path: folder.join("endpoints.json"),
        }
    }

    /// What it says; nothing where it is not there. What is damaged in it is found out again.
    #[must_use]
    pub fn read(&self) -> Option<Snapshot> {
        // A FIFO would be waited for, a device would never end.
        if !fs::metadata(&self.path).ok()?.is_file() {
            return None;
        }
        let mut text = Vec::new();
        let file = File::open(&self.path).ok()?;
        file.take(LARGEST).read_to_end(&mut text).ok()?;
        let stored = serde_json::from_slice::<Stored>(&text).ok();
        let stored = stored.filter(|stored| stored.version == VERSION);
        Some(stored.map(Stored::understood).unwrap_or_default())
    }

    /// Removes it, with its lock. Where that cannot be done it is read again, which changes nothing.
    pub fn remove(&self) {
        let _kept = fs::remove_file(&self.path);
        let _kept = fs::remove_file(self.path.with_extension("lock"));
    }
}

impl Stored {
    fn understood(self) -> Snapshot {
        let facts = self.facts.into_iter().filter_map(|entry| {
            let entry: FactEntry = serde_json::from_value(entry).ok()?;
            Some(Piece::Fact(entry.fact, entry.remembered))
        });
        let patience = self.patience.into_iter().filter_map(|entry| {
            let entry: PatienceEntry = serde_json::from_value(entry).ok()?;
            Some(Piece::Patience(entry.kind, entry.waits))
        });
        Snapshot::of_pieces(facts.chain(patience))
    }
}
