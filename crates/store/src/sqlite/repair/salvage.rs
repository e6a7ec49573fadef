//! Out of a damaged database into a new one, row by row.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::Repaired;
use super::rows::{Table, each};
use crate::sqlite::failure::Failure;
use crate::sqlite::{calls, connect, endpoints, unsigned};
use crate::{Entry, NotAnEntry};

/// Fills the tables of the database at `to` with what can be read of the one at `from`, which stays as it
/// is; the new one does not grow beyond `largest` bytes.
pub(super) fn salvage(from: &Path, to: &Path, largest: u64) -> Result<Repaired, Failure> {
    let Ok(old) = connect::open(from, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return Ok(Repaired::default());
    };
    let new = connect::open(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connect::bound(&new, largest)?;
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
    let table = Table {
        name: "conversation",
        columns: &[
            "number", "id", "title", "folder", "model", "begun_ms", "used_ms",
        ],
    };
    let insert = "INSERT OR IGNORE INTO conversation
                  (number, id, title, folder, model, begun_ms, used_ms, used, turns)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)";
    each(old, table, |row| {
        let text = |index| row.get::<_, String>(index);
        let number = |index| row.get::<_, i64>(index);
        let about = (text(1)?, text(2)?, text(3)?, text(4)?);
        let (id, title, folder, model) = about;
        new.execute(
            insert,
            params![number(0)?, id, title, folder, model, number(5)?, number(6)?],
        )?;
        Ok(true)
    })?;
    Ok(())
}

fn entries(old: &Connection, new: &Connection, repaired: &mut Repaired) -> Result<(), Failure> {
    let table = Table {
        name: "entry",
        columns: &["number", "conversation", "kind", "at_ms", "body"],
    };
    // The conversation of an entry comes later where its own row was lost.
    new.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let insert = "INSERT OR IGNORE INTO entry (number, conversation, kind, at_ms, body)
                  VALUES (?1, ?2, ?3, ?4, ?5)";
    let lost = each(old, table, |row| {
        let (kind, body): (String, String) = (row.get(2)?, row.get(4)?);
        // What a newer alipes wrote is kept for it.
        if let Err(NotAnEntry::Damaged { .. }) = Entry::parse(&kind, &body) {
            return Ok(false);
        }
        let number = |index| row.get::<_, i64>(index);
        new.execute(
            insert,
            params![number(0)?, number(1)?, kind, number(3)?, body],
        )?;
        repaired.entries += 1;
        Ok(true)
    })?;
    (repaired.unreadable, repaired.may_be_lost) = (lost.rows, lost.numbers);
    Ok(())
}
