//! The system's keyring as a vault.
//!
//! A file beside the lock, the mark, says that the keyring holds something, and which revision of it.
//! So the keyring, which may ask its owner for a password, is asked once and again only when somebody
//! has changed what it holds. Whoever has the lock asks it in any case ([`Vault::forget`]): what is
//! spent under the lock must not be spent on the word of a file.

mod pieces;
#[cfg(feature = "keyring")]
mod system;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::vault::{Hold, Place, Vault};
use super::{FileVault, KeyringError, Permissions, StoreError};

/// Secrets by name, each replaced in one step.
trait Entries: Send + Sync {
    /// The most that fits into one, in bytes.
    fn largest(&self) -> usize;

    /// The secret of this name; `None` if there is none.
    fn get(&self, name: &str) -> Result<Option<String>, KeyringError>;

    /// Puts this one in its place.
    fn set(&self, name: &str, text: &str, hold: &Hold) -> Result<(), KeyringError>;

    /// Takes it away; that there was none is no error.
    fn delete(&self, name: &str, hold: &Hold) -> Result<(), KeyringError>;
}

/// Keeps one text in a keyring.
pub(super) struct KeyringVault {
    entries: Box<dyn Entries>,
    mark: FileVault,
    /// What was read last, and under which mark.
    seen: Mutex<Option<(String, Option<String>)>>,
}

impl KeyringVault {
    /// What the system's keyring holds for this folder, with its mark.
    #[cfg(feature = "keyring")]
    pub(super) fn of_system(folder: &Path, mark: &Path, clock: &alipes_base::Clock) -> Self {
        Self::new(Box::new(system::SystemKeyring::new(folder, clock)), mark)
    }

    fn new(entries: Box<dyn Entries>, mark: &Path) -> Self {
        Self {
            entries,
            mark: FileVault::new(mark.to_owned()),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Option<(String, Option<String>)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A mark that none before was like.
    fn renew_mark(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut revision = [0; 8];
        getrandom::fill(&mut revision).map_err(|error| StoreError::Keyring {
            doing: "written",
            problem: KeyringError::Refused(error.to_string()),
        })?;
        let revision = u64::from_le_bytes(revision);
        let text = format!(
            "The sign-ins of alipes are in this system's keyring, in revision {revision:016x}.\n"
        );
        self.mark.write(&text, hold)
    }
}

impl Vault for KeyringVault {
    fn place(&self) -> Place {
        Place::Keyring
    }

    fn is_in_use(&self) -> bool {
        self.mark.is_in_use()
    }

    fn read(&self) -> Result<Option<String>, StoreError> {
        let mark = self.mark.read()?;
        if let (Some(mark), Some((seen, text))) = (&mark, &*self.seen())
            && mark == seen
        {
            return Ok(text.clone());
        }
        let text = pieces::read(&*self.entries)?;
        *self.seen() = mark.map(|mark| (mark, text.clone()));
        Ok(text)
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        pieces::check(&*self.entries)?;
        self.mark.check_writable()
    }

    fn write(&self, text: &str, hold: &Hold) -> Result<(), StoreError> {
        self.forget();
        pieces::write(&*self.entries, text, hold)?;
        self.renew_mark(hold)
    }

    fn remove(&self, hold: &Hold) -> Result<(), StoreError> {
        self.forget();
        pieces::remove(&*self.entries, hold)?;
        self.mark.remove(hold)
    }

    /// What is damaged in there was changed by hand, and is not kept.
    fn set_aside(&self, hold: &Hold) -> Result<(), StoreError> {
        self.remove(hold)
    }

    /// Who may read a keyring is for the system to know.
    fn guard(&self) -> Permissions {
        Permissions::Private
    }

    fn forget(&self) {
        *self.seen() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// What a keyring holds, and how often it was asked.
    #[derive(Default)]
    struct Held {
        secrets: BTreeMap<String, String>,
        asked: usize,
    }

    #[derive(Clone, Default)]
    struct Fake(Arc<Mutex<Held>>);

    impl Entries for Fake {
        fn largest(&self) -> usize {
            usize::MAX
        }

        fn get(&self, name: &str) -> Result<Option<String>, KeyringError> {
            let mut held = self.0.lock().unwrap();
            held.asked += 1;
            Ok(held.secrets.get(name).cloned())
        }

        fn set(&self, name: &str, text: &str, _hold: &Hold) -> Result<(), KeyringError> {
            let mut held = self.0.lock().unwrap();
            held.secrets.insert(name.to_owned(), text.to_owned());
            Ok(())
        }

        fn delete(&self, name: &str, _hold: &Hold) -> Result<(), KeyringError> {
            self.0.lock().unwrap().secrets.remove(name);
            Ok(())
        }
    }

    #[test]
    fn a_keyring_is_asked_again_only_when_somebody_has_changed_it_or_has_the_lock() {
        let home = tempfile::tempdir().unwrap();
        let (fake, hold) = (Fake::default(), Hold::new(None));
        let mark = home.path().join("auth.keyring");
        let vault = |fake: &Fake| KeyringVault::new(Box::new(fake.clone()), &mark);
        let (one, other) = (vault(&fake), vault(&fake));
        one.write("a", &hold).unwrap();
        let asked = |fake: &Fake| fake.0.lock().unwrap().asked;
        let before = asked(&fake);
        for _ in 0..3 {
            assert_eq!(one.read().unwrap().as_deref(), Some("a"));
        }
        assert_eq!(asked(&fake), before + 1);
        other.write("b", &hold).unwrap();
        assert_eq!(one.read().unwrap().as_deref(), Some("b"));
        // As if somebody had died between the keyring and the mark.
        fake.set("", "c", &hold).unwrap();
        assert_eq!(one.read().unwrap().as_deref(), Some("b"));
        one.forget();
        assert_eq!(one.read().unwrap().as_deref(), Some("c"));
        one.remove(&hold).unwrap();
        assert!(!mark.exists() && !other.is_in_use());
        assert_eq!(other.read().unwrap(), None);
    }
}
