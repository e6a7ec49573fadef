//! The lists of models that were told, kept between runs: one private file for each provider.
//!
//! A list is only kept to be asked for less often, so nothing here is worth an error to anybody who asks
//! for an answer: a file that is damaged, too large or of another version counts as none, and is put
//! right with the next list. It is replaced in one step; of two processes that replace it at once the
//! later one stays, and either is a whole list.

mod kept;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use alipes_config::create_private;
use tempfile::NamedTempFile;

use crate::is_plain_name;

pub(crate) use kept::KeptList;

/// A larger file is not read and not written, in bytes: a list of a thousand models takes 200 kB.
const LARGEST: u64 = 4 << 20;

/// Where lists are kept.
#[derive(Clone, Debug)]
pub struct ModelLists {
    folder: PathBuf,
}

impl ModelLists {
    /// Those in the folder `models` of the program's `home`, which is made when there is one to keep.
    #[must_use]
    pub fn within(home: &Path) -> Self {
        let folder = home.join("models");
        Self { folder }
    }

    /// The file of a provider; `None` where no file can be called like it.
    fn file(&self, provider: &str) -> Option<PathBuf> {
        is_plain_name(provider).then(|| self.folder.join(format!("{provider}.json")))
    }

    /// The provider's list, if there is one that can be read.
    pub(crate) fn read(&self, provider: &str) -> Option<KeptList> {
        let path = self.file(provider)?;
        // Asked before opening: opening a FIFO would wait for its writer.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let (mut text, file) = (Vec::new(), File::open(path).ok()?);
        file.take(LARGEST + 1).read_to_end(&mut text).ok()?;
        let is_whole = u64::try_from(text.len()).is_ok_and(|length| length <= LARGEST);
        KeptList::parse(&text).filter(|_| is_whole)
    }

    /// Puts the provider's list in the place of the one before.
    ///
    /// # Errors
    /// What the operating system says, or that it is too large; the one before is as it was then.
    pub(crate) fn keep(&self, provider: &str, list: &KeptList) -> io::Result<()> {
        let Some(path) = self.file(provider) else {
            return Ok(());
        };
        let text = list.to_text();
        if text.len() as u64 > LARGEST {
            return Err(io::Error::other(format!(
                "it is larger than {LARGEST} bytes"
            )));
        }
        create_private(&self.folder)?;
        // Created with mode 0600 where modes exist.
        let mut new = NamedTempFile::new_in(&self.folder)?;
        new.write_all(text.as_bytes())?;
        new.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
