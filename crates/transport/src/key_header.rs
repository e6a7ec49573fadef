//! The header in which an endpoint wants its key.
//!
//! Most take a bearer token (RFC 6750); Anthropic's API and Azure's have headers of their own.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Token;

/// Where a key goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`
    #[default]
    Bearer,
    /// `x-api-key: …` (Anthropic API reference, "Authentication").
    XApiKey,
    /// `api-key: …` (Azure OpenAI API reference, "Authentication").
    ApiKey,
}

/// A key with a line break or the like: it would only be refused, or worse, split the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key holds characters that no header can carry")]
pub struct UnusableKey;

impl KeyHeader {
    /// Writes the token and the headers that belong to its account.
    pub(crate) fn write(self, headers: &mut HeaderMap, token: &Token) -> Result<(), UnusableKey> {
        let key = token.secret.expose();
        let (name, mut value) = match self {
            Self::Bearer => (AUTHORIZATION, header_value(&format!("Bearer {key}"))?),
            Self::XApiKey => (HeaderName::from_static("x-api-key"), header_value(key)?),
            Self::ApiKey => (HeaderName::from_static("api-key"), header_value(key)?),
        };
        value.set_sensitive(true);
        headers.insert(name, value);
        for (name, value) in &token.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| UnusableKey)?;
            headers.insert(name, header_value(value)?);
        }
        Ok(())
    }
}

fn header_value(value: &str) -> Result<HeaderValue, UnusableKey> {
    HeaderValue::from_str(value).map_err(|_invalid| UnusableKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Secret;

    #[test]
    fn a_key_goes_into_the_header_that_is_wanted_and_no_other() {
        let token = |key: &str| Token {
            secret: Secret::new(key.to_owned()),
            generation: 1,
            headers: vec![("x-account".to_owned(), "a".to_owned())],
        };
        for (wanted, name, value) in [
            (KeyHeader::Bearer, "authorization", "Bearer sk-1"),
            (KeyHeader::XApiKey, "x-api-key", "sk-1"),
            (KeyHeader::ApiKey, "api-key", "sk-1"),
        ] {
            let mut headers = HeaderMap::new();
            wanted.write(&mut headers, &token("sk-1")).unwrap();
            assert_eq!(headers[name], value);
            assert!(headers[name].is_sensitive());
            assert_eq!(
                (headers.len(), &headers["x-account"]),
                (2, &"a".parse().unwrap())
            );
            let split = wanted.write(&mut HeaderMap::new(), &token("sk\r\nx: y"));
            assert_eq!(split, Err(UnusableKey));
        }
    }
}
