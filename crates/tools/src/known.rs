//! Which text of a file the model has seen last, so that what somebody else wrote since is not
//! overwritten unseen.
//!
//! Kept for one conversation, also when it is taken up by another run of the program: what is learnt is
//! handed out to whoever keeps the journal, and handed in again. A file is known by its whole content and not by its times, which a
//! quick second write leaves as they were. What was never read is not known, and may be written: an
//! edit names the text that it replaces.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{ToolError, text};

/// Most files that are remembered; one more, and all count as never read.
const FILES: usize = 10_000;

/// Bytes that are hashed at once, however they came in.
const BLOCK: usize = 4 * 1024;

/// The files that a conversation has seen, by their path beneath the root, without links. Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFiles(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    files: HashMap<PathBuf, Stamp>,
    /// What was learnt and not handed out yet; no stamp where a file has gone.
    news: BTreeMap<PathBuf, Option<Stamp>>,
}

/// Stands for a content. It is written down as its length and its hash, which another version may make
/// in another way: then all files count as changed until they are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    hash: u64,
}

impl KnownFiles {
    /// The model has seen this content, or written it.
    pub(crate) fn remember(&self, resolved: &Path, stamp: Stamp) {
        let mut known = self.known();
        if known.add(resolved.to_owned(), stamp) != Some(stamp) {
            known.news.insert(resolved.to_owned(), Some(stamp));
        }
    }

    /// The same of what an earlier run of the program has handed out. What cannot be read is as good as
    /// another content.
    pub(crate) fn remember_again(&self, resolved: &str, stamp: &str) {
        let stamp = stamp.parse().unwrap_or(Stamp { length: 0, hash: 0 });
        self.known().add(resolved.into(), stamp);
    }

    /// What was learnt since this was asked last, spelt out.
    pub(crate) fn news(&self) -> Vec<(String, Option<String>)> {
        let news = std::mem::take(&mut self.known().news).into_iter();
        // A path that is no text is not remembered beyond this run.
        news.filter_map(|(path, stamp)| {
            let path = path.into_os_string().into_string().ok()?;
            Some((path, stamp.map(|stamp| stamp.to_string())))
        })
        .collect()
    }

    /// The file is gone.
    pub(crate) fn forget(&self, resolved: &Path) {
        let mut known = self.known();
        if known.files.remove(resolved).is_some() {
            known.news.insert(resolved.to_owned(), None);
        }
    }

    /// Refuses a content that is not the one the model has seen.
    pub(crate) fn check(&self, resolved: &Path, stamp: Stamp) -> Result<(), ToolError> {
        match self.known().files.get(resolved) {
            Some(seen) if *seen != stamp => Err(ToolError::Stale {
                path: text::path(resolved),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a file has been seen at all.
    pub(crate) fn contains(&self, resolved: &Path) -> bool {
        self.known().files.contains_key(resolved)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Gives what was known before.
    fn add(&mut self, path: PathBuf, stamp: Stamp) -> Option<Stamp> {
        if self.files.len() >= FILES {
            self.files.clear();
        }
        self.files.insert(path, stamp)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:x}", self.length, self.hash)
    }
}

impl FromStr for Stamp {
    type Err = NotAStamp;

    fn from_str(text: &str) -> Result<Self, NotAStamp> {
        let (length, hash) = text.split_once(':').ok_or(NotAStamp)?;
        Ok(Self {
            length: length.parse().map_err(|_| NotAStamp)?,
            hash: u64::from_str_radix(hash, 16).map_err(|_| NotAStamp)?,
        })
    }
}

/// A text that no stamp was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAStamp;

impl Stamp {
    /// How many bytes the content has.
    pub(crate) fn length(self) -> u64 {
        self.length
    }

    /// The stamp of a whole content.
    pub(crate) fn of(content: &[u8]) -> Self {
        let mut stamper = Stamper::default();
        stamper.add(content);
        stamper.stamp()
    }
}

/// Makes a stamp of what comes in pieces.
#[derive(Default)]
struct Stamper {
    hasher: DefaultHasher,
    block: Vec<u8>,
    length: u64,
}

impl Stamper {
    fn add(&mut self, mut piece: &[u8]) {
        self.length += piece.len() as u64;
        while !piece.is_empty() {
            let (now, later) = piece.split_at(piece.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            if self.block.len() == BLOCK {
                self.hasher.write(&self.block);
                self.block.clear();
            }
            piece = later;
        }
    }

    fn stamp(&self) -> Stamp {
        let mut hasher = self.hasher.clone();
        hasher.write(&self.block);
        Stamp {
            length: self.length,
            hash: hasher.finish(),
        }
    }
}

/// A reader that makes a stamp of what goes through it.
pub(crate) struct Stamped<R> {
    reader: R,
    stamper: Stamper,
    has_ended: bool,
}

impl<R> Stamped<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            stamper: Stamper::default(),
            has_ended: false,
        }
    }

    /// The stamp of the whole, if it was read to its end.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.has_ended.then(|| self.stamper.stamp())
    }
}

impl<R: Read> Read for Stamped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.stamper.add(&buffer[..length]);
        self.has_ended |= length == 0 && !buffer.is_empty();
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_does_not_depend_on_how_the_content_came() {
        let content: Vec<u8> = (0..20_000_u32).map(|number| number as u8).collect();
        for size in [1, 7, 4_096, 5_000, 20_000] {
            let mut stamper = Stamper::default();
            content.chunks(size).for_each(|piece| stamper.add(piece));
            assert_eq!(stamper.stamp(), Stamp::of(&content), "{size}");
        }
        assert_ne!(Stamp::of(&content), Stamp::of(&content[1..]));
    }

    #[test]
    fn what_was_not_read_to_its_end_has_no_stamp() {
        let mut reader = Stamped::new(&b"abc"[..]);
        let mut buffer = [0; 3];
        reader.read_exact(&mut buffer).unwrap();
        assert_eq!(reader.stamp(), None);
        assert_eq!(reader.read(&mut buffer).unwrap(), 0);
        assert_eq!(reader.stamp(), Some(Stamp::of(b"abc")));
    }

    #[test]
    fn only_a_file_that_was_seen_can_be_stale() {
        let known = KnownFiles::default();
        let path = Path::new("a.txt");
        assert!(known.check(path, Stamp::of(b"new")).is_ok());
        known.remember(path, Stamp::of(b"old"));
        let error = known.check(path, Stamp::of(b"new")).unwrap_err();
        assert!(matches!(error, ToolError::Stale { .. }), "{error}");
        known.forget(path);
        assert!(known.check(path, Stamp::of(b"new")).is_ok());
    }

    #[test]
    fn what_is_handed_out_once_is_known_where_it_is_handed_in() {
        let known = KnownFiles::default();
        known.remember(Path::new("a"), Stamp::of(b"one"));
        known.remember(Path::new("b"), Stamp::of(b"two"));
        known.forget(Path::new("b"));
        let news = known.news();
        let stamp = Some(Stamp::of(b"one").to_string());
        assert_eq!(news, [("a".to_owned(), stamp), ("b".to_owned(), None)]);
        known.remember(Path::new("a"), Stamp::of(b"one"));
        assert_eq!(known.news(), []);
        let later = KnownFiles::default();
        for (path, stamp) in &news {
            later.remember_again(path, stamp.as_deref().unwrap_or("no stamp"));
        }
        assert_eq!(later.news(), []);
        assert!(later.check(Path::new("a"), Stamp::of(b"one")).is_ok());
        assert!(later.check(Path::new("a"), Stamp::of(b"two")).is_err());
        assert!(later.check(Path::new("b"), Stamp::of(b"")).is_err());
    }
}
