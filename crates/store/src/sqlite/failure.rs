//! What SQLite says, as what it means for the store.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Error, ErrorCode, ffi};

use crate::StoreError;

/// How long other processes are waited for. A sync takes up to 20 ms on a busy machine, and of two hundred
/// processes that begin at once each needs several: the last in the row waits for five seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// A piece of work that failed: by SQLite, or by what it found.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(Error),
    Told(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl Failure {
    /// The failure of the database at `path`.
    pub(super) fn of(self, path: &Path) -> StoreError {
        match self {
            Self::Told(error) => error,
            Self::Sql(error) => named(&error, path),
        }
    }
}

pub(super) fn named(error: &Error, path: &Path) -> StoreError {
    let path = path.to_path_buf();
    let Error::SqliteFailure(code, message) = error else {
        // A value of another type than the schema has: somebody wrote what we never do.
        let what = error.to_string();
        return StoreError::Corrupt { path, what };
    };
    // The index of the log, which is a file too, could not grow.
    if code.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return StoreError::Full { path };
    }
    let what = message.clone().unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy {
            path,
            waited: PATIENCE,
        },
        ErrorCode::DiskFull => StoreError::Full { path },
        ErrorCode::ReadOnly => StoreError::ReadOnly { path },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt { path, what },
        _ => StoreError::Unusable { path, what },
    }
}

/// Whether the database itself is damaged.
pub(super) fn is_corrupt(error: &Error) -> bool {
    matches!(named(error, Path::new("")), StoreError::Corrupt { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_the_index_of_the_log_is_full() {
        let error = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_SHMSIZE), None);
        let path = Path::new("alipes.db");
        assert!(matches!(named(&error, path), StoreError::Full { .. }));
    }
}
