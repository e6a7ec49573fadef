//! What a request proves itself with, by trait: this room must not know where keys come from.
//!
//! Every token has a generation. A 401 for generation 3 asks for something newer than 3; whoever
//! refreshed meanwhile has already done it, and a connection opened with an older one is not reused.

use alipes_base::{Expired, Secret};
use futures_util::future::BoxFuture;

use crate::{Cause, Fault, Phase, Replay};

/// A bearer token of one generation.
#[derive(Clone, Debug)]
pub struct Token {
    /// What goes behind `Bearer`.
    pub secret: Secret,
    /// Grows with every refresh.
    pub generation: u64,
    /// Further headers that belong to the account, such as `chatgpt-account-id`.
    pub headers: Vec<(String, String)>,
}

/// The credential could not be had; the text says what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    /// What is wrong and what the user can do; never a secret.
    pub message: String,
    /// Why: there is none, or it cannot be had just now, which is waited for.
    pub cause: Cause,
    /// The limit that ended the question for it, where one did.
    pub limit: Option<Expired>,
}

impl CredentialError {
    /// There is none, and none will come by itself.
    #[must_use]
    pub fn missing(message: String) -> Self {
        Self {
            message,
            cause: Cause::NoCredential,
            limit: None,
        }
    }

    /// The fault of an attempt that ended here: nothing was sent.
    pub(crate) fn fault(self) -> Fault {
        let mut fault = Fault::new(Phase::Credential, self.cause);
        fault.replay = Replay::Free;
        fault.limit = self.limit;
        fault.message = Some(self.message);
        fault
    }
}

/// A source of tokens.
pub trait Credential: Send + Sync {
    /// Whose it is, so that what is learnt about an account stays with it: an account's id, or where
    /// the key comes from. Never the key.
    fn identity(&self) -> String {
        String::new()
    }

    /// Where its user has put it, for a person who has to replace it ("the variable WORK_KEY"); nothing
    /// where nobody has.
    fn place(&self) -> Option<String> {
        None
    }

    /// The token to use now, read at use so that a rotated key counts at once; `None` if the
    /// endpoint needs none.
    ///
    /// # Errors
    /// [`CredentialError`] if there should be one and there is not.
    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>>;

    /// Whether a newer token may be there when it is asked for. Where there cannot be one, nobody says
    /// that he asks.
    fn is_renewable(&self) -> bool {
        true
    }

    /// A token newer than `generation`, which the endpoint has refused; `None` if there is none.
    ///
    /// # Errors
    /// [`CredentialError`] if the refresh failed.
    fn refresh(&self, generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>>;
}

/// For endpoints that ask for nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoCredential;

impl Credential for NoCredential {
    fn is_renewable(&self) -> bool {
        false
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn refresh(&self, _generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
