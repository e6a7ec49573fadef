//! What a person wants to know of a sign-in.

use std::path::PathBuf;
use std::time::Duration;

use crate::borrow::CodexFile;
use crate::store::{Ending, Login};
use crate::{BorrowError, Claims};

/// A sign-in, for people.
#[derive(Debug)]
pub struct Status {
    /// Who it is.
    pub claims: Claims,
    /// Whose chain of tokens it is.
    pub owner: Owner,
    /// How long the access token still works; zero if it does not.
    pub works_for: Duration,
    /// How long ago it came; `None` if another program keeps that.
    pub age: Option<Duration>,
    /// Why there will be no newer one, if that is known.
    pub ended: Option<Ending>,
    /// Another origin that the workspace asked for.
    pub origin: Option<String>,
}

/// Whose chain of tokens it is.
#[derive(Debug)]
pub enum Owner {
    /// Ours.
    Alipes,
    /// The Codex CLI's.
    Codex {
        /// Its folder.
        home: PathBuf,
        /// Why it cannot be used, if it cannot.
        problem: Option<BorrowError>,
    },
}

impl Status {
    pub(crate) fn of(login: &Login, now: u64) -> Self {
        let left = |until: u64| Duration::from_secs(until.saturating_sub(now));
        match login {
            Login::Own(login) => Self {
                claims: login.claims(),
                owner: Owner::Alipes,
                works_for: left(login.expires_at),
                age: Some(Duration::from_secs(now.saturating_sub(login.received_at))),
                ended: login.ended.clone(),
                origin: login
                    .workspace
                    .as_ref()
                    .and_then(|known| known.origin.clone()),
            },
            Login::Borrowed(borrowed) => {
                let (file, problem) = match CodexFile::read(&borrowed.home) {
                    Ok(file) => (Some(file), None),
                    Err(problem) => (None, Some(problem)),
                };
                Self {
                    claims: file.as_ref().map(CodexFile::claims).unwrap_or_default(),
                    age: None,
                    works_for: file.map_or(Duration::ZERO, |file| left(file.expires_at)),
                    owner: Owner::Codex {
                        home: borrowed.home.clone(),
                        problem,
                    },
                    ended: None,
                    origin: None,
                }
            }
        }
    }
}
