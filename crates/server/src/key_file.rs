//! A client's key in a file of its own, which is looked at each time it is used (`watched_key`).
//!
//! One is made at the first start, so that there is never a server without a key. A changed file
//! counts from the next request on, and a file that is gone lets nobody in.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use alipes_base::Secret;
use alipes_config::create_private;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ServerError;

/// The name of the file within the home.
const NAME: &str = "serve.key";

/// What a key begins with, so that one that was found somewhere can be told from a provider's.
const PREFIX: &str = "sk-alipes-";

/// Random bytes in a key.
const BYTES: usize = 32;

/// The largest file that can be one key, in bytes.
const LARGEST: u64 = 4 << 10;

/// Where a key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The server's own, within the home's folder.
    #[must_use]
    pub fn within(home: &Path) -> Self {
        Self::at(home.join(NAME))
    }

    /// Any file.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that is there now.
    ///
    /// # Errors
    /// What the operating system says; `InvalidData` if the file is not one key.
    pub fn read(&self) -> io::Result<Secret> {
        let mut text = String::new();
        let file = File::open(&self.path)?;
        file.take(LARGEST).read_to_string(&mut text)?;
        let key = text.trim();
        if key.is_empty() || !key.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
            let why = "it does not hold one key and nothing else";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Secret::new(key.to_owned()))
    }

    /// Makes a key, for its owner's eyes only (0600), unless there is a file. Tells whether it did.
    ///
    /// # Errors
    /// [`ServerError::KeyFile`] if there is none then, or one that holds no key.
    pub fn make_if_missing(&self) -> Result<bool, ServerError> {
        let made = match self.read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make().map(|()| true),
            read => read.map(|_key| false),
        };
        made.map_err(|source| ServerError::KeyFile {
            path: self.path.clone(),
            source,
        })
    }

    fn make(&self) -> io::Result<()> {
        let mut random = [0; BYTES];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let key = URL_SAFE_NO_PAD.encode(random);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        create_private(folder)?;
        // Created with mode 0600 where modes exist.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(temporary, "{PREFIX}{key}")?;
        temporary.as_file().sync_all()?;
        match temporary.persist_noclobber(&self.path) {
            Ok(_file) => Ok(()),
            // Another process was faster: its key is as good.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::within(&home.path().join("new"));
        assert!(file.make_if_missing().unwrap());
        let key = file.read().unwrap();
        assert!(key.expose().len() > 40 && key.expose().starts_with(PREFIX));
        assert!(!file.make_if_missing().unwrap());
        assert_eq!(file.read().unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_blank_file_is_no_key() {
        let home = tempfile::tempdir().unwrap();
        let file = KeyFile::within(home.path());
        for text in ["", " \n", "two keys", "one\ntwo", "k\u{e9}y"] {
            std::fs::write(file.path(), text).unwrap();
            assert!(file.read().is_err(), "{text:?}");
            assert!(file.make_if_missing().is_err(), "{text:?}");
        }
    }
}
