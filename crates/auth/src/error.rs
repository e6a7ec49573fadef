//! Every way in which a sign-in can fail, by what failed.

use crate::USUAL_LOGIN;
use crate::authority::AuthorityError;
use crate::borrow::BorrowError;
use crate::sign_in::SignInError;
use crate::store::{Ending, StoreError};

/// A sign-in failed, or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The issuer, or the way to it.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The file of sign-ins.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What happens in the browser or on the other device.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The program whose sign-in is borrowed.
    #[error(transparent)]
    Borrow(#[from] BorrowError),
    /// Nobody has signed in under this name.
    #[error("nobody is signed in to ChatGPT here{}; run `{}`", under(.0), login_command(.0))]
    NotSignedIn(String),
    /// The issuer will not renew the sign-in any more.
    #[error("{ending}; sign in again with `{}`", login_command(name))]
    Ended {
        /// The sign-in's name.
        name: String,
        /// Its last word.
        ending: Ending,
    },
    /// The sign-in came without a way to renew it.
    #[error(
        "the sign-in has ended and came without a refresh token; sign in again with `{}`",
        login_command(.0)
    )]
    NoRefreshToken(String),
    /// Somebody signed in to another account while this one was in use.
    #[error("the sign-in on this machine now belongs to another account; begin a new conversation")]
    AnotherAccount,
    /// A renewal did not come to an end.
    #[error("renewing the sign-in was given up")]
    Interrupted,
}

fn under(name: &str) -> String {
    match name {
        USUAL_LOGIN => String::new(),
        name => format!(" as {name}"),
    }
}

/// The command that signs in under this name.
#[must_use]
pub fn login_command(name: &str) -> String {
    match name {
        USUAL_LOGIN => "alipes login".to_owned(),
        name => format!("alipes login --account {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_names_the_command_for_its_own_name() {
        for (name, command) in [
            (USUAL_LOGIN, "`alipes login`"),
            ("work", "`alipes login --account work`"),
        ] {
            let ended = AuthError::Ended {
                name: name.to_owned(),
                ending: Ending::Expired,
            };
            for error in [ended, AuthError::NoRefreshToken(name.to_owned())] {
                assert!(error.to_string().ends_with(command), "{error}");
            }
        }
    }
}
