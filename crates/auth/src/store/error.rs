//! How the sign-ins can be out of reach.

use std::io;
use std::path::PathBuf;

use alipes_base::Expired;

use super::Place;

/// The sign-ins cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer version of this program wrote them.
    #[error(
        "{place} was written by a newer alipes (its version is {found}, this one knows {known}); use that one{}",
        or_away(place)
    )]
    Newer {
        /// Where they are.
        place: Place,
        /// Their version.
        found: u64,
        /// The newest version known here.
        known: u64,
    },
    /// They are not what we write: cut off, or edited.
    #[error("{place} is damaged ({problem}); sign in again with `alipes login`")]
    Damaged {
        /// Where they are.
        place: Place,
        /// What is wrong; never the content.
        problem: String,
    },
    /// There is a sign-in that a later version of this program made.
    #[error(
        "{place} holds a sign-in of a kind that this alipes does not know ({kind:?}): a later one made it"
    )]
    UnknownKind {
        /// Where it is.
        place: Place,
        /// What it says it is.
        kind: String,
    },
    /// The system refuses a file.
    #[error("{} cannot be {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `written`, `locked`, `deleted` or `moved aside`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The keyring cannot be used.
    #[error("the sign-ins cannot be {doing} in this system's keyring: {problem}")]
    Keyring {
        /// `read`, `written` or `deleted`.
        doing: &'static str,
        /// Why.
        problem: KeyringError,
    },
    /// Somebody else has been at it for too long.
    #[error("another alipes holds {}: {expired}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The limit.
        expired: Expired,
    },
    /// They are kept elsewhere than the configuration says now, and could not be moved.
    #[error(
        "sign-ins are left in {from}, and are not used: {problem}; delete {} if nobody needs them",
        mark.display()
    )]
    LeftBehind {
        /// Where they are.
        from: Place,
        /// What says so.
        mark: PathBuf,
        /// Why they stay there.
        problem: String,
    },
}

/// The system's keyring cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is none.
    #[error(
        "there is none in this session ({0}); start one, such as gnome-keyring or KWallet, or keep sign-ins in a file: `store = \"file\"` under `[auth]`"
    )]
    Absent(String),
    /// It is locked.
    #[error("it is locked, and nobody unlocked it ({0}); unlock it, and try again")]
    Locked(String),
    /// It does not answer.
    #[error("no answer within {0} s; it may be asking to be unlocked, on this machine's screen")]
    Silent(u64),
    /// It says no, or fails.
    #[error("{0}")]
    Refused(String),
    /// This program cannot.
    #[error("this alipes was built without its feature `keyring`")]
    NotBuilt,
}

fn or_away(place: &Place) -> &'static str {
    match place {
        Place::File(_) => ", or move the file away",
        Place::Keyring => "",
    }
}
