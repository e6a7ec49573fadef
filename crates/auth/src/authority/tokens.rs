//! An answer of the token end point.

use alipes_base::Secret;
use serde_json::Value;

use super::{Authority, AuthorityError};
use crate::store::OwnLogin;

/// Longer tokens are none, in bytes.
const LONGEST: usize = 64 * 1024;

impl Authority {
    /// The tokens in an answer, each of which can travel in a header.
    pub(super) fn tokens(&self, answer: &Value) -> Result<OwnLogin, AuthorityError> {
        let access_token =
            token(answer, "access_token")?.ok_or(AuthorityError::Incomplete("access token"))?;
        let login = OwnLogin::new(
            access_token,
            token(answer, "refresh_token")?,
            token(answer, "id_token")?,
            self.now(),
            answer["expires_in"].as_u64(),
        );
        login
            .secrets()
            .for_each(|secret| self.redactor.learn(secret));
        Ok(login)
    }
}

fn token(answer: &Value, name: &'static str) -> Result<Option<Secret>, AuthorityError> {
    let Some(text) = answer[name].as_str().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let usable = text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
    match usable {
        true => Ok(Some(Secret::new(text.to_owned()))),
        false => Err(AuthorityError::Incomplete(name)),
    }
}
