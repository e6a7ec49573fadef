//! How a store can fail: what is wrong, with which file, and what to do.

use std::path::PathBuf;
use std::time::Duration;

/// Something could not be stored or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Other processes kept the store to themselves for too long.
    #[error("the store {} is busy: another alipes has held it for {} s; try again", path.display(), waited.as_secs())]
    Busy {
        /// The database.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// There is no room for more.
    #[error("the store {} cannot grow: the disk or its quota is full; make room, or delete conversations with `alipes store prune`", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// It may be read, and not written.
    #[error("the store {} cannot be written: its folder or file system is read-only; set ALIPES_HOME to another folder, or keep nothing with `alipes exec --ephemeral`", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// Its content is damaged.
    #[error("the store {} is damaged ({what}); save what can be saved with `alipes store repair`", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A newer version of this program made it.
    #[error("the store {} was made by a newer alipes (schema {found}, this one knows {known}); use that one", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// A newer version of this program wrote into it what this one does not understand.
    #[error("the store {} holds an entry of a newer alipes (number {number}, kind {kind:?}); use that one for this conversation", path.display())]
    NewerEntry {
        /// The database.
        path: PathBuf,
        /// The entry's number.
        number: u64,
        /// Its kind.
        kind: String,
    },
    /// An older version of this program has it open, so its tables cannot be brought up to date.
    #[error("the store {} is of an older alipes, and one is running: end that one first", path.display())]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// Another program made it.
    #[error("{} is not a store of alipes; move it away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A backup of it was not made.
    #[error("the copy {} cannot be written: {what}", path.display())]
    NoCopy {
        /// The file that was to hold it.
        path: PathBuf,
        /// What is wrong with that.
        what: String,
    },
    /// It cannot be opened, read or written, for a reason of the system's.
    #[error("the store {} cannot be used: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// There is no store yet.
    #[error("there are no conversations yet: {} does not exist", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// A process is at the conversation.
    #[error("the conversation {id} is open in another alipes; end it there first")]
    Leased {
        /// The conversation.
        id: String,
    },
    /// Another process has taken the conversation over.
    #[error(
        "the conversation {id} was taken over by another alipes while this one was not heard of; go on there"
    )]
    LeaseLost {
        /// The conversation.
        id: String,
    },
    /// The last conversation is meant, and there is none at all.
    #[error("there are no conversations yet")]
    NoneYet,
    /// There is no such conversation.
    #[error("there is no conversation {name:?}; see `alipes sessions list`")]
    Unknown {
        /// What it was called.
        name: String,
    },
    /// More than one conversation is meant.
    #[error("{count} conversations begin with {name:?}; give more of the id")]
    Ambiguous {
        /// What they were called.
        name: String,
        /// How many.
        count: u64,
    },
    /// There is no such call on record.
    #[error("there is no call {name:?} on record; see `alipes calls`")]
    UnknownCall {
        /// What it was called.
        name: String,
    },
    /// More than one call is meant.
    #[error("more than one call begins with {name:?}; give more of the id")]
    AmbiguousCall {
        /// What they were called.
        name: String,
    },
    /// A conversation of this id exists.
    #[error("there is a conversation {id} already")]
    Exists {
        /// The conversation.
        id: String,
    },
    /// The thread that writes has ended.
    #[error("the store has been closed")]
    Closed,
}
