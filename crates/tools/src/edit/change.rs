//! What a call asks for: changes of files, in the order in which they are made.

use super::hunk::Hunk;

/// A change of one file. Paths are as the model gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A text put in another one's place.
    Replace {
        path: String,
        old: String,
        new: String,
        all: bool,
    },
    /// A file that is not there yet.
    Add { path: String, text: String },
    Delete {
        path: String,
        /// All that stands in it, where the patch says so.
        hunks: Vec<Hunk>,
    },
    /// Hunks in the order of the file, and perhaps another name for it.
    Update {
        path: String,
        moved_to: Option<String>,
        hunks: Vec<Hunk>,
    },
}

impl Change {
    /// Every path that it writes.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let (path, other) = match self {
            Self::Replace { path, .. } | Self::Add { path, .. } | Self::Delete { path, .. } => {
                (path, None)
            }
            Self::Update { path, moved_to, .. } => (path, moved_to.as_ref()),
        };
        std::iter::once(path).chain(other).map(String::as_str)
    }
}

/// A patch that cannot be read: in which line, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotAPatch {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: String,
}

/// The lines of a patch, one at a time.
pub(super) struct Reader<'p> {
    lines: Vec<&'p str>,
    next: usize,
}

impl<'p> Reader<'p> {
    pub(super) fn new(patch: &'p str) -> Self {
        Self {
            lines: patch.lines().collect(),
            next: 0,
        }
    }

    /// The next line, which stays.
    pub(super) fn peek(&self) -> Option<&'p str> {
        self.lines.get(self.next).copied()
    }

    /// The line so far behind the next one.
    pub(super) fn ahead(&self, by: usize) -> Option<&'p str> {
        self.lines.get(self.next + by).copied()
    }

    /// The next line, if it begins so: what follows.
    pub(super) fn after(&mut self, beginning: &str) -> Option<&'p str> {
        let rest = self.peek()?.strip_prefix(beginning)?;
        self.next += 1;
        Some(rest)
    }

    /// Why the line that was read last is no good.
    pub(super) fn bad(&self, problem: impl Into<String>) -> NotAPatch {
        NotAPatch {
            line: self.next.max(1),
            problem: problem.into(),
        }
    }
}

impl<'p> Iterator for Reader<'p> {
    type Item = &'p str;

    fn next(&mut self) -> Option<&'p str> {
        let line = self.peek()?;
        self.next += 1;
        Some(line)
    }
}
