//! `store backup`: the whole store as of one moment, in one file, while others go on writing.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rusqlite::Connection;

use super::failure::Failure;
use super::files::private;
use crate::StoreError;

/// Writes a copy to `target`, which must not exist. It is on disk when this returns.
pub(super) fn write(db: &Connection, target: &Path) -> Result<(), Failure> {
    // SQLite would make it readable by everybody; it takes an empty file as none.
    let file = private(target, OpenOptions::new().create_new(true));
    file.map_err(|error| not_written(target, &error))?;
    let name = target.to_str().ok_or_else(|| {
        let error = std::io::Error::other("its name is not UTF-8");
        not_written(target, &error)
    })?;
    let copied = db.execute("VACUUM INTO ?1", [name]);
    if let Err(error) = copied {
        // Half a copy would be taken for a whole one.
        let _ = std::fs::remove_file(target);
        return Err(error.into());
    }
    let synced = File::open(target).and_then(|file| file.sync_all());
    Ok(synced.map_err(|error| not_written(target, &error))?)
}

fn not_written(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::NoCopy {
        path: path.to_path_buf(),
        what: match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "it is there already; name another file".to_owned()
            }
            _ => error.to_string(),
        },
    }
}
