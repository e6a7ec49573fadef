//! Signing in: with a browser on this machine, or with a code on another device.
//!
//! Both ways end alike: a code is exchanged for tokens, the tokens become the new chain under its
//! name, and the chain they replace is taken back, so that no sign-in is left that nobody owns.

mod browser;
mod callback;
mod choice;
mod device;
mod page;
mod pkce;

use std::net::Ipv4Addr;

pub use browser::BrowserSignIn;
pub use choice::{Platform, Way};
pub use device::DeviceSignIn;

use alipes_base::Expired;

use crate::authority::{Authority, Grant, Refusal};
use crate::store::{Login, LoginStore, OwnLogin};
use crate::{AuthError, Claims};

/// A sign-in did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// No port is free for the browser to come back to.
    #[error(
        "no port is free for the browser to come back to (tried {}); end the other sign-in, or use `alipes login --device`",
        listed(ports)
    )]
    NoPort {
        /// The ports that were tried.
        ports: Vec<u16>,
    },
    /// The system gave no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    NoRandomness(String),
    /// The user said no, in the browser or to another program's request.
    #[error("the sign-in was cancelled")]
    Cancelled,
    /// The issuer sent the browser back with an error.
    #[error("the sign-in was refused: {0}")]
    Refused(Refusal),
    /// The account has no access to what was asked for.
    #[error(
        "this account's workspace has no access to Codex; ask its administrator, or sign in with another account"
    )]
    NoEntitlement,
    /// Nobody came back in time.
    #[error("nobody finished the sign-in: {expired}{hint}")]
    TimedOut {
        /// The limit.
        expired: Expired,
        /// What was seen meanwhile.
        hint: &'static str,
    },
    /// The issuer offers no sign-in by device code.
    #[error(
        "this issuer offers no sign-in by code; use `alipes login` on a machine with a browser"
    )]
    NoDeviceCodes,
}

fn listed(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    format!("{} of {}", ports.join(" and "), Ipv4Addr::LOCALHOST)
}

/// A sign-in that has come to its end.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who signed in.
    pub claims: Claims,
    /// A sign-in was there before, and whether it could be taken back.
    pub replaced: Option<bool>,
}

/// Turns codes into sign-ins.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: LoginStore,
    pub(crate) name: String,
    pub(crate) authority: Authority,
}

impl Desk {
    /// Exchanges the code and keeps what it gives.
    pub(crate) async fn finish(&self, grant: Grant<'_>) -> Result<SignedIn, AuthError> {
        let login = self.authority.exchange(grant).await?;
        let claims = login.claims();
        let before = self.keep(Login::Own(Box::new(login))).await?;
        let replaced = match before {
            Some(old) => Some(self.authority.revoke(&old).await.is_ok()),
            None => None,
        };
        Ok(SignedIn { claims, replaced })
    }

    /// Puts a sign-in in the place of the one before, which is returned if it was our own.
    pub(crate) async fn keep(&self, mut login: Login) -> Result<Option<OwnLogin>, AuthError> {
        let locked = self.store.lock(&self.authority.clock).await?;
        let mut document = locked.document_or_anew()?;
        let before = locked.login(&self.name).ok().flatten();
        if let Login::Own(login) = &mut login {
            login.generation = before.as_ref().map_or(0, Login::generation) + 1;
        }
        document.set(&self.name, &login);
        locked.write(&document)?;
        Ok(match before {
            Some(Login::Own(before)) => Some(*before),
            _ => None,
        })
    }
}
