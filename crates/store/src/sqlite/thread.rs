//! The one thread that writes.
//!
//! Work that has gathered while the disk was busy is committed together: a group costs one sync, and
//! nobody is told before it. Each piece of work beside others has a savepoint, so that one which fails
//! takes no other with it. What can be done later (copying the log into the database, filling the index,
//! renewing leases) is done when nobody waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use alipes_base::Clock;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::time::Instant;

use super::failure::{Failure, PATIENCE};
use super::files::StoreLock;
use super::leases::{self, BEAT, Holder};
use super::schema::VERSION;
use super::writer::{Safety, Ticket};
use super::{connect, search};
use crate::StoreError;

/// How much of it is committed together.
const GROUP: usize = 64;

/// How long what nobody waits for gathers before it is committed: a transaction costs more than what a
/// call's record takes in it. Other work ends it sooner, and so does enough of it. No longer, because who
/// answers beside it waits for a core meanwhile.
const GATHER: Duration = Duration::from_millis(50);

/// When nobody has brought work for so long, chores are done.
const LULL: Duration = Duration::from_millis(250);

/// So many changed rows in the log are copied into the database in the next lull, and so many at
/// once: a longer log takes longer to open. A row is a few pages of 4 KiB.
const LOG_DUE: u64 = 512;
const LOG_OVERDUE: u64 = 8 * LOG_DUE;

/// How many entries are added to the index in one lull, and before the store is closed: whoever comes meanwhile
/// waits for it.
const INDEXED: i64 = 32;

/// Bytes of log that a row stands for.
const LOG_PER_ROW: u64 = 4 * 4096;

/// What the thread works with.
pub(super) struct Desk {
    pub(super) db: Connection,
    pub(super) lock: StoreLock,
    pub(super) path: PathBuf,
    /// Bytes in the log.
    pub(super) log: u64,
    pub(super) holder: Arc<Holder>,
    pub(super) clock: Clock,
}

/// The thread's own state.
pub(super) struct Thread {
    desk: Desk,
    /// Changed rows that are only in the log.
    logged: u64,
    /// How safe the connection's commits are by now.
    safety: Safety,
    /// Entries may have come that are not in the index.
    unindexed: bool,
    /// What was deleted is still in the log.
    deleted: bool,
    /// What is committed when more of it has gathered.
    gathering: Vec<Ticket>,
    beaten: Instant,
}

impl Thread {
    pub(super) fn of(desk: Desk) -> Self {
        Self {
            logged: desk.log / LOG_PER_ROW,
            safety: Safety::Durable,
            unindexed: false,
            deleted: false,
            gathering: Vec::new(),
            beaten: desk.clock.now(),
            desk,
        }
    }

    pub(super) fn run(mut self, queue: &Receiver<Ticket>) {
        loop {
            let first = match self.pause() {
                Some(pause) => queue.recv_timeout(pause),
                None => queue
                    .recv()
                    .map_err(|_closed| RecvTimeoutError::Disconnected),
            };
            match first {
                Ok(first) => self.take(first, queue),
                Err(RecvTimeoutError::Timeout) if !self.gathering.is_empty() => self.commit_apart(),
                Err(RecvTimeoutError::Timeout) => self.chores(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.logged >= LOG_OVERDUE {
                self.copy_log();
            }
            if self.desk.holder.holds() && self.until_beat().is_zero() {
                self.beat();
            }
        }
        self.commit_apart();
        self.close();
    }

    /// Does this work and what has come with it; what may gather is left for later if there is nothing
    /// else.
    fn take(&mut self, first: Ticket, queue: &Receiver<Ticket>) {
        let more = queue.try_iter().take(GROUP - 1);
        let is_apart = |ticket: &Ticket| matches!(ticket.safety, Safety::Apart | Safety::Gathered);
        let work = std::iter::once(first).chain(more);
        let (apart, group): (Vec<_>, Vec<_>) = work.partition(is_apart);
        let mut may_gather = self.gathering.is_empty() && group.is_empty();
        may_gather &= apart.iter().all(|ticket| ticket.safety == Safety::Gathered);
        self.commit(group);
        self.gathering.extend(apart);
        if !may_gather {
            self.commit_apart();
        }
    }

    fn commit_apart(&mut self) {
        for ticket in std::mem::take(&mut self.gathering) {
            self.commit(vec![ticket]);
        }
    }

    /// How long to wait for work before something else is to be done; for ever if nothing is.
    fn pause(&self) -> Option<Duration> {
        if !self.gathering.is_empty() {
            return Some(GATHER);
        }
        if self.unindexed || self.deleted || self.logged >= LOG_DUE {
            return Some(LULL);
        }
        self.desk.holder.holds().then(|| self.until_beat())
    }

    fn until_beat(&self) -> Duration {
        BEAT.saturating_sub(self.desk.clock.since(self.beaten))
    }

    /// Commits a group and tells everybody in it.
    fn commit(&mut self, mut group: Vec<Ticket>) {
        if group.is_empty() {
            return;
        }
        let any = |safety| group.iter().any(|ticket: &Ticket| ticket.safety == safety);
        let deletes = any(Safety::Erased);
        let safety = if deletes || any(Safety::Durable) {
            Safety::Durable
        } else {
            Safety::Lazy
        };
        let before = self.desk.db.total_changes();
        let told = match self.transact(safety, &mut group) {
            Ok(()) => {
                self.logged += self.desk.db.total_changes() - before;
                self.unindexed = true;
                self.deleted |= deletes;
                Ok(())
            }
            Err(failure) => {
                // A failure of SQLite's may have undone the transaction already.
                let _ = self.desk.db.execute_batch("ROLLBACK");
                Err(failure.of(&self.desk.path))
            }
        };
        for ticket in group {
            ticket.job.tell(told.clone());
        }
    }

    fn transact(&mut self, safety: Safety, group: &mut [Ticket]) -> Result<(), Failure> {
        self.set(safety)?;
        let db = &self.desk.db;
        db.execute_batch("BEGIN IMMEDIATE")?;
        // Another process may have brought a newer version since.
        let found = connect::version(db)?;
        if found != VERSION {
            let path = self.desk.path.clone();
            let known = VERSION;
            return Err(StoreError::Newer { path, found, known }.into());
        }
        if let [alone] = group {
            // The transaction is its savepoint: one of its own would keep each page's former content.
            let end = match alone.job.run(db) {
                Ok(()) => "COMMIT",
                Err(_) => "ROLLBACK",
            };
            return Ok(db.execute_batch(end)?);
        }
        for ticket in group {
            db.execute_batch("SAVEPOINT job")?;
            if let Err(error) = ticket.job.run(db) {
                // Where the disk is full, say, SQLite has undone the transaction, and all others with it.
                if db.is_autocommit() {
                    return Err(error.into());
                }
                db.execute_batch("ROLLBACK TO job")?;
            }
            db.execute_batch("RELEASE job")?;
        }
        Ok(db.execute_batch("COMMIT")?)
    }

    fn set(&mut self, safety: Safety) -> Result<(), Failure> {
        if self.safety != safety {
            let level = match safety {
                Safety::Durable | Safety::Erased => "FULL",
                Safety::Lazy | Safety::Apart | Safety::Gathered => "NORMAL",
            };
            self.desk.db.pragma_update(None, "synchronous", level)?;
            self.safety = safety;
        }
        Ok(())
    }

    /// What waits for a lull. Whatever fails here is tried again, or is told to whoever needs it.
    fn chores(&mut self) {
        if self.unindexed {
            self.unindexed = self
                .in_transaction(|db| search::index(db, INDEXED))
                .unwrap_or(false);
        } else if self.deleted {
            self.cut_log();
        } else if self.logged >= LOG_DUE {
            self.copy_log();
        }
    }

    fn copy_log(&mut self) {
        let copy = "PRAGMA wal_checkpoint(PASSIVE)";
        // Whether it could or not: it is tried again after as many rows.
        let _ = self.desk.db.query_row(copy, [], |_row| Ok(()));
        self.logged = 0;
    }

    /// Copies the log and cuts it to nothing, so that what was deleted is in no file any more. Somebody who
    /// reads just now keeps it from that: then the next one who deletes tries again.
    fn cut_log(&mut self) {
        let db = &self.desk.db;
        let _ = db.busy_timeout(Duration::ZERO);
        let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
        let _ = db.busy_timeout(PATIENCE);
        (self.logged, self.deleted) = (0, false);
    }

    fn beat(&mut self) {
        self.beaten = self.desk.clock.now();
        let (holder, now) = (Arc::clone(&self.desk.holder), self.desk.clock.unix_ms());
        let _ = self.in_transaction(|db| leases::renew(db, &holder, now));
    }

    fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.set(Safety::Lazy)?;
        let db = &self.desk.db;
        db.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(db).and_then(|given| Ok(db.execute_batch("COMMIT").map(|()| given)?));
        if done.is_err() {
            let _ = db.execute_batch("ROLLBACK");
        }
        done
    }

    fn close(mut self) {
        // A short process has no lull, and nothing that cannot be written any more is found later.
        if self.unindexed {
            let _ = self.in_transaction(|db| search::index(db, INDEXED));
        }
        if self.logged >= LOG_DUE {
            let db = &self.desk.db;
            let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
            self.copy_log();
        }
        if self.deleted {
            self.cut_log();
        }
        let Desk { db, lock, .. } = self.desk;
        // The database is closed before the lock is given back.
        let _ = db.close();
        drop(lock);
    }
}
