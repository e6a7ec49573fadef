//! Which text of a file the model has seen last, so that what somebody else wrote since is not
//! overwritten unseen.
//!
//! Kept for one conversation. A file is known by its whole content and not by its times, which a
//! quick second write leaves as they were. What was never read is not known, and may be written: an
//! edit names the text that it replaces.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{ToolError, text};

/// Most files that are remembered; one more, and all count as never read.
const FILES: usize = 10_000;

/// Bytes that are hashed at once, however they came in.
const BLOCK: usize = 4 * 1024;

/// The files that a conversation has seen, by their path beneath the root, without links. Clones
/// share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFiles(Arc<Mutex<HashMap<PathBuf, Stamp>>>);

/// Stands for a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    hash: u64,
}

impl KnownFiles {
    /// The model has seen this content, or written it.
    pub(crate) fn remember(&self, resolved: &Path, stamp: Stamp) {
        let mut known = self.known();
        if known.len() >= FILES {
            known.clear();
        }
        known.insert(resolved.to_owned(), stamp);
    }

    /// The file is gone.
    pub(crate) fn forget(&self, resolved: &Path) {
        self.known().remove(resolved);
    }

    /// Refuses a content that is not the one the model has seen.
    pub(crate) fn check(&self, resolved: &Path, stamp: Stamp) -> Result<(), ToolError> {
        match self.known().get(resolved) {
            Some(seen) if *seen != stamp => Err(ToolError::Stale {
                path: text::path(resolved),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a file has been seen at all.
    pub(crate) fn contains(&self, resolved: &Path) -> bool {
        self.known().contains_key(resolved)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Stamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
}
