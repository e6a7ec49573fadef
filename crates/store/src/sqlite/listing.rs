//! Conversations: listed, found by name, renamed, deleted.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::failure::Failure;
use super::leases::{Holder, is_held};
use super::{signed, unsigned};
use crate::{LAST, Standing, StoreError, Summary};

/// What a summary is read from, in this order. A journal that ends with the end of a turn is one
/// whose last turn has ended; so is one whose last turn was taken back. What changes only how much
/// the model sees says nothing about it.
const COLUMNS: &str = "number, id, title, folder, model, begun_ms, used_ms, turns,
    (SELECT kind FROM entry WHERE conversation = conversation.number
     AND kind NOT IN ('compaction', 'restored', 'count') ORDER BY number DESC LIMIT 1)";

pub(super) fn list(
    db: &Connection,
    most: usize,
    holder: &Holder,
    now: u64,
) -> Result<Vec<Summary>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM conversation ORDER BY used DESC LIMIT ?1");
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(summary(db, row, holder, now)?);
    }
    Ok(list)
}

/// Those of these conversations that nobody is at.
pub(super) fn free(
    db: &Connection,
    ids: &[String],
    holder: &Holder,
    now: u64,
) -> Result<Vec<Summary>, Failure> {
    let mut list = Vec::new();
    for id in ids {
        let number = match number(db, id) {
            // Somebody has deleted it meanwhile.
            Err(Failure::Told(StoreError::Unknown { .. })) => continue,
            number => number?,
        };
        if !is_held(db, number, holder, now)? {
            list.push(find(db, id, holder, now)?);
        }
    }
    Ok(list)
}

fn summary(db: &Connection, row: &Row<'_>, holder: &Holder, now: u64) -> Result<Summary, Failure> {
    let last: Option<String> = row.get(8)?;
    let is_held = is_held(db, row.get(0)?, holder, now)?;
    let standing = match last.as_deref() {
        None | Some("ended" | "undone") if is_held => Standing::Open,
        None | Some("ended" | "undone") => Standing::Ended,
        Some("left") if is_held => Standing::Open,
        Some(_) if is_held => Standing::AtWork,
        Some(_) => Standing::Interrupted,
    };
    Ok(Summary {
        id: row.get(1)?,
        title: row.get(2)?,
        folder: row.get(3)?,
        model: row.get(4)?,
        begun_ms: unsigned(row.get(5)?),
        used_ms: unsigned(row.get(6)?),
        turns: unsigned(row.get(7)?),
        standing,
    })
}

/// The conversation that `name` means.
pub(super) fn find(
    db: &Connection,
    name: &str,
    holder: &Holder,
    now: u64,
) -> Result<Summary, Failure> {
    let unknown = || StoreError::Unknown {
        name: name.to_owned(),
    };
    if name == LAST {
        let found = list(db, 1, holder, now)?.pop();
        return Ok(found.ok_or(StoreError::NoneYet)?);
    }
    if name.is_empty() {
        return Err(unknown().into());
    }
    // The range of all texts that begin with it: the index on ids finds them.
    let range = (name, format!("{name}\u{10FFFF}"));
    let sql = "SELECT count(*) FROM conversation WHERE id >= ?1 AND id < ?2";
    let count: i64 = db.query_row(sql, params![range.0, range.1], |row| row.get(0))?;
    let exact: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM conversation WHERE id = ?1)",
        [name],
        |row| row.get(0),
    )?;
    if count > 1 && !exact {
        let (name, count) = (name.to_owned(), unsigned(count));
        return Err(StoreError::Ambiguous { name, count }.into());
    }
    let sql = format!("SELECT {COLUMNS} FROM conversation WHERE id >= ?1 AND id < ?2 ORDER BY id");
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query(params![range.0, range.1])?;
    match rows.next()? {
        Some(row) => summary(db, row, holder, now),
        None => Err(unknown().into()),
    }
}

/// The number of the conversation of this very id.
pub(super) fn number(db: &Connection, id: &str) -> Result<i64, Failure> {
    let sql = "SELECT number FROM conversation WHERE id = ?1";
    let found = db.query_row(sql, [id], |row| row.get(0)).optional()?;
    let name = id.to_owned();
    found.ok_or_else(|| StoreError::Unknown { name }.into())
}

pub(super) fn rename(db: &Connection, id: &str, title: &str) -> Result<(), Failure> {
    let number = number(db, id)?;
    let sql = "UPDATE conversation SET title = ?2 WHERE number = ?1";
    db.execute(sql, params![number, crate::title(title)])?;
    Ok(())
}

pub(super) fn entitle(
    db: &Connection,
    (id, former): (&str, &str),
    title: &str,
) -> Result<(), Failure> {
    let sql = "UPDATE conversation SET title = ?3 WHERE id = ?1 AND title = ?2";
    db.execute(sql, params![id, former, title])?;
    Ok(())
}

/// Deletes a conversation, its text also from the database's pages. With `unused_since` only if it has not been
/// used since then; whether it did.
pub(super) fn delete(
    db: &Connection,
    (id, unused_since): (&str, Option<u64>),
    holder: &Holder,
    now: u64,
) -> Result<bool, Failure> {
    let number = number(db, id)?;
    if is_held(db, number, holder, now)? {
        let id = id.to_owned();
        return Err(StoreError::Leased { id }.into());
    }
    if let Some(since) = unused_since {
        let sql = "SELECT used_ms < ?2 FROM conversation WHERE number = ?1";
        if !db.query_row(sql, params![number, signed(since)], |row| row.get(0))? {
            return Ok(false);
        }
    }
    // Otherwise pages that become free keep what was on them.
    db.pragma_update(None, "secure_delete", "ON")?;
    let deleted = delete_rows(db, number);
    db.pragma_update(None, "secure_delete", "FAST")?;
    deleted.map(|()| true)
}

fn delete_rows(db: &Connection, number: i64) -> Result<(), Failure> {
    for sql in [
        "DELETE FROM entry_text WHERE rowid IN (SELECT number FROM entry WHERE conversation = ?1)",
        "DELETE FROM entry WHERE conversation = ?1",
        "DELETE FROM lease WHERE conversation = ?1",
        "DELETE FROM conversation WHERE number = ?1",
    ] {
        db.execute(sql, [number])?;
    }
    Ok(())
}
