//! The store's files: private to their owner, and locked by the system, which lets go of a lock when
//! its process dies, however it dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alipes_config::create_private;

use super::failure::PATIENCE;
use crate::StoreError;

/// How often a lock that somebody holds is tried again.
const LOOK: Duration = Duration::from_millis(20);

/// Where the files lie, all in one folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

/// A lock on the store: shared by everybody who has it open, or held alone. It ends when dropped.
#[derive(Debug)]
pub(super) struct StoreLock {
    _file: File,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Shared,
    Alone,
}

impl Files {
    pub(super) fn within(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files of another store, which a repair builds beside this one.
    pub(super) fn beside(&self) -> Self {
        Self::within(&self.folder.join("repairing"))
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("alipes.db")
    }

    /// SQLite's log of what is not in the database yet.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("alipes.db-wal")
    }

    /// SQLite's index of that log.
    pub(super) fn log_index(&self) -> PathBuf {
        self.folder.join("alipes.db-shm")
    }

    /// Bytes of the database and its log on disk.
    pub(super) fn bytes(&self) -> u64 {
        let size = |path| fs::metadata(path).map_or(0, |found| found.len());
        size(self.database()) + size(self.log())
    }

    /// The folder of the files that processes hold locks on while they have leases.
    pub(super) fn holders(&self) -> PathBuf {
        self.folder.join("holders")
    }

    /// Makes the folder and an empty database, where there are none. SQLite gives its other files
    /// the mode of the database.
    pub(super) fn make(&self) -> Result<(), StoreError> {
        let made = create_private(&self.folder).and_then(|()| {
            let created = private(&self.database(), OpenOptions::new().create(true));
            created.map(drop)
        });
        made.map_err(|error| self.refused(&error))
    }

    /// Takes the store's lock, within a bounded time.
    pub(super) fn lock(&self, hold: Hold) -> Result<StoreLock, StoreError> {
        self.lock_within(hold, PATIENCE)
    }

    /// The same within this time; with none it is tried once.
    pub(super) fn lock_within(
        &self,
        hold: Hold,
        patience: Duration,
    ) -> Result<StoreLock, StoreError> {
        let path = self.folder.join("lock");
        let file = private(&path, OpenOptions::new().create(true));
        let file = file.map_err(|error| self.refused(&error))?;
        let mut looks = patience.as_millis() / LOOK.as_millis();
        loop {
            let taken = match hold {
                Hold::Shared => file.try_lock_shared(),
                Hold::Alone => file.try_lock(),
            };
            match taken {
                Ok(()) => return Ok(StoreLock { _file: file }),
                Err(TryLockError::WouldBlock) if looks > 0 => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy {
                        path: self.database(),
                        waited: patience,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(self.refused(&error)),
            }
            looks -= 1;
        }
    }

    /// What the system said, as what it means.
    pub(super) fn refused(&self, error: &io::Error) -> StoreError {
        let path = self.database();
        match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                StoreError::ReadOnly { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path },
            _ => StoreError::Unusable {
                path,
                what: error.to_string(),
            },
        }
    }
}

/// A file that its owner alone can read and write.
pub(super) fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // A FIFO would be waited for, a device would never end.
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is not a file")),
        _ => {}
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true).open(path)
}
