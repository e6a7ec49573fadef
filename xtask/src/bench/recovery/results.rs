//! What has been measured so far, on disk after every row, so that an interrupted run can be taken up again.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::observed::Observed;
use super::system::System;
use crate::workspace;

/// What all systems did in one row.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RowResult {
    pub(super) row: String,
    systems: Vec<(String, Observed)>,
}

/// The rows of one build of the program.
#[derive(Debug)]
pub(super) struct Results {
    file: PathBuf,
    kept: Kept,
}

#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    /// Which build of ours: its size and the time it was made.
    build: String,
    rows: Vec<RowResult>,
}

impl RowResult {
    pub(super) fn of(row: String) -> Self {
        Self {
            row,
            systems: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, system: System, observed: Observed) {
        self.systems.push((system.name().to_owned(), observed));
    }

    /// What a system did; none if it did not take part.
    pub(super) fn get(&self, system: System) -> Option<&Observed> {
        let mut systems = self.systems.iter();
        systems
            .find(|(name, _)| name == system.name())
            .map(|(_, observed)| observed)
    }
}

impl Results {
    /// Those that were measured with the same binary.
    pub(super) fn open(binary: &Path) -> Result<Self> {
        let folder = workspace::root()?.join("target").join("bench");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("recovery.json");
        let build = build(binary)?;
        let earlier = std::fs::read(&file).ok();
        let earlier = earlier.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = earlier.filter(|kept| kept.build == build).unwrap_or(Kept {
            build,
            rows: Vec::new(),
        });
        Ok(Self { file, kept })
    }

    pub(super) fn get(&self, row: &str) -> Option<&RowResult> {
        self.kept.rows.iter().find(|result| result.row == row)
    }

    /// Adds a row, in place of an earlier one of the same name.
    pub(super) fn put(&mut self, result: RowResult) {
        self.kept.rows.retain(|kept| kept.row != result.row);
        self.kept.rows.push(result);
    }

    /// Leaves them for a later run.
    pub(super) fn save(&self) -> Result<()> {
        std::fs::write(&self.file, serde_json::to_vec(&self.kept)?)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn build(binary: &Path) -> Result<String> {
    let facts = std::fs::metadata(binary)?;
    let made = facts.modified()?.duration_since(UNIX_EPOCH)?;
    Ok(format!("{} bytes, {} s", facts.len(), made.as_secs()))
}
