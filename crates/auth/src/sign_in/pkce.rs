//! The two secrets of one sign-in: what proves that the answer is for us (`state`), and what proves
//! that the code was asked for by us (PKCE with S256, RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::SignInError;

/// The secrets of one sign-in.
pub(super) struct Pkce {
    pub(super) state: String,
    pub(super) verifier: String,
}

impl Pkce {
    /// New ones, from the operating system's randomness.
    pub(super) fn new() -> Result<Self, SignInError> {
        Ok(Self {
            state: random::<32>()?,
            verifier: random::<64>()?,
        })
    }

    /// What the issuer is shown of the verifier.
    pub(super) fn challenge(&self) -> String {
        challenge(&self.verifier)
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn random<const LENGTH: usize>() -> Result<String, SignInError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| SignInError::NoRandomness(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_sign_ins_share_a_secret() {
        let (one, two) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_eq!((one.state.len(), one.verifier.len()), (43, 86));
        assert!(one.state != two.state && one.verifier != two.verifier);
    }
}
