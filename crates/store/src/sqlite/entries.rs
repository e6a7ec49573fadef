//! The journal: begun, added to, and read in pages.

use alipes_wire::ItemView;
use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::leases::{self, Holder};
use super::listing::number;
use super::{signed, unsigned};
use crate::{About, Entry, Lease, NotAnEntry, Recorded, StoreError, title};

/// Begins a conversation, leased to `holder`.
pub(super) fn begin(
    db: &Connection,
    about: &About,
    entries: &[Entry],
    holder: &Holder,
    now: u64,
) -> Result<Lease, Failure> {
    let taken = "SELECT EXISTS (SELECT 1 FROM conversation WHERE id = ?1)";
    if db.query_row(taken, [&about.id], |row| row.get(0))? {
        let id = about.id.clone();
        return Err(StoreError::Exists { id }.into());
    }
    db.execute(
        "INSERT INTO conversation (id, title, folder, model, begun_ms, used_ms, used, turns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 0)",
        params![
            about.id,
            title_of(entries),
            about.folder,
            about.model,
            signed(now)
        ],
    )?;
    let number = db.last_insert_rowid();
    let lease = leases::take(db, (number, &about.id), holder, now)?;
    add(db, number, entries, now)?;
    Ok(lease)
}

/// Adds entries to a conversation that is ours.
pub(super) fn append(
    db: &Connection,
    lease: &Lease,
    entries: &[Entry],
    holder: &Holder,
    now: u64,
) -> Result<(), Failure> {
    let number = leases::check(db, lease, holder)?;
    add(db, number, entries, now)
}

fn add(db: &Connection, conversation: i64, entries: &[Entry], now: u64) -> Result<(), Failure> {
    let mut insert =
        db.prepare("INSERT INTO entry (conversation, kind, at_ms, body) VALUES (?1, ?2, ?3, ?4)")?;
    for entry in entries {
        insert.execute(params![
            conversation,
            entry.kind(),
            signed(now),
            entry.json()
        ])?;
        if matches!(entry, Entry::User(_)) {
            db.execute(
                "UPDATE conversation SET used = ?2, used_ms = ?3, turns = turns + 1
                 WHERE number = ?1",
                params![conversation, db.last_insert_rowid(), signed(now)],
            )?;
        }
    }
    Ok(())
}

/// A page of a conversation's journal.
pub(super) fn page(
    db: &Connection,
    id: &str,
    after: u64,
    most: usize,
) -> Result<Vec<Recorded>, Failure> {
    let mut query = db.prepare(
        "SELECT number, at_ms, kind, body FROM entry
         WHERE conversation = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = query.query(params![number(db, id)?, signed(after), most])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(recorded(db, row)?);
    }
    Ok(page)
}

/// Reads a row of number, time, kind and body.
fn recorded(db: &Connection, row: &Row<'_>) -> Result<Recorded, Failure> {
    let number: i64 = row.get(0)?;
    let (kind, body) = (row.get_ref(2)?.as_str(), row.get_ref(3)?.as_str());
    let (kind, body) = (kind.unwrap_or_default(), body.unwrap_or_default());
    let entry = Entry::parse(kind, body).map_err(|error| unread(db, number, error))?;
    Ok(Recorded {
        number: unsigned(number),
        at_ms: unsigned(row.get(1)?),
        entry,
    })
}

fn unread(db: &Connection, number: i64, error: NotAnEntry) -> StoreError {
    let path = db.path().map(Into::into).unwrap_or_default();
    match error {
        NotAnEntry::Newer { kind } => StoreError::NewerEntry {
            path,
            number: unsigned(number),
            kind,
        },
        error => StoreError::Corrupt {
            path,
            what: format!("entry {number}: {error}"),
        },
    }
}

/// The first line of the first message.
fn title_of(entries: &[Entry]) -> String {
    let text = entries.iter().find_map(|entry| match entry {
        Entry::User(item) => match item.view() {
            ItemView::Message { text, .. } => Some(text),
            _ => None,
        },
        _ => None,
    });
    title(&text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_of_the_first_message() {
        let entries = [
            Entry::Setting(alipes_wire::Item::developer("Folder: /x")),
            Entry::User(alipes_wire::Item::user("\n  fix the bug \nin foo")),
        ];
        assert_eq!(title_of(&entries), "fix the bug");
        assert_eq!(title_of(&[]), "");
    }
}
