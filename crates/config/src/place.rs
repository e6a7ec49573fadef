//! Where in which file something stands, as people count: from line 1, column 1.

use std::fmt;
use std::path::PathBuf;

/// What some editors put before the first character; nobody sees it, so no column counts it.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file, and a position in it if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The position; `None` for what is missing from the whole file.
    pub position: Option<Position>,
}

/// A line and a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of a byte offset; the end of the text if the offset lies behind it.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before[line_start..].trim_start_matches(BYTE_ORDER_MARK);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: in_line.chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.position {
            Some(Position { line, column }) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_skip_a_byte_order_mark() {
        let text = "\u{feff}ab\r\nüß = 1\n";
        let at = |needle: &str| {
            let position = Position::of(text, text.find(needle).unwrap());
            (position.line, position.column)
        };
        assert_eq!(at("ab"), (1, 1));
        assert_eq!(at("b"), (1, 2));
        assert_eq!(at("üß"), (2, 1));
        assert_eq!(at("="), (2, 4));
        assert_eq!(
            Position::of(text, usize::MAX),
            Position { line: 3, column: 1 }
        );
    }
}
