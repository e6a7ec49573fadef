//! Endpoint memory: what has been found out about endpoints and ways out, between sessions and
//! between processes.
//!
//! Finding out costs requests and seconds: a refused upgrade, a challenge, a limit that was met. So
//! it is done once and believed for a while. What is known lives in memory always ([`Facts`],
//! [`Breakers`](crate::breaker::Breakers), learned patience); a [`MemoryStore`] keeps it
//! for the next process. The store may fail in every way a disk can: then there is one warning, and
//! everything is found out again.

mod facts;
mod former;
mod known;
mod row;
mod snapshot;

use std::error::Error;
use std::time::SystemTime;

use futures_util::future::BoxFuture;

pub use former::FormerMemory;
pub use known::KnownFact;
pub use row::MemoryRow;
pub use snapshot::Snapshot;

pub(crate) use facts::{Fact, FactMap, Facts, Remembered};

/// Where endpoint memory is kept between processes.
pub trait MemoryStore: Send + Sync {
    /// What is stored.
    ///
    /// # Errors
    /// [`MemoryWarning`] if something is stored and cannot be used.
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>>;

    /// Adds `ours` to what is stored, drops what has ended by `now`, and gives what is stored then:
    /// with what other processes have found out meanwhile. To the others this is one step.
    ///
    /// # Errors
    /// [`MemoryWarning`] if it cannot be stored.
    fn save(
        &self,
        ours: Snapshot,
        now: SystemTime,
    ) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>>;
}

/// Endpoint memory could not be read or written. Nothing depends on it, so this is for a front to
/// print, once, and for nobody to act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryWarning {
    /// It cannot be read.
    #[error("what is known about endpoints cannot be read, and is found out again: {0}")]
    Unread(#[source] Box<dyn Error + Send + Sync>),
    /// It cannot be written.
    #[error("what was learnt about endpoints is not kept: {0}")]
    Unkept(#[source] Box<dyn Error + Send + Sync>),
}

#[cfg(test)]
mod tests;
