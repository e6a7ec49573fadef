//! Who may write into a conversation.
//!
//! The row of a lease says who holds it, the how-manieth holder that is, and until when it is to be
//! believed. A holder keeps an OS lock on a file of its own for as long as it lives: if that lock can
//! be had, the holder is dead and the lease is free at once. The date is only for a holder that
//! lives and does nothing, or whose lock cannot be seen from here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alipes_config::create_private;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::files::{Files, private};
use super::{signed, unsigned};
use crate::{Lease, StoreError};

/// How often a holder says that it lives.
pub(super) const BEAT: Duration = Duration::from_secs(20);

/// How long it is believed.
const LENGTH_MS: u64 = 90_000;

/// How often, and how far apart, it is looked whether a holder is dying: a process that was killed while
/// it started another one leaves its lock to that one until this becomes the program it was started for.
pub(super) const LOOKS: u32 = 20;
pub(super) const LOOK: Duration = Duration::from_millis(25);

/// This process, as a holder of leases.
#[derive(Debug)]
pub(super) struct Holder {
    name: String,
    files: Files,
    /// The file it keeps locked, from its first lease on.
    locked: Mutex<Option<File>>,
    held: AtomicU64,
}

impl Holder {
    pub(super) fn new(name: String, files: Files) -> Self {
        Self {
            name,
            files,
            locked: Mutex::new(None),
            held: AtomicU64::new(0),
        }
    }

    /// Whether it holds anything.
    pub(super) fn holds(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    fn path(&self) -> PathBuf {
        self.files.holders().join(&self.name)
    }

    /// Takes the lock by which others see that this process lives.
    fn appear(&self) -> Result<(), Failure> {
        let mut locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        if locked.is_none() {
            let appeared = self.lock_file();
            *locked = Some(appeared.map_err(|error| self.files.refused(&error))?);
        }
        Ok(())
    }

    /// The file gets its name when it is locked already: nobody sees it free while we live.
    fn lock_file(&self) -> io::Result<File> {
        create_private(&self.files.holders())?;
        let path = self.path();
        let unnamed = path.with_extension("new");
        let file = private(&unnamed, OpenOptions::new().create_new(true))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        fs::rename(&unnamed, &path)?;
        Ok(file)
    }

    /// Whether the process of this name lives, as far as its lock tells.
    fn is_alive(&self, name: &str) -> bool {
        if name == self.name {
            return true;
        }
        let path = self.files.holders().join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            // It removes the file when it ends. One that cannot be looked at tells nothing: its date does.
            Err(error) => return error.kind() != io::ErrorKind::NotFound,
        };
        match file.try_lock_shared() {
            Ok(()) => {
                let _ = fs::remove_file(&path);
                false
            }
            Err(_held) => true,
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let locked = self
            .locked
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if locked.take().is_some() {
            let _ = fs::remove_file(self.path());
        }
    }
}

/// Removes what processes that were killed have left.
pub(super) fn sweep(holder: &Holder) {
    let Ok(entries) = fs::read_dir(holder.files.holders()) else {
        return;
    };
    for entry in entries.flatten() {
        if let Some(name) = entry.file_name().to_str() {
            // One that is just being made has no lock yet.
            if !name.ends_with(".new") {
                holder.is_alive(name);
            }
        }
    }
}

/// Whether a process is at the conversation of this number.
pub(super) fn is_held(
    db: &Connection,
    conversation: i64,
    holder: &Holder,
    now: u64,
) -> Result<bool, Failure> {
    let lease = db
        .query_row(
            "SELECT holder, expires_ms FROM lease WHERE conversation = ?1 AND holder <> ''",
            [conversation],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
        )
        .optional()?;
    Ok(lease.is_some_and(|(name, expires)| now < unsigned(expires) && holder.is_alive(&name)))
}

/// Takes the lease of the conversation `number`, which is called `id`.
pub(super) fn take(
    db: &Connection,
    (number, id): (i64, &str),
    holder: &Holder,
    now: u64,
) -> Result<Lease, Failure> {
    let conversation = id.to_owned();
    if is_held(db, number, holder, now)? {
        return Err(StoreError::Leased { id: conversation }.into());
    }
    holder.appear()?;
    let epoch: i64 = db.query_row(
        "INSERT INTO lease (conversation, holder, epoch, expires_ms) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (conversation) DO UPDATE
         SET holder = excluded.holder, epoch = epoch + 1, expires_ms = excluded.expires_ms
         RETURNING epoch",
        params![number, holder.name, signed(now + LENGTH_MS)],
        |row| row.get(0),
    )?;
    holder.held.fetch_add(1, Ordering::Relaxed);
    Ok(Lease {
        conversation,
        epoch: unsigned(epoch),
    })
}

/// The number of the conversation, if the lease is still ours.
pub(super) fn check(db: &Connection, lease: &Lease, holder: &Holder) -> Result<i64, Failure> {
    let number = db
        .query_row(
            "SELECT number FROM conversation JOIN lease ON conversation = number
             WHERE id = ?1 AND epoch = ?2 AND holder = ?3",
            params![lease.conversation, signed(lease.epoch), holder.name],
            |row| row.get(0),
        )
        .optional()?;
    let id = lease.conversation.clone();
    number.ok_or_else(|| StoreError::LeaseLost { id }.into())
}

/// Gives a lease back.
pub(super) fn release(db: &Connection, lease: &Lease, holder: &Holder) -> Result<(), Failure> {
    let left = |held: u64| Some(held.saturating_sub(1));
    let _ = holder
        .held
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
    let number = check(db, lease, holder)?;
    db.execute(
        "UPDATE lease SET holder = '' WHERE conversation = ?1",
        [number],
    )?;
    Ok(())
}

/// Says that this process lives.
pub(super) fn renew(db: &Connection, holder: &Holder, now: u64) -> Result<(), Failure> {
    db.execute(
        "UPDATE lease SET expires_ms = ?2 WHERE holder = ?1",
        params![holder.name, signed(now + LENGTH_MS)],
    )?;
    Ok(())
}
