//! What is kept of a sign-in, where, and who may touch it when.
//!
//! One text, one owner: whoever changes it holds its lock from reading to writing, because a refresh
//! token works once (codex-protocol §10, row 20). Readers need no lock: the text is replaced in one
//! step, in a private file or in the system's keyring. What it holds that this version does not
//! know stays in it, and a newer version's text is left alone.

mod document;
mod error;
mod file_vault;
#[cfg(any(feature = "keyring", test))]
mod keyring;
mod login;
mod login_store;
mod vault;

pub(crate) use document::Document;
pub use error::{KeyringError, StoreError};
pub(crate) use file_vault::FileVault;
pub use login::Ending;
pub(crate) use login::{Borrowed, Login, OwnLogin, Workspace, local_expiry};
pub(crate) use login_store::{Locked, LoginStore};
pub use vault::{Permissions, Place};

/// Where the configuration wants sign-ins to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// In a private file.
    #[default]
    File,
    /// In the operating system's keyring.
    #[cfg(feature = "keyring")]
    Keyring,
}
