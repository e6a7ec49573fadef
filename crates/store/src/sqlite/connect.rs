//! Opens the database: whose it is, which version it has, and brings an older one up to date.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::failure::{Failure, PATIENCE, named};
use super::files::{Files, Hold, StoreLock};
use super::schema::{APPLICATION, MIGRATIONS, VERSION};
use crate::StoreError;

/// The log is cut back to so many bytes when it is begun anew.
const LOG_KEPT: i64 = 16 << 20;

/// A page of the database, in bytes: SQLite's own default.
const PAGE: u64 = 4096;

/// What a reader does with the tables of an older store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Older {
    /// Brings them up to date, if nobody has them open; else it reads what is there.
    Updated,
    /// Reads what is there, and changes nothing.
    Left,
}

/// A connection that writes, and the lock that keeps others from changing the tables under it.
pub(super) fn to_write(files: &Files, largest: u64) -> Result<(Connection, StoreLock), StoreError> {
    files.make()?;
    let path = files.database();
    loop {
        let lock = files.lock(Hold::Shared)?;
        let db = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if version(&db).map_err(|failure| failure.of(&path))? == VERSION {
            prepare(&db, largest).map_err(|failure| failure.of(&path))?;
            return Ok((db, lock));
        }
        drop((db, lock));
        up_to_date(files, PATIENCE)?;
    }
}

/// A connection that only reads. Where the file system is read-only it makes do without SQLite's shared
/// index of the log.
pub(super) fn to_read(files: &Files, older: Older) -> Result<Connection, StoreError> {
    let path = files.database();
    match fs::metadata(&path) {
        Ok(found) if found.len() > 0 => {}
        Ok(_) => return Err(StoreError::Missing { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path });
        }
        Err(error) => return Err(files.refused(&error)),
    }
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let opened = open(&path, read_only).and_then(|db| match version(&db) {
        Ok(version) => Ok((db, version)),
        Err(failure) => Err(failure.of(&path)),
    });
    let (db, found) = match opened {
        // What is in the log cannot be seen without an index of it, so there must be nothing.
        Err(
            StoreError::ReadOnly { .. } | StoreError::Unusable { .. } | StoreError::Full { .. },
        ) if no_log(files) => {
            let db = open(&unchanging(&path), read_only | OpenFlags::SQLITE_OPEN_URI)?;
            let found = version(&db).map_err(|failure| failure.of(&path))?;
            (db, found)
        }
        opened => opened?,
    };
    match found {
        VERSION => Ok(db),
        0 => Err(StoreError::Missing { path }),
        _ if older == Older::Left => Ok(db),
        _ => match up_to_date(files, Duration::ZERO) {
            Ok(()) => open(&path, read_only),
            Err(
                StoreError::Older { .. }
                | StoreError::ReadOnly { .. }
                | StoreError::Full { .. }
                | StoreError::Busy { .. },
            ) => Ok(db),
            Err(error) => Err(error),
        },
    }
}

/// Changes the tables of an older store, alone. An older alipes may have it open for as long as it runs.
fn up_to_date(files: &Files, patience: Duration) -> Result<(), StoreError> {
    let path = files.database();
    let alone = files.lock_within(Hold::Alone, patience);
    let _alone = alone.map_err(|error| match error {
        StoreError::Busy { path, .. } => StoreError::Older { path },
        error => error,
    })?;
    migrate(&path).map_err(|failure| failure.of(&path))
}

/// The version of a database that is ours.
pub(super) fn version(db: &Connection) -> Result<i64, Failure> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let path = || db.path().map(Into::into).unwrap_or_default();
    if application != APPLICATION {
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = db.query_row(tables, [], |row| row.get(0))?;
        if tables > 0 || found != 0 {
            return Err(StoreError::Foreign { path: path() }.into());
        }
    }
    if found > VERSION {
        let (path, known) = (path(), VERSION);
        return Err(StoreError::Newer { path, found, known }.into());
    }
    Ok(found)
}

/// A connection without settings.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|db| {
        db.busy_timeout(PATIENCE)?;
        Ok(db)
    });
    opened.map_err(|error| named(&error, path))
}

/// Brings the tables up to date, in one transaction. Whoever calls it holds the store alone.
pub(super) fn migrate(path: &Path) -> Result<(), Failure> {
    let mut db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = version(&db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = db.transaction()?;
    let done = usize::try_from(found).unwrap_or_default();
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

fn prepare(db: &Connection, largest: u64) -> Result<(), Failure> {
    // A backup that was put in the store's place has no log yet.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // When the log is copied into the database is the writer's to say, not a commit's.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    // What was deleted is not found in the file either; whole pages are looked after by whoever deletes.
    db.pragma_update(None, "secure_delete", "FAST")?;
    bound(db, largest)?;
    // What is in the log is as safe there, and copying it takes longer than a program may take to end.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// The database does not grow beyond so many bytes.
pub(super) fn bound(db: &Connection, largest: u64) -> Result<(), Failure> {
    let pages = largest / PAGE;
    let bound = format!("PRAGMA max_page_count = {pages}");
    Ok(db.query_row(&bound, [], |_row| Ok(()))?)
}

fn no_log(files: &Files) -> bool {
    fs::metadata(files.log()).map_or(true, |log| log.len() == 0)
}

/// The address of a file that nobody can change (<https://www.sqlite.org/uri.html>).
fn unchanging(path: &Path) -> std::path::PathBuf {
    let mut name = String::from("file:");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => name.push_str("%25"),
            '?' => name.push_str("%3f"),
            '#' => name.push_str("%23"),
            c => name.push(c),
        }
    }
    name.push_str("?immutable=1");
    name.into()
}
