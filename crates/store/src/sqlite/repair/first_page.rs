//! A database whose first page is hurt. It says what everything else is, and without it SQLite reads nothing,
//! though nothing else may be wrong. So a copy gets the beginning of a store of ours instead.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::PathBuf;

use alipes_config::create_private;
use rusqlite::{Connection, OpenFlags};

use super::rows::{Table, each};
use crate::Entry;
use crate::sqlite::connect;
use crate::sqlite::files::Files;

/// The header, before the page's own rows (<https://www.sqlite.org/fileformat.html#the_database_header>).
const HEADER: usize = 100;

/// The first page, with the beginning of the list of all tables.
const PAGE: usize = 4096;

/// The header's count of changes, and the place where it stands once more: if both differ, the header's size of
/// the database counts for nothing, and the file's does.
const CHANGES: Range<usize> = 24..28;
const CHANGES_AGAIN: Range<usize> = 92..96;

/// A copy of the damaged database that can be read as far as a first page of ours goes; `new` is a store
/// in which nothing is kept yet.
pub(super) fn replaced(files: &Files, copy: &Files, new: &Files) -> io::Result<Option<PathBuf>> {
    create_private(copy.folder())?;
    let beginnings = [
        beginning(new.database(), HEADER)?,
        // Where tables lie follows from the order in which they were made: by us, or by a backup.
        beginning(new.database(), PAGE)?,
        beginning(backed_up(copy, new)?, PAGE)?,
    ];
    let mut best = (0, None);
    for beginning in &beginnings {
        put(files, copy, beginning)?;
        let readable = entries(copy);
        if readable > best.0 {
            best = (readable, Some(beginning));
        }
    }
    let Some(beginning) = best.1 else {
        return Ok(None);
    };
    put(files, copy, beginning)?;
    Ok(Some(copy.database()))
}

/// Copies the damaged database with its log, and gives the copy this beginning.
fn put(files: &Files, copy: &Files, beginning: &[u8]) -> io::Result<()> {
    for file in [copy.log(), copy.log_index()] {
        let _none = fs::remove_file(file);
    }
    fs::copy(files.database(), copy.database())?;
    if files.log().exists() {
        fs::copy(files.log(), copy.log())?;
    }
    let mut file = OpenOptions::new().write(true).open(copy.database())?;
    file.write_all(beginning)
}

/// How many entries can be read.
fn entries(files: &Files) -> u64 {
    let mut count = 0;
    let table = Table {
        name: "entry",
        columns: &["number", "kind", "body"],
    };
    if let Ok(db) = connect::open(&files.database(), OpenFlags::SQLITE_OPEN_READ_ONLY) {
        let _lost = each(&db, table, |row| {
            let (kind, body): (String, String) = (row.get(1)?, row.get(2)?);
            count += u64::from(Entry::parse(&kind, &body).is_ok());
            Ok(true)
        });
    }
    count
}

/// The first bytes of a store, which ask for the file's own size.
fn beginning(database: PathBuf, length: usize) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(database)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    bytes[CHANGES].copy_from_slice(&1_u32.to_be_bytes());
    bytes[CHANGES_AGAIN].fill(0);
    Ok(bytes)
}

/// A store with the same tables as a backup of it lays them out.
fn backed_up(copy: &Files, new: &Files) -> io::Result<PathBuf> {
    let target = copy.folder().join("backup.db");
    let backed_up = connect::open(&new.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .is_ok_and(|db| db.execute("VACUUM INTO ?1", [target.to_str()]).is_ok());
    match backed_up {
        true => Ok(target),
        false => Err(io::Error::other("an empty store cannot be copied")),
    }
}

/// Whether one of the tables that matter can be looked into.
pub(super) fn shows_tables(files: &Files) -> bool {
    let has = |db: &Connection, table: &str| {
        let sql = format!("SELECT count(*) FROM (SELECT number FROM {table} LIMIT 1)");
        let counted = db.query_row(&sql, [], |row| row.get::<_, i64>(0));
        counted.is_ok()
    };
    connect::open(&files.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .is_ok_and(|db| has(&db, "entry") || has(&db, "conversation"))
}
