//! `store check`: whether the database is whole, and what is in it.

use rusqlite::Connection;

use super::connect::{self, Older};
use super::failure::Failure;
use super::files::Files;
use super::search::is_behind;
use super::unsigned;
use crate::{Entry, NotAnEntry, StoreError};

/// How many problems are told.
const MOST: usize = 20;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// What is wrong, one line each; nothing if all is well.
    pub problems: Vec<String>,
    /// Conversations.
    pub conversations: u64,
    /// Entries of their journals.
    pub entries: u64,
    /// Those of them that only a newer alipes understands.
    pub newer: u64,
    /// Bytes on disk, its log included.
    pub bytes: u64,
    /// Whether entries are missing in the index for searches; the next search adds them.
    pub index_is_behind: bool,
}

/// Looks at everything, and changes nothing.
pub(super) fn run(files: &Files) -> Result<Checked, StoreError> {
    let looked = connect::to_read(files, Older::Left).and_then(|db| {
        let looked = look(&db, files);
        looked.map_err(|failure| failure.of(&files.database()))
    });
    match looked {
        // So damaged that it cannot be looked at: that is a finding too.
        Err(StoreError::Corrupt { what, .. }) => Ok(Checked {
            problems: vec![what],
            ..Checked::default()
        }),
        looked => looked,
    }
}

fn look(db: &Connection, files: &Files) -> Result<Checked, Failure> {
    let count = |sql: &str| -> Result<u64, Failure> {
        Ok(unsigned(db.query_row(sql, [], |row| row.get(0))?))
    };
    let mut problems = lines(db, &format!("PRAGMA integrity_check({MOST})"))?;
    problems.retain(|line| line != "ok");
    let mut newer = 0;
    if problems.is_empty() {
        (problems, newer) = unreadable(db)?;
    }
    if !problems.is_empty() {
        // Counting what is damaged may fail, and what is wrong must be told all the same.
        return Ok(Checked {
            problems,
            ..Checked::default()
        });
    }
    Ok(Checked {
        problems,
        conversations: count("SELECT count(*) FROM conversation")?,
        entries: count("SELECT count(*) FROM entry")?,
        newer,
        bytes: files.bytes(),
        index_is_behind: is_behind(db)?,
    })
}

fn lines(db: &Connection, sql: &str) -> Result<Vec<String>, Failure> {
    let mut query = db.prepare(sql)?;
    let lines = query.query_map([], |row| row.get(0))?;
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Entries that are there and say nothing that anybody understands; and how many only a newer alipes does.
fn unreadable(db: &Connection) -> Result<(Vec<String>, u64), Failure> {
    let mut query = db.prepare("SELECT number, kind, body FROM entry")?;
    let mut rows = query.query([])?;
    let (mut problems, mut newer) = (Vec::new(), 0);
    while problems.len() < MOST
        && let Some(row) = rows.next()?
    {
        let (kind, body) = (row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str());
        let entry = Entry::parse(kind.unwrap_or_default(), body.unwrap_or_default());
        match entry {
            Err(NotAnEntry::Newer { .. }) => newer += 1,
            Err(error) => problems.push(format!("entry {}: {error}", row.get::<_, i64>(0)?)),
            Ok(_) => {}
        }
    }
    Ok((problems, newer))
}
