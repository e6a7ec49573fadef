//! On a terminal: text streams, and a restart replaces it while it still fits the screen.

use std::io::{self, Write as _};

use alipes_agent::TurnEvent;
use unicode_width::UnicodeWidthChar as _;

use super::screen::Output;
use super::talk::Talk;
use crate::style::harmless;

/// What a terminal is taken for when it does not tell its size.
const ASSUMED: (usize, usize) = (80, 24);

/// How wide a tab is drawn: the terminal's own stops would spoil the count of rows.
const TAB: &str = "    ";

/// A terminal's screen.
#[derive(Default)]
pub(super) struct Terminal {
    /// The text of the response under way, as it was shown.
    shown: String,
    /// A fault whose line waits until the text it broke has been replaced.
    held: Vec<TurnEvent>,
}

impl Terminal {
    fn show(&mut self, delta: &str, talk: &mut Talk) -> io::Result<()> {
        talk.clear();
        let text = harmless(delta).replace('\t', TAB);
        self.shown.push_str(&text);
        write!(io::stdout(), "{text}")?;
        io::stdout().flush()
    }

    /// Takes the text of the broken response off the screen, or draws a line under it.
    fn replace(&mut self) -> io::Result<()> {
        let shown = std::mem::take(&mut self.shown);
        if shown.is_empty() {
            return Ok(());
        }
        let (columns, lines) = size();
        let rows = rows(&shown, columns);
        if rows < lines {
            let up = rows - 1;
            let climb = if up > 0 {
                format!("\x1b[{up}A")
            } else {
                String::new()
            };
            write!(io::stdout(), "{climb}\r\x1b[J")?;
        } else {
            writeln!(io::stdout(), "\n— restarted —")?;
        }
        io::stdout().flush()
    }
}

impl Output for Terminal {
    fn is_open(&self) -> bool {
        !self.shown.is_empty()
    }

    fn event(&mut self, event: TurnEvent, talk: &mut Talk) -> io::Result<()> {
        match event {
            TurnEvent::TextDelta { delta, .. } => self.show(&delta, talk),
            TurnEvent::Message { text, .. } => {
                // Some servers send no deltas at all.
                if self.shown.is_empty() {
                    self.show(&text, talk)?;
                }
                self.end(talk)
            }
            TurnEvent::Restarted { .. } => {
                self.replace()?;
                self.end(talk)
            }
            other if self.shown.is_empty() => {
                talk.event(&other);
                Ok(())
            }
            other => {
                self.held.push(other);
                Ok(())
            }
        }
    }

    fn end(&mut self, talk: &mut Talk) -> io::Result<()> {
        if !std::mem::take(&mut self.shown).is_empty() {
            writeln!(io::stdout())?;
        }
        for held in self.held.drain(..) {
            talk.event(&held);
        }
        Ok(())
    }
}

/// Columns and lines.
fn size() -> (usize, usize) {
    terminal_size::terminal_size().map_or(ASSUMED, |(width, height)| {
        (usize::from(width.0).max(1), usize::from(height.0).max(1))
    })
}

/// How wide the screen is.
pub(super) fn columns() -> usize {
    size().0
}

/// How many rows `text` takes on a screen of `columns`, wrapped as terminals do: a wide character
/// that does not fit at the edge begins the next row.
fn rows(text: &str, columns: usize) -> usize {
    let mut rows = 1;
    let mut column = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if c == '\n' {
            (rows, column) = (rows + 1, 0);
        } else if column + width > columns {
            (rows, column) = (rows + 1, width);
        } else {
            column += width;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_wrapped_and_wide_lines() {
        let table = [
            ("", 1),
            ("abc", 1),
            ("0123456789", 1),
            ("0123456789a", 2),
            ("a\nb", 2),
            ("a\n", 2),
            ("日本語日本語", 2),
            ("a日本語日本", 2),
        ];
        for (text, expected) in table {
            assert_eq!(rows(text, 10), expected, "{text:?}");
        }
    }
}
