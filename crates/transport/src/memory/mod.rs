//! Endpoint memory: what has been found out about endpoints and ways out, between sessions and
//! between processes.
//!
//! Finding out costs requests and seconds: a refused upgrade, a challenge, a limit that was met. So
//! it is done once and believed for a while. What is known lives in memory always ([`Facts`],
//! [`Breakers`](crate::breaker::Breakers), learned patience); a [`MemoryStore`] keeps it
//! for the next process. The store may fail in every way a disk can: then there is one warning, and
//! everything is found out again.

mod facts;
mod file;
mod snapshot;

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

pub use file::MemoryFile;
pub use snapshot::Snapshot;

pub(crate) use facts::{Fact, FactMap, Facts, Remembered};

/// Where endpoint memory is kept between processes.
pub trait MemoryStore: Send + Sync {
    /// What is stored.
    ///
    /// # Errors
    /// [`MemoryWarning`] if something is stored and cannot be used.
    fn load(&self) -> Result<Snapshot, MemoryWarning>;

    /// Adds `ours` to what is stored, drops what has ended by `now`, and gives what is stored then:
    /// with what other processes have found out meanwhile.
    ///
    /// # Errors
    /// [`MemoryWarning`] if it cannot be stored.
    fn save(&self, ours: Snapshot, now: SystemTime) -> Result<Snapshot, MemoryWarning>;
}

/// Endpoint memory could not be read or written. Nothing depends on it, so this is for a front to
/// print, once, and for nobody to act on.
#[derive(Debug)]
pub struct MemoryWarning {
    pub(crate) path: PathBuf,
    pub(crate) problem: MemoryProblem,
}

/// What is wrong with a store.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemoryProblem {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It holds something else, or half of it.
    Corrupt,
    /// A newer version of this program wrote it.
    Newer {
        /// The version of its form.
        version: u64,
    },
    /// It cannot be written.
    Unwritable(std::io::Error),
    /// Another process has kept it locked for too long.
    Busy,
}

impl MemoryWarning {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &MemoryProblem {
        &self.problem
    }
}

impl fmt::Display for MemoryWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            MemoryProblem::Unreadable(error) => {
                write!(
                    f,
                    "what is known about endpoints cannot be read from {path}: {error}; it is found out again"
                )
            }
            MemoryProblem::Corrupt => {
                write!(
                    f,
                    "{path} is damaged; what it knew about endpoints is found out again"
                )
            }
            MemoryProblem::Newer { version } => write!(
                f,
                "{path} was written by a newer alipes (form {version}); what it knew about endpoints is found out again"
            ),
            MemoryProblem::Unwritable(error) => {
                write!(
                    f,
                    "what was learnt about endpoints cannot be kept in {path}: {error}"
                )
            }
            MemoryProblem::Busy => {
                write!(
                    f,
                    "what was learnt about endpoints is not kept: another process holds {path}"
                )
            }
        }
    }
}

impl std::error::Error for MemoryWarning {}

#[cfg(test)]
mod tests;
