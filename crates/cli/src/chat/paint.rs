//! The one place where text becomes what a terminal reads: everything that the chat shows goes through
//! [`Painter::row`], which lets nothing through that could steer the terminal, whoever wrote it.

use std::fmt::Write as _;

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier};
use ratatui_core::text::Line;
use unicode_width::UnicodeWidthStr as _;

use crate::style::harmless;

/// Turns rows into text with steering for looks alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Painter {
    /// Whether colours are wanted (no-color.org); weight and slant are none.
    pub(super) colour: bool,
}

/// One row of cells.
pub(super) fn cells(line: &Line<'_>, columns: u16) -> Buffer {
    let mut row = Buffer::empty(Rect::new(0, 0, columns, 1));
    // Graphemes are put into cells as they are: what could steer the terminal is taken out before.
    let spans = line.spans.iter().cloned().map(|mut span| {
        span.content = harmless(&span.content).replace(['\n', '\t'], " ").into();
        span
    });
    let safe = Line::from(spans.collect::<Vec<_>>()).style(line.style);
    row.set_line(0, 0, &safe, columns);
    row
}

/// How many columns of a row are not empty.
pub(super) fn width(row: &Buffer) -> u16 {
    let is_empty = |cell: &Cell| cell.symbol() == " " && cell.modifier.is_empty();
    let mut end = 0;
    let mut at = 0;
    for (column, cell) in (0..).zip(row.content()) {
        if column < at {
            continue;
        }
        at = column + columns_of(cell);
        if !is_empty(cell) {
            end = at;
        }
    }
    end
}

fn columns_of(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

impl Painter {
    /// A row as a terminal takes it, without its end.
    pub(super) fn row(self, row: &Buffer) -> String {
        let mut text = String::new();
        let mut looks = String::new();
        let mut next = 0;
        let end = width(row);
        for (column, cell) in (0..end).zip(row.content()) {
            // What lies beneath a wide character is not written.
            if column < next {
                continue;
            }
            next = column + columns_of(cell);
            let wanted = self.looks(cell);
            if wanted != looks {
                let _ = write!(text, "\x1b[0{wanted}m");
                looks = wanted;
            }
            text.push_str(&harmless(cell.symbol()));
        }
        if !looks.is_empty() {
            text.push_str("\x1b[0m");
        }
        text
    }

    /// The numbers that a cell's looks add to a reset (ECMA-48, SGR).
    fn looks(self, cell: &Cell) -> String {
        let mut looks = String::new();
        let modifiers = [
            (Modifier::BOLD, ";1"),
            (Modifier::DIM, ";2"),
            (Modifier::ITALIC, ";3"),
            (Modifier::UNDERLINED, ";4"),
            (Modifier::REVERSED, ";7"),
            (Modifier::CROSSED_OUT, ";9"),
        ];
        for (modifier, number) in modifiers {
            if cell.modifier.contains(modifier) {
                looks.push_str(number);
            }
        }
        if self.colour {
            looks.push_str(number(cell.fg));
        }
        looks
    }
}

/// The colours that the chat uses: of the eight that every terminal's user has chosen for himself.
fn number(colour: Color) -> &'static str {
    match colour {
        Color::Red => ";31",
        Color::Green => ";32",
        Color::Yellow => ";33",
        Color::Blue => ";34",
        Color::Magenta => ";35",
        Color::Cyan => ";36",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui_core::style::Style;
    use ratatui_core::text::Span;

    fn painted(line: Line<'_>, colour: bool) -> String {
        Painter { colour }.row(&cells(&line, 20))
    }

    #[test]
    fn nothing_that_steers_a_terminal_reaches_it() {
        let nasty = "a\x1b]52;c;eA==\x07b\u{9b}2Jc\u{202e}d\r\ne";
        assert_eq!(
            painted(Line::from(Span::raw(nasty)), true),
            "a]52;c;eA==b2Jcd e"
        );
    }

    #[test]
    fn colour_is_left_out_where_nobody_wants_it_and_weight_is_not() {
        let style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        let line = || Line::from(vec![Span::raw("a "), Span::styled("b", style)]);
        assert_eq!(painted(line(), true), "a \x1b[0;1;31mb\x1b[0m");
        assert_eq!(painted(line(), false), "a \x1b[0;1mb\x1b[0m");
    }

    #[test]
    fn wide_characters_take_two_columns_and_none_is_cut_in_half() {
        let row = cells(&Line::raw("日本語"), 5);
        assert_eq!(width(&row), 4);
        assert_eq!(Painter { colour: true }.row(&row), "日本");
    }
}
