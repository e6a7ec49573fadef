//! `store repair`: a sound store out of a damaged one, with everything in it that can be read.
//!
//! A database that is whole only gets a new index. The files of a damaged one are moved aside, never
//! changed. Tables are read row by row: what a damaged page
//! hides is skipped, in steps that grow, and what lies behind it is read again.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::failure::{Failure, is_corrupt};
use super::files::{Files, Hold};
use super::search;
use super::{calls, check, connect, endpoints};
use crate::{Entry, NotAnEntry, StoreError};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Conversations of the new store.
    pub conversations: u64,
    /// Entries that could be read.
    pub entries: u64,
    /// Entries that are known to be lost; gaps in the numbering beyond those that deletions leave.
    pub unreadable: u64,
    /// Call records that could be read.
    pub calls: u64,
    /// Where the damaged files are now; nowhere if nothing was damaged.
    pub moved_to: Option<PathBuf>,
}

/// Moves the store aside and makes a new one out of what can be read of it. Whoever else has it
/// open is waited for, within a bounded time.
pub(super) fn run(files: &Files, now: u64) -> Result<Repaired, StoreError> {
    let path = files.database();
    if fs::metadata(&path).is_err() {
        return Err(StoreError::Missing { path });
    }
    let _alone = files.lock(Hold::Alone)?;
    let checked = check::run(files)?;
    if checked.problems.is_empty() {
        let renewed = renew_index(files).map_err(|failure| failure.of(&path));
        return renewed.map(|()| Repaired {
            conversations: checked.conversations,
            entries: checked.entries,
            ..Repaired::default()
        });
    }
    let aside = set_aside(files, now).map_err(|error| files.refused(&error))?;
    files.make()?;
    let repaired = connect::migrate(&path).and_then(|()| salvage(&aside, files));
    let repaired = repaired.map_err(|failure| failure.of(&path))?;
    Ok(Repaired {
        moved_to: Some(aside),
        ..repaired
    })
}

/// Empties the index and fills it from the journal.
fn renew_index(files: &Files) -> Result<(), Failure> {
    let db = connect::open(&files.database(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    search::forget(&db)?;
    loop {
        let transaction = db.unchecked_transaction()?;
        let more = search::index(&transaction, search::STEP)?;
        transaction.commit()?;
        if !more {
            return Ok(());
        }
    }
}

/// Moves the database and its log. Gives the database's new path.
fn set_aside(files: &Files, now: u64) -> std::io::Result<PathBuf> {
    let aside = files.database().with_extension(format!("damaged-{now}"));
    let beside = |suffix: &str| {
        let mut name = aside.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    for (from, to) in [
        (files.log(), beside("-wal")),
        (files.log_index(), beside("-shm")),
        (files.database(), aside.clone()),
    ] {
        match fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn salvage(from: &Path, files: &Files) -> Result<Repaired, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(old) = connect::open(from, flags) else {
        return Ok(Repaired::default());
    };
    let new = connect::open(&files.database(), flags)?;
    let transaction = new.unchecked_transaction()?;
    let mut repaired = Repaired::default();
    conversations(&old, &new)?;
    entries(&old, &new, &mut repaired)?;
    for sql in [
        // The conversations of entries whose own row is lost.
        "INSERT INTO conversation (number, id, title, folder, model, begun_ms, used_ms, used, turns)
         SELECT conversation, 'recovered-' || conversation, 'recovered', '', '',
                min(at_ms), max(at_ms), 0, 0
         FROM entry WHERE conversation NOT IN (SELECT number FROM conversation)
         GROUP BY conversation",
        "UPDATE conversation SET
         turns = (SELECT count(*) FROM entry WHERE conversation = conversation.number AND kind = 'user'),
         used = coalesce((SELECT max(number) FROM entry
                          WHERE conversation = conversation.number AND kind = 'user'), 0)",
    ] {
        new.execute(sql, [])?;
    }
    let count = "SELECT count(*) FROM conversation";
    let count: i64 = new.query_row(count, [], |row| row.get(0))?;
    repaired.conversations = super::unsigned(count);
    repaired.calls = calls::salvage(&old, &new)?;
    endpoints::salvage(&old, &new)?;
    transaction.commit()?;
    Ok(repaired)
}

fn conversations(old: &Connection, new: &Connection) -> Result<(), Failure> {
    let sql = "SELECT number, id, title, folder, model, begun_ms, used_ms FROM conversation
               WHERE number > ?1 ORDER BY number";
    let insert = "INSERT OR IGNORE INTO conversation
                  (number, id, title, folder, model, begun_ms, used_ms, used, turns)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)";
    each(old, ("conversation", sql, MOST_SKIPPED), |row| {
        let text = |index| row.get::<_, String>(index);
        let number: i64 = row.get(0)?;
        new.execute(
            insert,
            params![
                number,
                text(1)?,
                text(2)?,
                text(3)?,
                text(4)?,
                row.get::<_, i64>(5)?,
                row.get::<_, i64>(6)?
            ],
        )?;
        Ok(())
    })?;
    Ok(())
}

fn entries(old: &Connection, new: &Connection, repaired: &mut Repaired) -> Result<(), Failure> {
    let sql = "SELECT number, conversation, kind, at_ms, body FROM entry
               WHERE number > ?1 ORDER BY number";
    // The conversation of an entry comes later where its own row was lost.
    new.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let insert = "INSERT OR IGNORE INTO entry (number, conversation, kind, at_ms, body)
                  VALUES (?1, ?2, ?3, ?4, ?5)";
    let (mut read, mut unreadable) = (0, 0);
    unreadable += each(old, ("entry", sql, MOST_SKIPPED), |row| {
        let (kind, body): (String, String) = (row.get(2)?, row.get(4)?);
        // What a newer alipes wrote is kept for it.
        if let Err(NotAnEntry::Damaged { .. }) = Entry::parse(&kind, &body) {
            unreadable += 1;
            return Ok(());
        }
        let numbers = (
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(3)?,
        );
        new.execute(insert, params![numbers.0, numbers.1, kind, numbers.2, body])?;
        read += 1;
        Ok(())
    })?;
    (repaired.entries, repaired.unreadable) = (read, unreadable);
    Ok(())
}

/// Hands every row that can be read to `take`, in the order of its number, until so many numbers in a
/// row lead to nothing; gives how many were skipped.
pub(super) fn each(
    old: &Connection,
    (table, sql, most_skipped): (&str, &str, i64),
    mut take: impl FnMut(&rusqlite::Row<'_>) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let last = last_number(old, table);
    // `reached` is the last row that was read; between it and `at` lies what was skipped.
    let (mut at, mut reached, mut step, mut skipped) = (0_i64, 0_i64, 1_i64, 0_u64);
    // Where even the last number cannot be read, so many unreadable ones in a row are the end.
    while at < last.unwrap_or(i64::MAX) && step < most_skipped {
        let from = at;
        let read = rows_after(old, sql, &mut at, &mut take);
        if at > from {
            skipped += super::unsigned(from - reached);
            (reached, step) = (at, 1);
        } else {
            step *= 2;
        }
        match read {
            Ok(()) => break,
            Err(Failure::Sql(error)) if is_corrupt(&error) => at = at.saturating_add(step),
            Err(failure) => return Err(failure),
        }
    }
    let behind = match last {
        Some(last) => super::unsigned(last.min(at) - reached),
        None => u64::from(at > reached),
    };
    Ok(skipped + behind)
}

/// The last number of a table, as far as that can be told.
fn last_number(old: &Connection, table: &str) -> Option<i64> {
    let read = |sql: &str| {
        let last = old.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        last.ok().flatten()
    };
    read(&format!("SELECT max(number) FROM {table}")).or_else(|| {
        // Kept apart from the table, for those whose numbers are never given twice.
        read(&format!(
            "SELECT seq FROM sqlite_sequence WHERE name = '{table}'"
        ))
    })
}

/// Beyond so many numbers in a row nothing more is looked for.
const MOST_SKIPPED: i64 = 1 << 32;

fn rows_after(
    old: &Connection,
    sql: &str,
    at: &mut i64,
    take: &mut impl FnMut(&rusqlite::Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut query = old.prepare(sql)?;
    let mut rows = query.query([*at])?;
    while let Some(row) = rows.next()? {
        take(row)?;
        *at = row.get(0)?;
    }
    Ok(())
}
