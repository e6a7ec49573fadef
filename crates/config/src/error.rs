//! How this room fails: one enum, each variant a different thing for the user to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::{Obstacle, Place, Problems};

/// Why the configuration could not be found, read, understood, changed or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The environment does not say where the program's folder is.
    #[error(
        "no folder for the configuration: {variable} is not set to an absolute path; \
         set it, or set ALIPES_HOME"
    )]
    NoHome {
        /// The variable that the platform's convention builds on.
        variable: &'static str,
    },
    /// The operating system did not let us read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// Something else has the file's name. It was not opened: a pipe would never end.
    #[error("cannot read {}: it is {found}, not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there, such as "a folder".
        found: &'static str,
    },
    /// The file is, or would become, larger than a configuration can sensibly be.
    #[error("{} is larger than {limit} bytes; is it the right file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is not UTF-8 text.
    #[error("{place}: not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The first byte that is wrong.
        place: Place,
    },
    /// The file is not TOML.
    #[error(transparent)]
    Syntax(Box<SyntaxError>),
    /// The file is TOML, and something in it is wrong.
    #[error(transparent)]
    Invalid(Problems),
    /// A key could not be set, or a table not removed; the document is unchanged.
    #[error("cannot change {key} in {}: {obstacle}", path.display())]
    Unsettable {
        /// The file.
        path: PathBuf,
        /// The dotted key.
        key: String,
        /// What is in the way.
        obstacle: Obstacle,
    },
    /// Another process changed the file after it was read; the file is as that process left it.
    #[error("{} was changed by someone else since it was read; nothing was saved, try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The operating system did not let us save; the file is as it was.
    #[error("cannot save {}: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

/// Where and why the text is not TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The first character that does not fit; without a position if the parser names none.
    pub place: Place,
    /// What the parser says, for people.
    pub message: String,
    /// The offending line, without what looks like a secret, cut if it is very long.
    pub line: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if self.line.is_empty() {
            Ok(())
        } else {
            write!(f, "\n  {}", self.line)
        }
    }
}

impl std::error::Error for SyntaxError {}
