//! Reading and replacing the file itself, with no idea of what is in it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::{ConfigError, Place, Position, create_private};

/// The largest file that is read or saved: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// The file's text; `None` if there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |cause| ConfigError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    // The type is looked at before the file is opened: opening a pipe waits for a writer.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is somebody's mistake, not a missing file.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(None);
        }
        Err(cause) => return Err(unreadable(cause)),
    };
    if !metadata.is_file() {
        return Err(ConfigError::NotAFile {
            path: path.to_owned(),
            found: if metadata.is_dir() {
                "a folder"
            } else {
                "a pipe, socket or device"
            },
        });
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    check_size(path, bytes.len())?;
    decode(path, bytes).map(Some)
}

/// Refuses what [`read`] would refuse.
pub(crate) fn check_size(path: &Path, bytes: usize) -> Result<(), ConfigError> {
    if bytes > MAX_BYTES {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            limit: MAX_BYTES,
        });
    }
    Ok(())
}

/// Replaces the file in one step, unless it no longer holds `expected` (`None`: no file).
pub(crate) fn replace(path: &Path, expected: Option<&str>, text: &str) -> Result<(), ConfigError> {
    if read(path)?.as_deref() != expected {
        return Err(ConfigError::Changed {
            path: path.to_owned(),
        });
    }
    write(path, text).map_err(|cause| ConfigError::Unwritable {
        path: path.to_owned(),
        cause,
    })
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let good = String::from_utf8_lossy(good);
        ConfigError::NotUtf8 {
            place: Place {
                path: path.to_owned(),
                position: Some(Position::of(&good, good.len())),
            },
        }
    })
}

/// Writes a temporary file beside the old one (same file system) and renames it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let target = followed(path)?;
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    create_private(folder)?;
    // Created with mode 0600 where modes exist: the file may hold keys.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    if let Ok(metadata) = fs::metadata(&target) {
        temporary
            .as_file()
            .set_permissions(metadata.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Where a link leads: people link this file from elsewhere, and a rename would cut the link.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() {
        fs::canonicalize(path)
    } else {
        Ok(path.to_owned())
    }
}
