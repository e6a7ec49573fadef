//! Where the sign-ins' text lies: a private file, or whatever else keeps one text.
//!
//! The trait is all that an operating system's keyring would have to offer. There is none yet: on
//! Linux the secret service costs 21 packages and the C library of D-Bus (counted in November 2026).

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use alipes_config::create_private;
use tempfile::NamedTempFile;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Keeps one text for its owner alone.
pub(crate) trait Vault: Send + Sync {
    /// The text; `None` if there is none.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn read(&self) -> io::Result<Option<String>>;

    /// Makes sure that the next [`write`](Self::write) will most likely succeed.
    ///
    /// # Errors
    /// Whatever would keep it from being written.
    fn check_writable(&self) -> io::Result<()>;

    /// Replaces the text in one step: afterwards it is the old one or the new one.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn write(&self, text: &str) -> io::Result<()>;

    /// Takes the text away; that there was none is no error.
    ///
    /// # Errors
    /// Whatever keeps it from going away.
    fn remove(&self) -> io::Result<()>;

    /// Who else can read it; mends it where it can.
    fn guard(&self) -> Permissions;
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

/// A file of mode 0600.
#[derive(Clone, Debug)]
pub(crate) struct FileVault {
    path: PathBuf,
}

impl FileVault {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// A new private file beside it: same file system, mode 0600.
    fn beside(&self) -> io::Result<NamedTempFile> {
        create_private(self.folder())?;
        NamedTempFile::new_in(self.folder())
    }
}

impl Vault for FileVault {
    fn read(&self) -> io::Result<Option<String>> {
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

    fn check_writable(&self) -> io::Result<()> {
        self.beside().map(drop)
    }

    fn write(&self, text: &str) -> io::Result<()> {
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

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
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
