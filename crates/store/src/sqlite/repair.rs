//! `store repair`: a sound store out of a damaged one, with everything in it that can be read.
//!
//! A database that is whole only gets a new index. Otherwise a new one is built in a folder beside the damaged
//! one, looked over, brought to disk, and only then takes its name ([`exchange`]): whenever a repair is killed,
//! the damaged store stands there or the repaired one. The files of the damaged one are kept under another
//! name, never changed.

mod exchange;
mod first_page;
mod rows;
mod salvage;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use alipes_config::create_private;
use rusqlite::OpenFlags;

use super::failure::Failure;
use super::files::{Files, Hold};
use super::{check, connect, search};
use crate::StoreError;

pub(super) use rows::{Table, each};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Conversations of the new store.
    pub conversations: u64,
    /// Entries that could be read.
    pub entries: u64,
    /// Entries that are there and cannot be read.
    pub unreadable: u64,
    /// So many more may have been on pages that cannot be read; `None` if that cannot be told.
    pub may_be_lost: Option<u64>,
    /// Call records that could be read.
    pub calls: u64,
    /// Where the damaged files are now; nowhere if nothing was damaged.
    pub moved_to: Option<PathBuf>,
    /// What repairs before this one have put aside, finished or not.
    pub earlier: Vec<PathBuf>,
}

/// Puts a new store, made of what can be read of a damaged one, in its place. Whoever else has it open is
/// waited for, within a bounded time.
pub(super) fn run(files: &Files, largest: u64, now: u64) -> Result<Repaired, StoreError> {
    let path = files.database();
    if fs::metadata(&path).is_err() {
        return Err(StoreError::Missing { path });
    }
    let _alone = files.lock(Hold::Alone)?;
    let beside = files.beside();
    let refused = |error: io::Error| files.refused(&error);
    clear(beside.folder()).map_err(refused)?;
    let earlier = exchange::earlier(files).map_err(refused)?;
    let checked = check::run(files)?;
    if checked.problems.is_empty() {
        let renewed = renew_index(files).map_err(|failure| failure.of(&path));
        return renewed.map(|()| Repaired {
            conversations: checked.conversations,
            entries: checked.entries,
            may_be_lost: Some(0),
            earlier,
            ..Repaired::default()
        });
    }
    let replaced = replace(files, &beside, (largest, now));
    // Where that fails it is in nobody's way, and the next repair clears it.
    let _ = clear(beside.folder());
    let (repaired, moved_to) = replaced?;
    Ok(Repaired {
        moved_to: Some(moved_to),
        earlier,
        ..repaired
    })
}

/// Empties the index and fills it from the journal.
fn renew_index(files: &Files) -> Result<(), Failure> {
    let db = connect::open(&files.database(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Words of what was deleted are in the index until then.
    db.pragma_update(None, "secure_delete", "ON")?;
    let mut is_forgotten = false;
    loop {
        let transaction = db.unchecked_transaction()?;
        // An index that was emptied and says that it is full would find nothing for ever.
        if !std::mem::replace(&mut is_forgotten, true) {
            search::forget(&transaction)?;
        }
        let more = search::index(&transaction, search::STEP)?;
        transaction.commit()?;
        if !more {
            return Ok(());
        }
    }
}

/// Builds the new store beside the damaged one and puts it in its place; gives where that is kept.
fn replace(
    files: &Files,
    beside: &Files,
    (largest, now): (u64, u64),
) -> Result<(Repaired, PathBuf), StoreError> {
    let refused = |error: io::Error| files.refused(&error);
    let copy = beside.beside();
    let folded = folded(files, &copy).map_err(refused)?;
    beside.make()?;
    connect::migrate(&beside.database()).map_err(|failure| failure.of(&files.database()))?;
    let damaged = match &folded {
        None if !first_page::shows_tables(files) => {
            let hurt = &copy.beside();
            first_page::replaced(files, hurt, beside).map_err(refused)?
        }
        folded => folded.clone(),
    };
    let damaged = damaged.unwrap_or_else(|| files.database());
    let repaired = salvage::salvage(&damaged, &beside.database(), largest)
        .map_err(|failure| failure.of(&files.database()))?;
    look_over(beside, files)?;
    let aside = exchange::free_name(files, now);
    for step in exchange::steps(files, (folded.as_deref(), &beside.database()), &aside) {
        step.take(beside.folder()).map_err(refused)?;
        sync_folder(files.folder());
    }
    Ok((repaired, aside))
}

/// A copy of the damaged database with its log folded into it, which shows the same with that log and without.
/// None where there is no log, or the database is such that nobody sees what is in it.
fn folded(files: &Files, copy: &Files) -> io::Result<Option<PathBuf>> {
    if fs::metadata(files.log()).map_or(0, |log| log.len()) == 0 {
        return Ok(None);
    }
    create_private(copy.folder())?;
    fs::copy(files.database(), copy.database())?;
    fs::copy(files.log(), copy.log())?;
    if let Ok(db) = connect::open(&copy.database(), OpenFlags::SQLITE_OPEN_READ_WRITE) {
        // Whoever has looked into a database and closes it as the last folds its log into it.
        let _seen = connect::version(&db);
    }
    if copy.log().exists() {
        return Ok(None);
    }
    File::open(copy.database())?.sync_all()?;
    Ok(Some(copy.database()))
}

/// The new store is whole, in one file, and on disk when this returns.
fn look_over(new: &Files, files: &Files) -> Result<(), StoreError> {
    let problem = match check::run(new)?.problems.into_iter().next() {
        None if fs::metadata(new.log()).is_ok_and(|log| log.len() > 0) => {
            Some("its log could not be folded into it".to_owned())
        }
        problem => problem,
    };
    if let Some(problem) = problem {
        let what = format!("what was made of it is not whole and was left out: {problem}");
        let path = files.database();
        return Err(StoreError::Unusable { path, what });
    }
    let synced = File::open(new.database()).and_then(|file| file.sync_all());
    synced.map_err(|error| files.refused(&error))
}

/// Takes away what a repair has left that was cut.
fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Names have to survive a power cut too; where folders cannot be opened, they do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _unsupported = folder.sync_all();
    }
}
