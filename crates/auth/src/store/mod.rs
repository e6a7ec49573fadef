//! What is kept of a sign-in, where, and who may touch it when.
//!
//! One file, one owner: whoever changes it holds its lock from reading to writing, because a refresh
//! token works once (codex-protocol §10, row 20). Readers need no lock: the file is replaced in one
//! step. It keeps whatever it does not know, and a newer version's file is left alone.

mod document;
mod error;
mod file;
mod login;
mod vault;

pub(crate) use document::Document;
pub use error::StoreError;
pub(crate) use file::{Locked, LoginFile};
pub use login::Ending;
pub(crate) use login::{Borrowed, Login, OwnLogin, Workspace, local_expiry};
pub use vault::Permissions;
pub(crate) use vault::{FileVault, Vault};
