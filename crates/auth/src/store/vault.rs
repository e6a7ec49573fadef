//! Where the sign-ins' text lies: what a private file and the system's keyring have in common.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::StoreError;

/// Keeps one text for its owner alone.
pub(crate) trait Vault: Send + Sync {
    /// What messages call it.
    fn place(&self) -> Place;

    /// Whether something is kept here, as far as files tell.
    fn is_in_use(&self) -> bool;

    /// The text; `None` if there is none.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn read(&self) -> Result<Option<String>, StoreError>;

    /// Makes sure that the next [`write`](Self::write) will most likely succeed.
    ///
    /// # Errors
    /// Whatever would keep it from being written.
    fn check_writable(&self) -> Result<(), StoreError>;

    /// Replaces the text in one step: afterwards it is the old one or the new one.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn write(&self, text: &str, hold: &Hold) -> Result<(), StoreError>;

    /// Takes the text away; that there was none is no error.
    ///
    /// # Errors
    /// Whatever keeps it from going away.
    fn remove(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Takes a text that is damaged out of the way, and keeps it where that can be done.
    ///
    /// # Errors
    /// Whatever keeps it where it is.
    fn set_aside(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Who else can read it; mends it where it can.
    fn guard(&self) -> Permissions;

    /// The lock has been had since the last reading: whatever was read before may be old.
    fn forget(&self) {}
}

/// The lock, for as long as anybody keeps this: who goes on writing after somebody has stopped
/// waiting keeps a copy.
#[derive(Clone)]
pub(crate) struct Hold {
    /// Absent where the file system has no locks.
    _lock: Arc<Option<File>>,
}

impl Hold {
    pub(super) fn new(lock: Option<File>) -> Self {
        Self {
            _lock: Arc::new(lock),
        }
    }
}

/// Where sign-ins are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This file.
    File(PathBuf),
    /// The operating system's keyring.
    Keyring,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Keyring => f.write_str("this system's keyring"),
        }
    }
}

/// Who can read a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// Its owner alone.
    Private,
    /// Others could, until now.
    Mended,
    /// Others can, and it could not be changed.
    Open,
}
