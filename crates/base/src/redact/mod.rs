//! Takes secrets out of text that people or files will see.
//!
//! Two nets: the exact secrets this process has read, and the shapes that credentials have anyway
//! (`Bearer …`, `sk-…`, a JWT), because a server may echo a token we never held. Both are searched for
//! in the text as it is, and in what it means where it is escaped (`spelling`).

mod spelling;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use self::spelling::layers;
use crate::Secret;

/// What stands in a redacted text's place.
const MARK: &str = "[redacted]";

/// Shorter secrets are not searched for: they would blank out ordinary words.
const SHORTEST: usize = 6;

/// Prefixes after which a run of token characters is taken for a credential. The length is that of
/// the run: "Bearer token" in a sentence must stay readable. So must `task-list`, though it holds
/// `sk-`: within a word only a run that no word looks like counts.
const SHAPES: [(&str, usize); 5] = [
    ("Bearer ", 12),
    ("Bearer+", 12),
    ("sk-", 12),
    ("rt-", 24),
    ("eyJ", 24),
];

/// A shared list of secrets and the way to blank them out.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    secrets: Vec<Secret>,
    /// What is searched for: each secret, and what is left of it where its own text looks escaped.
    sought: Vec<Secret>,
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
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.secrets.contains(secret) {
            return;
        }
        known.secrets.push(secret.clone());
        for layer in layers(secret.expose()) {
            // Forms write a space as a plus.
            for sought in [layer.text.replace(' ', "+"), layer.text.into_owned()] {
                let sought = Secret::new(sought);
                if sought.expose().len() >= SHORTEST && !known.sought.contains(&sought) {
                    known.sought.push(sought);
                }
            }
        }
    }

    /// Whether the text holds a secret that this process has read.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        layers(text).any(|layer| {
            let mut sought = known.sought.iter();
            sought.any(|secret| layer.text.contains(secret.expose()))
        })
    }

    /// The text without what must not be shown, however JSON, a URL or HTML spells it. Takes a time
    /// that grows as the text does.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut hidden = Vec::new();
        for layer in layers(text) {
            for secret in &known.sought {
                let found = layer.text.match_indices(secret.expose());
                hidden.extend(found.map(|(at, found)| layer.origin(at..at + found.len())));
            }
            for (prefix, shortest) in SHAPES {
                let tokens = tokens(&layer.text, prefix, shortest);
                hidden.extend(tokens.map(|token| layer.origin(token)));
            }
        }
        blanked(text, hidden)
    }
}

/// The text with a mark in the place of each of these parts of it.
fn blanked(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_unstable_by_key(|part| part.start);
    let mut out = String::with_capacity(text.len());
    let mut shown = 0;
    for part in hidden {
        if part.start >= shown {
            out.push_str(&text[shown..part.start]);
            out.push_str(MARK);
        }
        shown = shown.max(part.end);
    }
    out.push_str(&text[shown..]);
    out
}

/// Every run of at least `shortest` token characters that follows `prefix`.
fn tokens<'a>(
    text: &'a str,
    prefix: &'a str,
    shortest: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut done = 0;
    std::iter::from_fn(move || {
        loop {
            let found = done + text[done..].find(prefix)?;
            let start = found + prefix.len();
            let in_word = text[done..found].ends_with(|c: char| c.is_ascii_alphanumeric());
            let rest = text[start..].bytes();
            let run = rest.take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b));
            done = start + run.count();
            let token = start..done;
            if token.len() >= shortest && (!in_word || is_no_word(&text[token.clone()])) {
                return Some(token);
            }
        }
    })
}

/// Whether a run mixes digits with capitals, as random tokens do.
fn is_no_word(run: &str) -> bool {
    run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_uppercase())
}
