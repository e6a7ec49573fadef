//! Takes secrets out of text that people or files will see.
//!
//! Two nets: the exact secrets this process has read, and the shapes that credentials have anyway
//! (`Bearer …`, `sk-…`, a JWT), because a server may echo a token we never held.

use std::sync::{Arc, RwLock};

use crate::Secret;

/// What stands in a redacted text's place.
const MARK: &str = "[redacted]";

/// Shorter secrets are not searched for: they would blank out ordinary words.
const SHORTEST: usize = 6;

/// Prefixes after which a run of token characters is taken for a credential. The length is that of
/// the run: "Bearer token" in a sentence must stay readable. So must `task-list`, though it holds
/// `sk-`: within a word only a run that no word looks like counts.
const SHAPES: [(&str, usize); 4] = [("Bearer ", 12), ("sk-", 12), ("rt-", 24), ("eyJ", 24)];

/// A shared list of secrets and the way to blank them out.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Vec<Secret>>>,
}

impl Redactor {
    /// An empty list: only the shapes are redacted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a secret; every clone of this redactor blanks it out from now on.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() < SHORTEST {
            return;
        }
        let mut secrets = self
            .secrets
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if !secrets.contains(secret) {
            secrets.push(secret.clone());
        }
    }

    /// Whether the text holds a secret that this process has read.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        self.secrets
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .iter()
            .any(|secret| text.contains(secret.expose()))
    }

    /// The text without what must not be shown.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let secrets = self
            .secrets
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), MARK)
        });
        SHAPES.iter().fold(known, |text, (prefix, shortest)| {
            blank_shape(&text, prefix, *shortest)
        })
    }
}

/// Replaces every run of at least `shortest` token characters that follows `prefix`.
fn blank_shape(text: &str, prefix: &str, shortest: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(prefix) {
        let in_word = rest[..found].ends_with(|c: char| c.is_ascii_alphanumeric());
        let (before, after) = rest.split_at(found + prefix.len());
        out.push_str(before);
        let run = after
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b))
            .count();
        let (token, tail) = after.split_at(run);
        let is_token = run >= shortest && (!in_word || is_no_word(token));
        out.push_str(if is_token { MARK } else { token });
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Whether a run mixes digits with capitals, as random tokens do.
fn is_no_word(run: &str) -> bool {
    run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_known_shapes_are_blanked() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("hunter22".to_owned()));
        let shown = redactor.redact("key hunter22, Authorization: Bearer abcdef0123456789xyz.");
        assert_eq!(shown, "key [redacted], Authorization: Bearer [redacted]");
    }

    #[test]
    fn ordinary_words_stay() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("the".to_owned()));
        let text = "the Bearer token is missing; sk-1 is too short; task-list/src/main.rs, disk-usage-2024";
        assert_eq!(redactor.redact(text), text);
    }

    #[test]
    fn a_token_that_an_escape_runs_into_is_blanked_all_the_same() {
        let shown = Redactor::new().redact(r"\nsk-proj-0A1b2C3d4E5f6G");
        assert_eq!(shown, r"\nsk-[redacted]");
    }

    #[test]
    fn only_what_was_learnt_counts_as_a_secret_of_this_process() {
        let redactor = Redactor::new();
        redactor.clone().learn(&Secret::new("hunter22".to_owned()));
        assert!(redactor.holds_secret("--password=hunter22"));
        assert!(!redactor.holds_secret("hunter2 Bearer abcdef0123456789xyz"));
    }
}
