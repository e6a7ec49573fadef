//! Takes secrets out of text that people or files will see.
//!
//! Two nets: the exact secrets this process has read, and the shapes that credentials have anyway
//! (`shapes`), because a server may echo a token we never held, and a file show anybody's. Both are
//! searched for in the text as it is, and in what it means where it is escaped (`spelling`).

mod shapes;
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
        blanked(text, self.hidden(text))
    }

    /// The part around a place that is blanked out as one, where the place lies within such a part; else the
    /// place. Who cuts a text there must not cut that in two: half a secret is known no more.
    #[must_use]
    pub fn around(&self, text: &str, at: usize) -> Range<usize> {
        let hidden = self.hidden(text);
        let mut part = at..at;
        loop {
            let before = part.clone();
            for other in &hidden {
                if other.start < part.end && other.end > part.start {
                    part = part.start.min(other.start)..part.end.max(other.end);
                }
            }
            if part == before {
                return part;
            }
        }
    }

    /// What must not be shown, in no order; some of it may overlap.
    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut hidden = Vec::new();
        for layer in layers(text) {
            for secret in &known.sought {
                let found = layer.text.match_indices(secret.expose());
                hidden.extend(found.map(|(at, found)| layer.origin(at..at + found.len())));
            }
            let shaped = shapes::credentials(&layer.text).into_iter();
            hidden.extend(shaped.map(|part| layer.origin(part)));
        }
        hidden
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
