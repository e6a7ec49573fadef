//! Credentials: where a key or a sign-in comes from, and when there is a newer one.
//!
//! A key is read when it is used, not when the program starts, so that a rotated key counts with the
//! next request. Every change gives it a new generation; a connection that was opened with an older
//! one is not used again.
//!
//! A ChatGPT sign-in is a chain: each refresh token works once and brings the next one. So a chain
//! has one owner. [`Logins`] keeps ours in a private file, or in the system's keyring where that is
//! asked for; whoever changes it holds its lock from reading to writing (`store`), and one place
//! spends refresh tokens (`renewal`). Another program's chain is never copied: it is borrowed
//! (`borrow`), and its owner is asked to renew it. Signing in (`sign_in`) is by browser with PKCE, or
//! by a code on another device; the issuer and what it is asked stand in `authority`, all over the
//! same way out as every request.
//!
//! Invariants:
//! - a key or token never leaves as anything but a [`alipes_base::Secret`], and the redactor learns
//!   every token; files are regular, bounded and private;
//! - however many tasks and processes find a token old at once, one refresh request is made;
//! - nothing is lost: a failed refresh keeps the old token while it works, and only the issuer's own
//!   last word ends a chain; that word is remembered;
//! - a key that this program saved goes to the origin it was saved for and nowhere else;
//! - no clock is trusted: how long a token lasts is counted from when it came;
//! - nothing waits for what a workspace wants (`routing`); it counts from the next conversation on.
//!
//! It fails by [`AuthError`], and towards the transport by a `CredentialError` whose text says what
//! to do.

mod api_key;
mod authority;
mod borrow;
mod claims;
mod credential;
mod error;
mod logins;
mod renewal;
mod routing;
mod saved_key;
mod section;
mod sign_in;
mod status;
mod store;

/// The name of the sign-in that is meant where none is named.
pub const USUAL_LOGIN: &str = "openai-codex";

pub use api_key::{ApiKey, KeySource};
pub use authority::{AuthorityError, Issuer, Refusal, UnsafeIssuer};
pub use borrow::{BorrowError, installed_codex};
pub use claims::Claims;
pub use error::{AuthError, login_command};
pub use logins::{Logins, LoginsOptions, SignedOut};
pub use renewal::Renewals;
pub use saved_key::{NoKey, SavedKey};
pub use section::AuthSection;
pub use sign_in::{BrowserSignIn, DeviceSignIn, Platform, SignInError, SignedIn, Way};
pub use status::{Owner, Status};
pub use store::{Ending, Keeping, KeyringError, Permissions, Place, StoreError};
