//! A key that the program keeps for its user: in a private file, together with whom it may be shown to.
//!
//! The address stands in the file and not in the configuration, so that a changed `base_url`, or
//! another provider that names the same file, cannot carry the key elsewhere.

use std::io::{self, Write as _};
use std::path::Path;

use alipes_base::Secret;
use alipes_config::create_private;

/// What the first line of such a file begins with; the origin follows, and the key is the next line.
const OPENING: &str = "alipes key for ";

/// A key and the origin (`https://host`) it was saved for.
#[derive(Debug)]
pub struct SavedKey {
    origin: String,
    key: Secret,
}

/// The text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// There is nothing but white space.
    #[error("the key is empty")]
    Empty,
    /// It has a line break, a space or a control character in it.
    #[error(
        "that is more than one key: it has a line break, a space or another character in it that \
         no key has; give the key alone"
    )]
    MoreThanOne,
}

impl SavedKey {
    /// A key as it was entered: white space around it is no part of it.
    ///
    /// # Errors
    /// [`NoKey`] without the text.
    pub fn new(entered: &str, origin: String) -> Result<Self, NoKey> {
        match entered.trim() {
            "" => Err(NoKey::Empty),
            key if is_one_key(key) => Ok(Self {
                origin,
                key: Secret::new(key.to_owned()),
            }),
            _ => Err(NoKey::MoreThanOne),
        }
    }

    /// The key.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.key
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.key
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Replaces the file in one step; it, and the folder if that is new, are for their owner only.
    ///
    /// # Errors
    /// What the operating system says; an older file is as it was then.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        create_private(folder)?;
        // Created with mode 0600 where modes exist.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        let key = self.key.expose();
        writeln!(temporary, "{OPENING}{}\n{key}", self.origin)?;
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The key in the text of a file; `None` if it is not one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (origin, key) = text.strip_prefix(OPENING)?.split_once('\n')?;
        Some(Self {
            origin: origin.trim().to_owned(),
            key: Secret::new(key.trim().to_owned()),
        })
    }
}

/// Whether a header can carry it, and nothing in it ends one key and begins another.
pub(crate) fn is_one_key(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'!'..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_is_saved() {
        let entered = |text: &str| SavedKey::new(text, "https://h".to_owned());
        let key = entered(" sk-1\r\n").unwrap();
        assert_eq!(key.secret().expose(), "sk-1");
        for (text, error) in [
            (" \n", NoKey::Empty),
            ("sk-1\nsk-2", NoKey::MoreThanOne),
            ("sk-1\r\nx-evil: 1", NoKey::MoreThanOne),
            ("sk 1", NoKey::MoreThanOne),
            ("sk-\u{1b}[31m1", NoKey::MoreThanOne),
            ("sk-é", NoKey::MoreThanOne),
        ] {
            assert_eq!(entered(text).unwrap_err(), error, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_and_its_folder_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys/a.key");
        for key in ["sk-1", "sk-2"] {
            let saved = SavedKey::new(key, "https://h".to_owned()).unwrap();
            saved.write(&path).unwrap();
        }
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(SavedKey::parse(&text).unwrap().secret().expose(), "sk-2");
    }
}
