//! A private file: the usual vault, which needs nothing but a file system.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use alipes_config::create_private;
use tempfile::NamedTempFile;

use super::vault::{Hold, Place, Vault};
use super::{Permissions, StoreError};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// How many damaged files are kept beside the good one.
const MOST_DAMAGED: usize = 9;

/// A file of mode 0600.
#[derive(Clone, Debug)]
pub(crate) struct FileVault {
    path: PathBuf,
}

impl FileVault {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its text; `None` if there is no such file.
    pub(crate) fn text(&self) -> io::Result<Option<String>> {
        // Asked before opening: opening a FIFO would wait for its writer.
        let facts = match fs::metadata(&self.path) {
            Ok(facts) => facts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !facts.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if facts.len() > LARGEST {
            return Err(io::Error::other(format!(
                "it is larger than {LARGEST} bytes"
            )));
        }
        let mut text = String::new();
        File::open(&self.path)?
            .take(LARGEST)
            .read_to_string(&mut text)?;
        Ok(Some(text))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let mut file = self.beside()?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // The new name has to survive a power cut too; where folders cannot be opened, it does.
        if let Ok(folder) = File::open(self.folder()) {
            let _unsupported = folder.sync_all();
        }
        Ok(())
    }

    fn delete(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Moves it to a name beside it that is free: what is left in any damaged file may be the only
    /// trace of a sign-in. Nobody else does, because the lock is held.
    fn move_aside(&self) -> io::Result<()> {
        let names = (1..=MOST_DAMAGED).map(|number| match number {
            1 => "json.damaged".to_owned(),
            number => format!("json.damaged.{number}"),
        });
        let mut asides = names.map(|name| self.path.with_extension(name));
        let free = asides.find(|aside| !aside.is_symlink() && !aside.exists());
        let free = free.ok_or_else(|| {
            io::Error::other(format!(
                "{MOST_DAMAGED} damaged ones lie beside it already; delete those that nobody needs"
            ))
        })?;
        fs::rename(&self.path, free)
    }

    /// A new private file beside it: same file system, mode 0600.
    fn beside(&self) -> io::Result<NamedTempFile> {
        create_private(self.folder())?;
        NamedTempFile::new_in(self.folder())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        let path = self.path.clone();
        move |source| StoreError::Io {
            path,
            doing,
            source,
        }
    }
}

impl Vault for FileVault {
    fn place(&self) -> Place {
        Place::File(self.path.clone())
    }

    fn is_in_use(&self) -> bool {
        self.path.exists()
    }

    fn read(&self) -> Result<Option<String>, StoreError> {
        self.text().map_err(|error| match error.kind() {
            // Cut off inside a letter, most likely.
            io::ErrorKind::InvalidData => StoreError::Damaged {
                place: self.place(),
                problem: "it is not text".to_owned(),
            },
            _ => self.io("read")(error),
        })
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        self.beside().map(drop).map_err(self.io("written"))
    }

    fn write(&self, text: &str, _hold: &Hold) -> Result<(), StoreError> {
        self.replace(text).map_err(self.io("written"))
    }

    fn remove(&self, _hold: &Hold) -> Result<(), StoreError> {
        self.delete().map_err(self.io("deleted"))
    }

    fn set_aside(&self, _hold: &Hold) -> Result<(), StoreError> {
        self.move_aside().map_err(self.io("moved aside"))
    }

    #[cfg(unix)]
    fn guard(&self) -> Permissions {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(facts) = fs::metadata(&self.path) else {
            return Permissions::Private;
        };
        if facts.permissions().mode() & 0o077 == 0 {
            return Permissions::Private;
        }
        match fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600)) {
            Ok(()) => Permissions::Mended,
            Err(_not_ours) => Permissions::Open,
        }
    }

    #[cfg(not(unix))]
    fn guard(&self) -> Permissions {
        Permissions::Private
    }
}
