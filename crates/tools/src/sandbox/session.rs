//! A session of its own for a command that nothing confines, so that it does not have the terminal of the
//! person: it could write over a question there, or steer it.
//!
//! A library cannot run code of its own between fork and exec without unsafe code, so the program that uses
//! it runs itself again: it leaves the session it was started in and becomes the command.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::setsid;

/// The first word of such a command line.
pub(super) const WORD: &str = "lead-session";

/// What shells answer for a program that is not there, and for one that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_STARTED: u8 = 126;

/// Why the command did not become the leader of a session. It has not run then.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {program}: {reason}")]
pub struct SessionError {
    program: String,
    reason: io::Error,
}

impl SessionError {
    /// The exit code that tells it to the caller.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self.reason.kind() {
            io::ErrorKind::NotFound => ExitCode::from(NOT_FOUND),
            _ => ExitCode::from(NOT_STARTED),
        }
    }
}

/// Whether this process was started to become the leader of a session; if so, it becomes the command. To
/// be asked before anything else, while the process has one thread.
///
/// # Errors
/// [`SessionError`]; the command has not run then.
pub fn lead_session(
    words: impl IntoIterator<Item = OsString>,
) -> Option<Result<Infallible, SessionError>> {
    let mut words = words.into_iter().skip(1);
    if words.next()? != WORD {
        return None;
    }
    let program = words.next().unwrap_or_default();
    let reason = match setsid() {
        Ok(_) => Command::new(&program).args(words).exec(),
        Err(error) => error.into(),
    };
    let program = program.to_string_lossy().into_owned();
    Some(Err(SessionError { program, reason }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_command_line_becomes_nothing() {
        for line in [&["alipes"][..], &["alipes", "exec", WORD]] {
            assert!(lead_session(line.iter().map(OsString::from)).is_none());
        }
    }
}
