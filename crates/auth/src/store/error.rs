//! How the file of sign-ins can fail us.

use std::io;
use std::path::PathBuf;

use alipes_base::Expired;

/// The sign-ins cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer version of this program wrote it.
    #[error(
        "{} was written by a newer alipes (its version is {found}, this one knows {known}); use that one, or move the file away",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version known here.
        known: u64,
    },
    /// It is not what we write: cut off, or edited.
    #[error("{} is damaged ({problem}); sign in again with `alipes login`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never its content.
        problem: String,
    },
    /// It holds a sign-in that a later version of this program made.
    #[error(
        "{} holds a sign-in of a kind that this alipes does not know ({kind:?}): a later one made it",
        path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        kind: String,
    },
    /// The system refuses it.
    #[error("{} cannot be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `written`, `locked` or `moved aside`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has been at it for too long.
    #[error("another alipes holds {}: {expired}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The limit.
        expired: Expired,
    },
}
