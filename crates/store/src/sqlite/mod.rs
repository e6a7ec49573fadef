//! The store on SQLite: one database file in WAL mode (<https://www.sqlite.org/wal.html>).

mod backup;
mod calls;
mod check;
mod connect;
mod effort;
mod endpoints;
mod entries;
mod extent;
mod failure;
mod files;
mod leases;
mod listing;
mod promises;
mod prune;
mod reader;
mod repair;
mod runs;
mod schema;
mod search;
mod thread;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Rng};
use rusqlite::Connection;

pub use calls::CallQueue;
pub use check::Checked;
pub use extent::Extent;
pub use repair::Repaired;

use crate::{Retention, Store, StoreError, Summary};
use connect::Older;
use failure::Failure;
use files::Files;
use leases::Holder;
use prune::Daily;
use reader::Reader;
use thread::Desk;
use writer::{Safety, Writer};

/// A database does not grow beyond this unless it is told so.
const LARGEST: u64 = 64 << 30;

/// So long somebody waits for a store without being told.
const UNTOLD: Duration = Duration::from_millis(500);

/// Where a store lies, and what it is given.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The folder of its files; made if it is not there.
    pub folder: PathBuf,
    /// The time.
    pub clock: Clock,
    /// Gives this process its name among those that share the folder.
    pub rng: Rng,
    /// How large the database may become, in bytes.
    pub largest: u64,
}

impl SqliteOptions {
    /// A store in this folder.
    #[must_use]
    pub fn within(folder: &Path, clock: Clock, rng: Rng) -> Self {
        Self {
            folder: folder.to_path_buf(),
            clock,
            rng,
            largest: LARGEST,
        }
    }
}

/// A store in a folder, open. Dropping it ends its thread, when that has stored what it was given.
pub struct SqliteStore {
    // In this order they are dropped: who writes, then who holds.
    writer: Option<Writer>,
    reader: Reader,
    holder: Arc<Holder>,
    files: Files,
    clock: Clock,
}

impl SqliteStore {
    /// Opens a store to read and write, and makes it where there is none. Takes some milliseconds,
    /// and up to some seconds where another process changes the tables meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read and written.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let files = Files::within(&options.folder);
        let (db, lock) = connect::to_write(&files, options.largest)?;
        let store = Self::of(files, &options, Older::Updated);
        let log = std::fs::metadata(store.files.log()).map_or(0, |log| log.len());
        let writer = Writer::start(Desk {
            db,
            lock,
            path: store.files.database(),
            log,
            holder: Arc::clone(&store.holder),
            clock: options.clock,
        })?;
        Ok(Self {
            writer: Some(writer),
            ..store
        })
    }

    /// The same for somebody who has other things to do meanwhile; calls `waits` when others keep the
    /// store busy for so long that a person would wonder.
    ///
    /// # Errors
    /// The same.
    pub async fn opened(options: SqliteOptions, waits: impl FnOnce()) -> Result<Self, StoreError> {
        let mut opening = tokio::task::spawn_blocking(move || Self::open(options));
        let opened = match tokio::time::timeout(UNTOLD, &mut opening).await {
            Ok(opened) => opened,
            Err(_elapsed) => {
                waits();
                opening.await
            }
        };
        opened.map_err(|_gone| StoreError::Closed)?
    }

    /// Opens a store that is there, to read it.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Missing`] if it is not there.
    pub fn open_to_read(options: &SqliteOptions) -> Result<Self, StoreError> {
        Self::reading(options, Older::Updated)
    }

    /// The same for somebody who has other things to do meanwhile.
    ///
    /// # Errors
    /// The same.
    pub async fn opened_to_read(options: SqliteOptions) -> Result<Self, StoreError> {
        aside(move || Self::open_to_read(&options)).await
    }

    /// The same for somebody who wants nothing in it changed, not even the tables of an older store.
    ///
    /// # Errors
    /// The same; [`StoreError::Older`] later, where a table is missing.
    pub fn open_as_it_is(options: &SqliteOptions) -> Result<Self, StoreError> {
        Self::reading(options, Older::Left)
    }

    fn reading(options: &SqliteOptions, older: Older) -> Result<Self, StoreError> {
        let store = Self::of(Files::within(&options.folder), options, older);
        store.reader.open()?;
        Ok(store)
    }

    fn of(files: Files, options: &SqliteOptions, older: Older) -> Self {
        Self {
            writer: None,
            reader: Reader::new(files.clone(), older),
            holder: Arc::new(Holder::new(options.rng.uuid(), files.clone())),
            files,
            clock: options.clock.clone(),
        }
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.files.database()
    }

    /// Whether the store in this folder is whole. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be looked at.
    pub fn check(options: &SqliteOptions) -> Result<Checked, StoreError> {
        check::run(&Files::within(&options.folder))
    }

    /// The same for somebody who has other things to do meanwhile.
    ///
    /// # Errors
    /// The same.
    pub async fn checked(options: SqliteOptions) -> Result<Checked, StoreError> {
        aside(move || Self::check(&options)).await
    }

    /// Puts a new store, made of what can be read of the damaged one, in its place, and keeps the damaged
    /// one under another name. One that is sound gets a new index.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another process has it open; after any error the store is as it was.
    pub fn repair(options: &SqliteOptions) -> Result<Repaired, StoreError> {
        let files = Files::within(&options.folder);
        repair::run(&files, options.largest, options.clock.unix_ms())
    }

    /// The same for somebody who has other things to do meanwhile.
    ///
    /// # Errors
    /// The same.
    pub async fn repaired(options: SqliteOptions) -> Result<Repaired, StoreError> {
        aside(move || Self::repair(&options)).await
    }

    /// Writes a copy of the store as it is now to a file that does not exist yet.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn backup(&self, target: &Path) -> Result<(), StoreError> {
        let target = target.to_path_buf();
        self.reader.run(move |db| backup::write(db, &target)).await
    }

    /// Whether a search misses what was said last, because the index cannot be written.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be told.
    pub async fn index_is_behind(&self) -> Result<bool, StoreError> {
        self.reader.run(search::is_behind).await
    }

    /// Gives a conversation another title if it still has this one.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be written.
    pub async fn entitle(&self, id: &str, former: &str, title: &str) -> Result<(), StoreError> {
        let (id, former) = (id.to_owned(), former.to_owned());
        let title = crate::title(title);
        self.write(Safety::Durable, move |db| {
            listing::entitle(db, (&id, &former), &title)
        })
        .await
    }

    /// The conversations that [`Store::prune`] would delete now, the longest unused first, but for those
    /// that a process is at.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be told.
    pub async fn unused(&self, retention: Retention) -> Result<Vec<Summary>, StoreError> {
        let ids = self.unused_ids(retention).await?;
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        let free = self
            .reader
            .run(move |db| listing::free(db, &ids, &holder, now));
        free.await
    }

    async fn unused_ids(&self, retention: Retention) -> Result<Vec<String>, StoreError> {
        let Some(before) = self.unused_before(retention) else {
            return Ok(Vec::new());
        };
        let unused = self.reader.run(move |db| prune::unused_since(db, before));
        unused.await
    }

    /// What was not used since then is deleted; nothing where all is kept.
    fn unused_before(&self, retention: Retention) -> Option<u64> {
        let length = retention.millis()?;
        Some(self.clock.unix_ms().saturating_sub(length))
    }

    /// Looks after retention, once a day; gives how many conversations were deleted.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be.
    pub async fn prune_daily(&self, retention: Retention) -> Result<u64, StoreError> {
        match self.daily(prune::PRUNED).await? {
            Daily::Due => self.prune(retention).await,
            _ => Ok(0),
        }
    }

    /// Whether what is done daily, and noted under `name`, is to be done now; notes that it is.
    async fn daily(&self, name: &'static str) -> Result<Daily, StoreError> {
        let now = self.clock.unix_ms();
        let looked = self.reader.run(move |db| prune::daily(db, name, now));
        let daily = looked.await?;
        if daily != Daily::Done {
            self.write(Safety::Lazy, move |db| prune::note(db, name, now))
                .await?;
        }
        Ok(daily)
    }

    async fn write<T: Send + 'static>(
        &self,
        safety: Safety,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.writer {
            Some(writer) => writer.run(safety, work).await,
            None => Err(StoreError::ReadOnly { path: self.path() }),
        }
    }
}

/// Does what waits for a disk or a lock on a thread of its own.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_gone| StoreError::Closed)?
}

/// A number as SQLite stores it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of SQLite's that is never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
