//! The sign-ins of this machine's user, where the configuration wants them, and their lock.
//!
//! When the configuration wants them elsewhere than before, they are moved: written and read again
//! there, and only then deleted here, under the lock. A keyring that cannot be used stops that with
//! its error, and nobody falls back to the file; but who asks for the file again, perhaps because
//! the keyring is gone, gets it, and is told what is left behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_config::create_private;

#[cfg(feature = "keyring")]
use super::keyring::KeyringVault;
use super::vault::{Hold, Vault};
use super::{Document, FileVault, Keeping, KeyringError, Login, Permissions, Place, StoreError};

/// The longest to wait for the lock: whoever holds it waits for the issuer at most half as long.
const LOCK_LIMIT: Duration = Duration::from_secs(40);

/// How often to ask for it. A blocking wait would need a thread that nothing can end.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The sign-ins of this machine's user. Clones are the same.
#[derive(Clone)]
pub(crate) struct LoginStore {
    vault: Arc<dyn Vault>,
    /// Where they may have been kept before.
    former: Option<Arc<dyn Vault>>,
    /// Says that there are some in the keyring.
    mark: PathBuf,
    lock: PathBuf,
}

/// The sign-ins while their lock is held; dropping it lets go.
pub(crate) struct Locked {
    store: LoginStore,
    hold: Hold,
}

impl LoginStore {
    /// Those that belong to the program's folder.
    pub(crate) fn beneath(folder: &Path, keeping: Keeping, clock: &Clock) -> Self {
        let mark = folder.join("auth.keyring");
        let file: Arc<dyn Vault> = Arc::new(FileVault::new(folder.join("auth.json")));
        #[cfg(feature = "keyring")]
        let (vault, former) = {
            let keyring: Arc<dyn Vault> = Arc::new(KeyringVault::of_system(folder, &mark, clock));
            match keeping {
                Keeping::File => (file, Some(keyring)),
                Keeping::Keyring => (keyring, Some(file)),
            }
        };
        #[cfg(not(feature = "keyring"))]
        let (vault, former, Keeping::File, _) = (file, None, keeping, clock);
        Self {
            vault,
            former,
            mark,
            lock: folder.join("auth.lock"),
        }
    }

    pub(crate) fn place(&self) -> Place {
        self.vault.place()
    }

    /// The sign-in of this name; `None` if there is none.
    pub(crate) fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.document()?.login(&self.place(), name)
    }

    /// All of them; an empty document if there are none.
    pub(crate) fn document(&self) -> Result<Document, StoreError> {
        let Some(former) = self.to_be_moved() else {
            return read(&*self.vault);
        };
        match self.try_lock()? {
            Some(locked) => locked.document(),
            // Somebody is moving them just now.
            None => read(former).or_else(|problem| match self.is_strict() {
                true => Err(problem),
                false => read(&*self.vault),
            }),
        }
    }

    /// Who else could read them; mends it where it can.
    pub(crate) fn guard(&self) -> Permissions {
        self.vault.guard()
    }

    /// Moves them to where they are kept now; tells from where, if there was something to move.
    /// Waits for nobody: who needs them and finds them where they were moves them too.
    pub(crate) fn settle(&self) -> Result<Option<Place>, StoreError> {
        let left = |problem: StoreError| StoreError::LeftBehind {
            from: Place::Keyring,
            mark: self.mark.clone(),
            problem: problem.to_string(),
        };
        let Some(former) = self.to_be_moved() else {
            return match self.former.is_none() && self.mark.exists() {
                true => Err(left(StoreError::Keyring {
                    doing: "read",
                    problem: KeyringError::NotBuilt,
                })),
                false => Ok(None),
            };
        };
        let Some(locked) = self.try_lock()? else {
            return Ok(None);
        };
        match locked.bring_from(former) {
            Ok(()) => Ok(Some(former.place())),
            // Told by whoever needs them.
            Err(_problem) if self.is_strict() => Ok(None),
            Err(problem) => Err(left(problem)),
        }
    }

    /// Waits until nobody else, in this process or another, is changing them.
    pub(crate) async fn lock(&self, clock: &Clock) -> Result<Locked, StoreError> {
        let lock = self.open_lock()?;
        let deadline = Deadline::after(clock, "auth.lock", LOCK_LIMIT);
        loop {
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    let pause = deadline.run(tokio::time::sleep(LOCK_PAUSE)).await;
                    pause.map_err(|expired| StoreError::Locked {
                        path: self.lock.clone(),
                        expired,
                    })?;
                }
                tried => return self.locked(lock, tried),
            }
        }
    }

    /// The lock, if it can be had at once.
    fn try_lock(&self) -> Result<Option<Locked>, StoreError> {
        let lock = self.open_lock()?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            tried => self.locked(lock, tried).map(Some),
        }
    }

    fn locked(&self, lock: File, tried: Result<(), TryLockError>) -> Result<Locked, StoreError> {
        let lock = match tried {
            Ok(()) => Some(lock),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => None,
            Err(error) => return Err(self.unlockable(error.into())),
        };
        self.vault.forget();
        Ok(Locked {
            store: self.clone(),
            hold: Hold::new(lock),
        })
    }

    /// A file of its own: the one with the sign-ins is replaced, and its lock would go with it.
    fn open_lock(&self) -> Result<File, StoreError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let folder = self.lock.parent().unwrap_or(Path::new("."));
        let opened = create_private(folder).and_then(|()| options.open(&self.lock));
        opened.map_err(|error| self.unlockable(error))
    }

    fn unlockable(&self, source: io::Error) -> StoreError {
        StoreError::Io {
            path: self.lock.clone(),
            doing: "locked",
            source,
        }
    }

    /// Where they still are, if they are to be elsewhere.
    fn to_be_moved(&self) -> Option<&dyn Vault> {
        let former = self.former.as_deref()?;
        former.is_in_use().then_some(former)
    }

    /// Whether sign-ins that cannot be moved are an error: who asked for the keyring does not want
    /// to go on with the file.
    fn is_strict(&self) -> bool {
        self.place() == Place::Keyring
    }
}

impl Locked {
    /// The sign-in of this name, as it is now.
    pub(crate) fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.document()?.login(&self.store.place(), name)
    }

    /// All of them, as they are now.
    pub(crate) fn document(&self) -> Result<Document, StoreError> {
        if let Some(former) = self.store.to_be_moved() {
            match self.bring_from(former) {
                Err(problem) if self.store.is_strict() => return Err(problem),
                // Told at the start.
                Ok(()) | Err(_) => {}
            }
        }
        read(&*self.store.vault)
    }

    /// All of them. Where damage is to be replaced, what is left of it is kept beside.
    pub(crate) fn document_or_anew(&self) -> Result<Document, StoreError> {
        let vaults = [self.store.former.as_deref(), Some(&*self.store.vault)];
        for vault in vaults.into_iter().flatten() {
            match self.document() {
                Err(StoreError::Damaged { place, .. }) if place == vault.place() => {
                    vault.set_aside(&self.hold)?;
                }
                Err(StoreError::Damaged { .. }) => {}
                read => return read,
            }
        }
        self.document()
    }

    /// Fails now if they could not be written: before something is spent that must be kept.
    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        self.store.vault.check_writable()
    }

    /// Puts a sign-in in the place of the one of this name.
    pub(crate) fn save(&self, name: &str, login: &Login) -> Result<(), StoreError> {
        let mut document = self.document()?;
        document.set(name, login);
        self.write(&document)
    }

    /// Replaces all of them; where none are left, nothing is.
    pub(crate) fn write(&self, document: &Document) -> Result<(), StoreError> {
        let vault = &self.store.vault;
        match document.is_empty() {
            true => vault.remove(&self.hold),
            false => vault.write(&document.to_text(), &self.hold),
        }
    }

    /// Brings them from where they were: into the new place, and away from the old one only when they
    /// have been read there.
    fn bring_from(&self, former: &dyn Vault) -> Result<(), StoreError> {
        let vault = &*self.store.vault;
        let moved = read(former)?;
        let mut document = read(vault)?;
        document.take_in(moved);
        self.write(&document)?;
        vault.forget();
        if read(vault)? != document {
            return Err(StoreError::Damaged {
                place: vault.place(),
                problem: "it does not keep what it is given".to_owned(),
            });
        }
        former.remove(&self.hold)
    }
}

fn read(vault: &dyn Vault) -> Result<Document, StoreError> {
    match vault.read()? {
        Some(text) => Document::parse(&vault.place(), &text),
        None => Ok(Document::default()),
    }
}
