//! What the transport remembers is about somebody: an endpoint, an account, a kind of path.
//!
//! Keys outlive the process and lie in files, so none of them holds a secret: a URL's path and query
//! and a credential's identity count by their digest alone. The name of an endpoint is no key,
//! because the same name may stand for another address tomorrow.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// An endpoint, by its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointKey(String);

/// An account, by what its credential says it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountKey(String);

/// What kind of path is called: an edge may challenge one and let the other pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathClass {
    /// The model's answers.
    Main,
    /// What a turn can do without: lists of models, usage.
    Auxiliary,
}

impl EndpointKey {
    /// The key of a base URL: its origin, and a digest of the whole.
    #[must_use]
    pub fn of(base_url: &Url) -> Self {
        let origin = base_url.origin().ascii_serialization();
        let whole = base_url.as_str().trim_end_matches('/');
        Self(format!("{origin}#{}", digest(&[whole])))
    }
}

impl AccountKey {
    /// The key of the account that a credential with this identity has with an endpoint.
    #[must_use]
    pub fn of(endpoint: &EndpointKey, identity: &str) -> Self {
        Self(digest(&[&endpoint.0, identity]))
    }
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// FNV-1a, 64 bits: the same in every process and version, which the standard hasher does not
/// promise. It only has to tell a handful of addresses apart, not to withstand anybody.
fn digest(parts: &[&str]) -> String {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> EndpointKey {
        EndpointKey::of(&Url::parse(url).unwrap())
    }

    #[test]
    fn keys_tell_addresses_apart_and_hold_none_of_their_secrets() {
        let one = key("https://h/v1/tenant-canary?key=canary");
        assert!(one.to_string().starts_with("https://h#"), "{one}");
        assert!(!one.to_string().contains("canary"), "{one}");
        assert_ne!(one, key("https://h/v1/tenant-canary?key=other"));
        assert_ne!(key("http://h:1/v1"), key("http://h:2/v1"));
        assert_eq!(key("http://h/v1"), key("http://h/v1/"));
        let account = AccountKey::of(&one, "canary");
        assert!(!format!("{account:?}").contains("canary"));
        assert_ne!(account, AccountKey::of(&key("https://h/v1"), "canary"));
    }
}
