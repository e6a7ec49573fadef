//! Out of a damaged database into a new one, row by row: what a damaged page hides is skipped, in steps that
//! grow, and what lies behind it is read again.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::Repaired;
use crate::sqlite::failure::{Failure, is_corrupt};
use crate::sqlite::{calls, connect, endpoints, unsigned};
use crate::{Entry, NotAnEntry};

/// Fills the tables of the database at `to` with what can be read of the one at `from`, which stays as it is.
pub(super) fn salvage(from: &Path, to: &Path) -> Result<Repaired, Failure> {
    let Ok(old) = connect::open(from, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return Ok(Repaired::default());
    };
    let new = connect::open(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
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
    repaired.conversations = unsigned(count);
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
pub(in crate::sqlite) fn each(
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
            skipped += unsigned(from - reached);
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
        Some(last) => unsigned(last.min(at) - reached),
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
