//! The file of sign-ins and its lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_config::create_private;

use super::{Document, FileVault, Login, Permissions, StoreError, Vault};

/// The longest to wait for the lock: whoever holds it waits for the issuer at most half as long.
const LOCK_LIMIT: Duration = Duration::from_secs(40);

/// How often to ask for it. A blocking wait would need a thread that nothing can end.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How many damaged files are kept beside the good one.
const MOST_DAMAGED: usize = 9;

/// The sign-ins of this machine's user. Clones are the same file.
#[derive(Clone)]
pub(crate) struct LoginFile {
    path: PathBuf,
    vault: Arc<dyn Vault>,
}

/// The file while its lock is held; dropping it lets go.
pub(crate) struct Locked {
    file: LoginFile,
    /// Absent where the file system has no locks.
    _lock: Option<File>,
}

impl LoginFile {
    /// `auth.json` in the program's folder.
    pub(crate) fn beneath(folder: &Path) -> Self {
        let path = folder.join("auth.json");
        Self {
            vault: Arc::new(FileVault::new(path.clone())),
            path,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The sign-in of this name; `None` if there is none.
    pub(crate) fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.document()?.login(&self.path, name)
    }

    /// Everything in it; an empty document if there is no file.
    pub(crate) fn document(&self) -> Result<Document, StoreError> {
        match self.vault.read() {
            Ok(Some(text)) => Document::parse(&self.path, &text),
            Ok(None) => Ok(Document::default()),
            // Cut off inside a letter, most likely.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(StoreError::Damaged {
                path: self.path.clone(),
                problem: "it is not text".to_owned(),
            }),
            Err(source) => Err(self.io("read", source)),
        }
    }

    /// Who else could read it; mends it where it can.
    pub(crate) fn guard(&self) -> Permissions {
        self.vault.guard()
    }

    /// Waits until nobody else, in this process or another, is changing the file.
    pub(crate) async fn lock(&self, clock: &Clock) -> Result<Locked, StoreError> {
        let path = self.path.with_extension("lock");
        let lock = open_lock(&path).map_err(|source| self.io("locked", source))?;
        let deadline = Deadline::after(clock, "auth.lock", LOCK_LIMIT);
        loop {
            let lock = match lock.try_lock() {
                Ok(()) => Some(lock),
                Err(TryLockError::WouldBlock) => {
                    let pause = deadline.run(tokio::time::sleep(LOCK_PAUSE)).await;
                    pause.map_err(|expired| StoreError::Locked {
                        path: path.clone(),
                        expired,
                    })?;
                    continue;
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    None
                }
                Err(TryLockError::Error(error)) => return Err(self.io("locked", error)),
            };
            return Ok(Locked {
                file: self.clone(),
                _lock: lock,
            });
        }
    }

    fn io(&self, doing: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            path: self.path.clone(),
            doing,
            source,
        }
    }
}

impl Locked {
    /// The sign-in of this name, as it is now.
    pub(crate) fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.file.login(name)
    }

    /// Everything in it. Where a damaged file is to be replaced, what is left of it is kept beside.
    pub(crate) fn document_or_anew(&self) -> Result<Document, StoreError> {
        match self.file.document() {
            Err(StoreError::Damaged { path, .. }) => {
                let moved = set_aside(&path);
                moved.map_err(|error| self.file.io("moved aside", error))?;
                Ok(Document::default())
            }
            read => read,
        }
    }

    /// Fails now if the file could not be written: before something is spent that must be kept.
    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        let checked = self.file.vault.check_writable();
        checked.map_err(|source| self.file.io("written", source))
    }

    /// Puts a sign-in in the place of the one of this name.
    pub(crate) fn save(&self, name: &str, login: &Login) -> Result<(), StoreError> {
        let mut document = self.file.document()?;
        document.set(name, login);
        self.write(&document)
    }

    /// Replaces the file; an empty one goes away.
    pub(crate) fn write(&self, document: &Document) -> Result<(), StoreError> {
        let vault = &self.file.vault;
        let written = match document.is_empty() {
            true => vault.remove(),
            false => vault.write(&document.to_text()),
        };
        written.map_err(|source| self.file.io("written", source))
    }
}

/// Moves a damaged file to a name beside it that is free: what is left in any of them may be the only
/// trace of a sign-in. The caller has the lock.
fn set_aside(path: &Path) -> io::Result<()> {
    let names = (1..=MOST_DAMAGED).map(|number| match number {
        1 => "json.damaged".to_owned(),
        number => format!("json.damaged.{number}"),
    });
    let mut asides = names.map(|name| path.with_extension(name));
    let free = asides.find(|aside| !aside.is_symlink() && !aside.exists());
    let free = free.ok_or_else(|| {
        io::Error::other(format!(
            "{MOST_DAMAGED} damaged ones lie beside it already; delete those that nobody needs"
        ))
    })?;
    fs::rename(path, free)
}

/// The lock is a file of its own: the other one is replaced, and its lock would go with it.
fn open_lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        create_private(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
