//! The sign-in of the Codex CLI, borrowed.
//!
//! Its refresh token works once, so two programs that both use it sign each other out. Therefore the
//! chain stays where it is and has the owner it has: its file is read and never written, its refresh
//! token is not even looked at, and when the access token has ended the installed `codex` is asked
//! to renew it (`codex app-server`, codex-protocol §7.2).

mod app_server;
mod codex_file;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use alipes_base::{Clock, Environment, Redactor};
use alipes_transport::Token;

use crate::credential::account_headers;
use crate::store::{Borrowed, LoginStore};
use crate::{AuthError, Claims};
pub use app_server::find as installed_codex;
pub(crate) use codex_file::CodexFile;

/// How long before its end an access token is not used any more, in seconds.
const MARGIN: u64 = 60;

/// Another program's sign-in cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BorrowError {
    /// It keeps none in a file.
    #[error(
        "the Codex CLI keeps no sign-in in {} ({problem}); run `codex login`, or sign in here with `alipes login`",
        path.display()
    )]
    NoFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What is there instead.
        problem: String,
    },
    /// It is signed in otherwise.
    #[error(
        "the Codex CLI is not signed in to ChatGPT but by {0:?}; sign in here with `alipes login`"
    )]
    OtherMode(String),
    /// There is nobody to renew it.
    #[error(
        "the sign-in borrowed from the Codex CLI has ended, and `codex` is not in PATH to renew it; sign in here with `alipes login`"
    )]
    NoCodex,
    /// The Codex CLI was asked to renew it, and did not.
    #[error(
        "the Codex CLI did not renew its sign-in ({0}); run `codex login`, or sign in here with `alipes login`"
    )]
    NotRenewed(String),
}

impl Borrowed {
    /// Whose it is, as far as its file tells.
    pub(crate) fn claims(&self) -> Claims {
        let file = CodexFile::read(&self.home).ok();
        file.as_ref().map(CodexFile::claims).unwrap_or_default()
    }
}

/// Reads the borrowed sign-in at use.
pub(crate) struct BorrowedLogin {
    environment: Environment,
    clock: Clock,
    redactor: Redactor,
    /// Its lock keeps several of us from asking the Codex CLI at once.
    lock: LoginStore,
    version: &'static str,
    gate: tokio::sync::Mutex<()>,
    last: Mutex<Option<Token>>,
}

impl BorrowedLogin {
    pub(crate) fn new(
        environment: Environment,
        clock: Clock,
        redactor: Redactor,
        lock: LoginStore,
        version: &'static str,
    ) -> Self {
        Self {
            environment,
            clock,
            redactor,
            lock,
            version,
            gate: tokio::sync::Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// The token to use now.
    pub(crate) async fn token(&self, borrowed: &Borrowed) -> Result<(Claims, Token), AuthError> {
        let file = CodexFile::read(&borrowed.home)?;
        if self.works(&file) {
            return Ok(self.number(file));
        }
        let ended = file.access_token.clone();
        self.after(borrowed, |file| {
            file.access_token != ended || self.works(file)
        })
        .await
    }

    /// A token newer than the refused one.
    pub(crate) async fn newer(
        &self,
        borrowed: &Borrowed,
        refused: u64,
    ) -> Result<(Claims, Token), AuthError> {
        self.after(borrowed, |file| {
            self.number(file.clone()).1.generation > refused
        })
        .await
    }

    /// The sign-in as soon as it is `better`: at once, if somebody has renewed it meanwhile, or
    /// after the Codex CLI has been asked to.
    async fn after(
        &self,
        borrowed: &Borrowed,
        better: impl Fn(&CodexFile) -> bool,
    ) -> Result<(Claims, Token), AuthError> {
        let _in_turn = self.gate.lock().await;
        let _locked = self.lock.lock(&self.clock).await?;
        let file = CodexFile::read(&borrowed.home)?;
        if better(&file) {
            return Ok(self.number(file));
        }
        let asked =
            app_server::renew(&self.environment, &borrowed.home, &self.clock, self.version).await;
        // The file has the last word: the Codex CLI renews its tokens first, and may then fail at
        // something else (seen with 0.169, which could not ask for its workspace).
        let file = CodexFile::read(&borrowed.home)?;
        if better(&file) {
            return Ok(self.number(file));
        }
        asked?;
        Err(BorrowError::NotRenewed("its access token is the same".to_owned()).into())
    }

    fn works(&self, file: &CodexFile) -> bool {
        let now = self.clock.unix_ms() / 1_000;
        now.saturating_add(MARGIN) < file.expires_at
    }

    /// The token of this file: of the same generation as long as it is the same.
    fn number(&self, file: CodexFile) -> (Claims, Token) {
        self.redactor.learn(&file.access_token);
        let claims = file.claims();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = match last.as_ref() {
            Some(token) if token.secret == file.access_token => token.generation,
            Some(token) => token.generation + 1,
            None => 1,
        };
        let token = Token {
            secret: file.access_token,
            generation,
            headers: account_headers(&claims),
        };
        *last = Some(token.clone());
        (claims, token)
    }
}
