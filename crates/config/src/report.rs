//! Where a read in progress puts its problems, so that one mistake does not hide the next.

use std::cell::RefCell;
use std::path::Path;

use alipes_base::Redactor;

use crate::{ConfigError, Origin, Place, Position, Problem, ProblemKind, Problems};

/// Longer texts from the file are cut in a message.
const LONGEST_SHOWN: usize = 120;

/// A run of this many letters, digits, `-` and `_`, with a digit in it, may be a key.
const SECRET_LENGTH: usize = 20;

/// The problems found so far in one file.
pub(crate) struct Report<'a> {
    path: &'a Path,
    text: &'a str,
    problems: RefCell<Vec<(Option<usize>, ProblemKind)>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(path: &'a Path, text: &'a str) -> Self {
        Self {
            path,
            text,
            problems: RefCell::default(),
        }
    }

    /// Notes a problem at a byte offset, or with the file as a whole.
    pub(crate) fn add(&self, at: Option<usize>, kind: ProblemKind) {
        self.problems.borrow_mut().push((at, kind));
    }

    /// How many problems have been found.
    pub(crate) fn len(&self) -> usize {
        self.problems.borrow().len()
    }

    /// The file that is being read.
    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// The line of a byte offset, as an origin.
    pub(crate) fn origin(&self, offset: usize) -> Origin {
        Origin::File {
            path: self.path.to_owned(),
            line: Position::of(self.text, offset).line,
        }
    }

    /// What was read if there was no problem, else the problems in the order of the file.
    pub(crate) fn conclude<T>(self, read: Option<T>) -> Result<T, ConfigError> {
        let mut found = self.problems.into_inner();
        match read {
            Some(read) if found.is_empty() => return Ok(read),
            _ => found.sort_by_key(|(at, _)| *at),
        }
        let place = |at: Option<usize>| Place {
            path: self.path.to_owned(),
            position: at.map(|offset| Position::of(self.text, offset)),
        };
        let problems = found.into_iter().map(|(at, kind)| Problem {
            place: place(at),
            kind,
        });
        Err(ConfigError::Invalid(Problems::new(problems.collect())))
    }
}

/// Text from the file, fit for a message: short, without control characters.
pub(crate) fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(LONGEST_SHOWN).map(visible).collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// The same for text that may hold a value, and so a secret.
pub(crate) fn masked(text: &str) -> String {
    mask(&Redactor::new().redact(&shown(text)))
}

/// Replaces what may be a key of a shape that the redactor does not know.
fn mask(text: &str) -> String {
    let in_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(in_key) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !in_key(c)).unwrap_or(from.len()));
        let suspicious = run.len() >= SECRET_LENGTH && run.contains(|c: char| c.is_ascii_digit());
        masked.push_str(before);
        masked.push_str(if suspicious { "…" } else { run });
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_likely_secret_is_not_shown_and_ordinary_text_is() {
        for (text, expected) in [
            ("api_key = gsk9f8e7d6c5b4a3f2e1d", "api_key = …"),
            ("api_key = sk-abcdefghijklmnop", "api_key = sk-[redacted]"),
            (
                "base_url = https://example.com/v1",
                "base_url = https://example.com/v1",
            ),
            ("stream_idle_timeout = 30s", "stream_idle_timeout = 30s"),
            ("m = claude-sonnet-4-5", "m = claude-sonnet-4-5"),
            ("a\u{1b}[31m\tb", "a [31m b"),
        ] {
            assert_eq!(masked(text), expected);
        }
        assert_eq!(
            shown(&"ä".repeat(200)),
            format!("{}…", "ä".repeat(LONGEST_SHOWN))
        );
    }
}
