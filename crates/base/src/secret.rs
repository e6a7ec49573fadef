//! Text that must not be shown.
//!
//! It has no `Display`, a `Debug` that says nothing, and no serde: reaching the text takes a call
//! that is easy to find in a review. It is wiped from memory when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A key, token or password.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: for the wire, never for people or logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Equal texts, compared in a time that depends on their length only.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_bytes(), other.0.as_bytes());
        left.len() == right.len()
            && left
                .iter()
                .zip(right)
                .fold(0u8, |sum, (a, b)| sum | (a ^ b))
                == 0
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("sk-canary-1234".to_owned());
        assert!(!format!("{secret:?}").contains("canary"));
        assert_eq!(secret, Secret::new("sk-canary-1234".to_owned()));
        assert_ne!(secret, Secret::new("sk-canary-1235".to_owned()));
    }
}
