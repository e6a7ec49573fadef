//! A text file in memory, which keeps what an edit is not about: a byte order mark, the line
//! endings, and whether the last line has one.

use std::path::Path;

use crate::lines::BINARY_BYTES;
use crate::{ToolError, text};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text, taken apart as far as edits need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    has_mark: bool,
    /// The text behind the mark.
    body: String,
}

/// A line, and what ends it: a line feed, a carriage return with one, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'d> {
    pub(super) text: &'d str,
    pub(super) end: &'d str,
}

impl Document {
    /// The content of a file, if it is text.
    pub(crate) fn of(path: &Path, content: Vec<u8>) -> Result<Self, ToolError> {
        let size = content.len() as u64;
        let binary = || ToolError::Binary {
            path: text::path(path),
            size,
        };
        if content.iter().take(BINARY_BYTES).any(|byte| *byte == 0) {
            return Err(binary());
        }
        let body = String::from_utf8(content).map_err(|_| binary())?;
        Ok(Self::of_text(body))
    }

    /// A text, perhaps with a mark.
    pub(crate) fn of_text(mut text: String) -> Self {
        let has_mark = text.starts_with(BYTE_ORDER_MARK);
        if has_mark {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        Self {
            has_mark,
            body: text,
        }
    }

    /// The same file with another text.
    pub(super) fn with_body(&self, body: String) -> Self {
        Self {
            has_mark: self.has_mark,
            body,
        }
    }

    /// The text behind the mark.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// All of the text.
    pub(crate) fn text(&self) -> String {
        let mark = if self.has_mark { BYTE_ORDER_MARK } else { "" };
        [mark, &self.body].concat()
    }

    /// The content as it is written.
    pub(super) fn content(&self) -> Vec<u8> {
        self.text().into_bytes()
    }

    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        self.body.split_inclusive('\n').map(Line::of).collect()
    }

    /// What ends most of its lines.
    pub(super) fn ending(&self) -> &'static str {
        let feeds = self.body.matches('\n').count();
        let pairs = self.body.matches("\r\n").count();
        if pairs * 2 > feeds { "\r\n" } else { "\n" }
    }

    /// A text as it would stand in this file. A model writes line feeds, whatever the file has.
    pub(super) fn in_its_endings(&self, text: &str) -> String {
        let text = without_mark(text);
        match self.ending() {
            "\n" => text.to_owned(),
            ending => text.replace("\r\n", "\n").replace('\n', ending),
        }
    }
}

impl<'d> Line<'d> {
    fn of(whole: &'d str) -> Self {
        let text = whole
            .strip_suffix("\r\n")
            .or_else(|| whole.strip_suffix('\n'))
            .unwrap_or(whole);
        Self {
            text,
            end: &whole[text.len()..],
        }
    }
}

/// A text that a model copied from the beginning of a file may have the file's mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for content in ["", "a", "a\n", "\u{feff}a\r\nb", "\n\n", "a\rb\r\n\n"] {
            let document = Document::of(Path::new("a"), content.into()).unwrap();
            assert_eq!(document.content(), content.as_bytes());
            let joined: String = document
                .lines()
                .iter()
                .map(|line| format!("{}{}", line.text, line.end))
                .collect();
            assert_eq!(joined, document.body());
        }
    }

    #[test]
    fn most_lines_decide_the_ending() {
        let ending = |text: &str| Document::of_text(text.to_owned()).ending();
        assert_eq!(ending(""), "\n");
        assert_eq!(ending("a\r\nb\r\nc\n"), "\r\n");
        assert_eq!(ending("a\r\nb\n"), "\n");
    }

    #[test]
    fn what_is_not_text_is_refused() {
        for content in [b"a\0b".to_vec(), b"caf\xe9".to_vec()] {
            assert!(Document::of(Path::new("a"), content).is_err());
        }
    }
}
