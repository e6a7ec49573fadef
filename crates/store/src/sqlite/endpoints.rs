//! Endpoint memory on SQLite: a row for each thing that is known, whatever the transport means by it.
//!
//! Processes merge what they know in one transaction, so that nobody loses what another has written.
//! Nothing is journal here: a commit waits for no disk, and a crash of the machine may cost the last.

use std::collections::BTreeMap;
use std::time::SystemTime;

use alipes_transport::{MemoryRow, MemoryStore, MemoryWarning, Snapshot};
use futures_util::future::BoxFuture;
use rusqlite::Connection;

use super::SqliteStore;
use super::failure::Failure;
use super::writer::Safety;

impl MemoryStore for SqliteStore {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async {
            let rows = self.reader.run(rows).await;
            let rows = rows.map_err(|error| MemoryWarning::Unread(Box::new(error)))?;
            Ok(Snapshot::of_rows(rows))
        })
    }

    fn save(
        &self,
        ours: Snapshot,
        now: SystemTime,
    ) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async move {
            let merged = self.write(Safety::Lazy, move |db| merge(db, ours, now));
            let merged = merged.await;
            merged.map_err(|error| MemoryWarning::Unkept(Box::new(error)))
        })
    }
}

/// What is stored. A text that is none is read as far as it goes; whoever understands it sees that.
fn rows(db: &Connection) -> Result<Vec<MemoryRow>, Failure> {
    let mut query = db.prepare("SELECT about, known FROM endpoint_memory")?;
    let rows = query.query_map([], |row| {
        let text = |index| -> Result<String, rusqlite::Error> {
            let bytes = row.get_ref(index)?.as_bytes().unwrap_or_default();
            Ok(String::from_utf8_lossy(bytes).into_owned())
        };
        Ok(MemoryRow {
            about: text(0)?,
            known: text(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Copies what can be read of a damaged store and still says something.
pub(super) fn salvage(old: &Connection, new: &Connection) -> Result<(), Failure> {
    let mut found = Vec::new();
    // A damaged page hides what lies behind it: so both ends are read.
    for order in ["ASC", "DESC"] {
        let sql = format!("SELECT about, known FROM endpoint_memory ORDER BY about {order}");
        // An older store has no such table, and a damaged one perhaps none that can be read.
        let Ok(mut query) = old.prepare(&sql) else {
            return Ok(());
        };
        let rows = query.query_map([], |row| {
            let (about, known) = (row.get(0)?, row.get(1)?);
            Ok(MemoryRow { about, known })
        })?;
        found.extend(rows.map_while(Result::ok));
    }
    let mut put = new.prepare("INSERT OR IGNORE INTO endpoint_memory VALUES (?1, ?2)")?;
    for row in Snapshot::of_rows(found).rows() {
        put.execute([&row.about, &row.known])?;
    }
    Ok(())
}

/// Writes what has changed, and nothing else.
fn merge(db: &Connection, ours: Snapshot, now: SystemTime) -> Result<Snapshot, Failure> {
    let stored = rows(db)?;
    let mut merged = Snapshot::of_rows(stored.iter().cloned());
    merged.merge(ours, now);
    let stored = stored.into_iter().map(|row| (row.about, row.known));
    let mut stored: BTreeMap<String, String> = stored.collect();
    let mut put = db.prepare(
        "INSERT INTO endpoint_memory (about, known) VALUES (?1, ?2)
         ON CONFLICT (about) DO UPDATE SET known = excluded.known",
    )?;
    for row in merged.rows() {
        if stored.remove(&row.about).as_ref() != Some(&row.known) {
            put.execute([&row.about, &row.known])?;
        }
    }
    let mut forget = db.prepare("DELETE FROM endpoint_memory WHERE about = ?1")?;
    for about in stored.keys() {
        forget.execute([about])?;
    }
    Ok(merged)
}
