//! How a call fails, in words for the model that made it; and how a root fails to open, in words for
//! the person who named it.
//!
//! Each message says what happened, where, and what to do instead. Paths and names in it have been
//! made harmless and short already.

use std::io;
use std::path::Path;

use alipes_base::Expired;

use crate::text;

/// Why a tool did not do what was asked. No file has been changed, except that a write which
/// [timed out](Self::TimedOut) may have been completed all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The input does not fit the tool's schema.
    #[error("{tool}: {problem}")]
    BadInput {
        /// The tool that was called.
        tool: &'static str,
        /// Which field, and what was expected.
        problem: String,
    },
    /// The path, or a link on it, leads out of the root.
    #[error("{path} leads outside the working folder; only paths inside it can be used")]
    Outside {
        /// The path as it was given.
        path: String,
    },
    /// There is nothing of that name.
    #[error("{path} does not exist; `list_files` shows what does")]
    NotFound {
        /// The path as it was given.
        path: String,
    },
    /// A directory, FIFO, device or socket where a file was expected.
    #[error("{path} is {kind}, not a regular file")]
    NotAFile {
        /// The path as it was given.
        path: String,
        /// What it is, with its article: "a directory".
        kind: &'static str,
    },
    /// Something else where a directory was expected.
    #[error("{path} is not a directory, or a part of it is not")]
    NotADirectory {
        /// The path as it was given.
        path: String,
    },
    /// Writing would go through a symbolic link.
    #[error("{path} is a symbolic link and was left alone; write to the file it points to")]
    Link {
        /// The path as it was given.
        path: String,
    },
    /// The path is one of the program's own, or lies in one.
    #[error("{path} holds alipes' own settings and keys; tools do not touch it")]
    Protected {
        /// The path as it was given.
        path: String,
    },
    /// The path is where credentials usually lie, or lies there.
    #[error("{path} is where credentials usually lie; tools do not touch it, go on without it")]
    Credentials {
        /// The path as it was given.
        path: String,
    },
    /// A rule hides the path, or what it leads to.
    #[error("a rule forbids {path}; go on without it")]
    Hidden {
        /// The path as it was given.
        path: String,
    },
    /// Writing would change what git itself reads and runs.
    #[error(
        "{path} is part of git's own files and was left alone, for the next git command would run \
         what stands there; confined commands leave it alone, too: it is the user's to change"
    )]
    Git {
        /// The path as it was given.
        path: String,
    },
    /// The file to replace may not be written.
    #[error("{path} is read-only and was left alone")]
    ReadOnly {
        /// The path as it was given.
        path: String,
    },
    /// Somebody else has changed the file since the model saw it.
    #[error(
        "{path} has changed since you read it, and was left alone; read it again, then change it"
    )]
    Stale {
        /// The path beneath the root.
        path: String,
    },
    /// Somebody was asked about the call, and the file is no longer what they were shown.
    #[error(
        "{path} has changed since the user was asked, and was left alone; read it again, then change it"
    )]
    NotAsShown {
        /// The path as it was given.
        path: String,
    },
    /// The text to replace does not stand in the file, or in several places.
    #[error("{path}: {problem}; nothing was changed")]
    NoPlace {
        /// The path as it was given.
        path: String,
        /// What was looked for, what is there instead, and what to do.
        problem: String,
    },
    /// Writing several files failed in the middle, and what was written could not all be taken back.
    #[error(
        "{reason}; {paths} had been changed already and could not be changed back: read what is there"
    )]
    HalfDone {
        /// The files that are changed.
        paths: String,
        /// What failed.
        reason: String,
    },
    /// The file is not text.
    #[error("{path} is not UTF-8 text ({size} bytes); use `shell` to look into it")]
    Binary {
        /// The path as it was given.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// More than the tool takes at once.
    #[error("{what} is larger than the {limit} bytes that are taken at once")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The bound in bytes.
        limit: usize,
    },
    /// No more processes in the background.
    #[error("{most} processes run in the background already; end one with `process` and kill")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// A limit of time ended the call.
    #[error("not finished: {expired}; {advice}")]
    TimedOut {
        /// Which limit.
        expired: Expired,
        /// What to do about it.
        advice: &'static str,
    },
    /// The operating system refused. The model gets the message alone, so the system's answer is in
    /// it, and not a source beside it that a report would tell a second time.
    #[error("cannot {action} {path}: {reason}")]
    Io {
        /// What was being done: "read".
        action: &'static str,
        /// To what.
        path: String,
        /// What the system said.
        reason: io::Error,
    },
    /// The work stopped without a result: it panicked, or the program is ending.
    #[error("the tool stopped without a result; this is a fault of the tool, not of the call")]
    Stopped,
}

impl ToolError {
    /// The error that an operating system's answer about `path` amounts to.
    pub(crate) fn from_io(action: &'static str, path: &Path, reason: io::Error) -> Self {
        let shown = text::path(path);
        match reason.kind() {
            _ if is_escape(&reason) => Self::Outside { path: shown },
            io::ErrorKind::NotFound => Self::NotFound { path: shown },
            io::ErrorKind::NotADirectory => Self::NotADirectory { path: shown },
            io::ErrorKind::IsADirectory => Self::NotAFile {
                path: shown,
                kind: "a directory",
            },
            _ => Self::Io {
                action,
                path: shown,
                reason,
            },
        }
    }
}

/// Why a [`Root`](crate::Root) could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// There is nothing of that name.
    #[error("the folder {path} does not exist")]
    NotFound {
        /// The path as it was given.
        path: String,
    },
    /// There is something else of that name.
    #[error("{path} is not a folder")]
    NotADirectory {
        /// The path as it was given.
        path: String,
    },
    /// The operating system refused.
    #[error("cannot open the folder {path}")]
    Io {
        /// The path as it was given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl RootError {
    /// The error that an operating system's answer about the folder amounts to.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = text::path(path);
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::NotADirectory => Self::NotADirectory { path },
            _ => Self::Io { path, source },
        }
    }
}

/// Whether `cap-std` refused to leave the directory. It has no type for that, but it makes this
/// error itself: one that is "permission denied" without an error number of the system.
pub(crate) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_the_system_is_not_taken_for_an_escape() {
        assert!(!is_escape(&io::Error::from_raw_os_error(13)));
        assert!(is_escape(&io::Error::new(
            io::ErrorKind::PermissionDenied,
            "outside"
        )));
    }

    #[test]
    fn what_the_system_said_is_told_once() {
        use std::error::Error as _;
        let denied = || io::Error::from_raw_os_error(13);
        let for_model = ToolError::from_io("read", Path::new("a"), denied());
        assert_eq!(
            for_model.to_string(),
            format!("cannot read a: {}", denied())
        );
        assert!(for_model.source().is_none());
        let for_person = RootError::from_io(Path::new("/a"), denied());
        assert_eq!(for_person.to_string(), "cannot open the folder /a");
        assert!(for_person.source().is_some());
    }

    #[test]
    fn a_path_in_a_message_cannot_disguise_itself() {
        let error = ToolError::from_io(
            "read",
            Path::new("a\n\u{202e}b"),
            io::Error::from(io::ErrorKind::NotFound),
        );
        assert_eq!(
            error.to_string(),
            "a\\n\\u{202e}b does not exist; `list_files` shows what does"
        );
    }
}
