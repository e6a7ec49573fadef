//! Where each character of a text stands on the screen.

use ratatui_core::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{Editor, is_sign};
use crate::chat::looks::{PLACE, PLAIN};
use crate::chat::wrap::cut;
use crate::style::counted;

/// A text in rows.
pub(in crate::chat) struct Layout {
    pub(in crate::chat) rows: Vec<Line<'static>>,
    /// Row and column of the cursor.
    pub(in crate::chat) cursor: (usize, usize),
    /// The byte, the row and the column of each character, and of the end.
    places: Vec<(usize, usize, usize)>,
}

impl Layout {
    /// The text of `editor` in rows of so many columns. Every column counts here, so rows end in the
    /// last one.
    pub(in crate::chat) fn of(editor: &Editor, columns: usize) -> Self {
        let columns = columns.max(2);
        let mut layout = Self {
            rows: vec![Line::default()],
            cursor: (0, 0),
            places: Vec::new(),
        };
        let (mut row, mut column) = (0, 0);
        for (at, grapheme) in editor.text.grapheme_indices(true) {
            let sign = grapheme.chars().next().filter(|c| is_sign(*c));
            let (shown, style) = match sign.and_then(|sign| editor.pasted(sign)) {
                Some(paste) => (cut(&label(paste), columns), PLACE),
                None if grapheme == "\n" => (String::new(), PLAIN),
                None if grapheme == "\t" => ("    ".to_owned(), PLAIN),
                None => (grapheme.to_owned(), PLAIN),
            };
            let width = shown.width();
            if column + width > columns || column == columns {
                (row, column) = (row + 1, 0);
                layout.rows.push(Line::default());
            }
            layout.places.push((at, row, column));
            layout.rows[row].push_span(Span::styled(shown, style));
            column += width;
            if grapheme == "\n" {
                (row, column) = (row + 1, 0);
                layout.rows.push(Line::default());
            }
        }
        if column == columns {
            (row, column) = (row + 1, 0);
            layout.rows.push(Line::default());
        }
        layout.places.push((editor.text.len(), row, column));
        let place = layout.places.iter().find(|(at, ..)| *at == editor.at);
        layout.cursor = place.map_or((row, column), |(_, row, column)| (*row, *column));
        layout
    }

    /// The byte in the row above or below what stands at `at`, in about the same column.
    pub(super) fn beside(&self, at: usize, is_up: bool) -> Option<usize> {
        let (_, row, column) = *self.places.iter().find(|(byte, ..)| *byte == at)?;
        let row = match is_up {
            true => row.checked_sub(1)?,
            false => row + 1,
        };
        let in_row = self.places.iter().filter(|(_, other, _)| *other == row);
        let left = in_row.clone().rev().find(|(.., other)| *other <= column);
        left.or(in_row.clone().next()).map(|(byte, ..)| *byte)
    }
}

/// `[pasted 1.0 MB, 12000 lines]`
fn label(paste: &str) -> String {
    let lines = counted(paste.lines().count() as u64, "line");
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let kilobytes = paste.len() as f64 / 1_000.0;
    match kilobytes {
        k if k < 1_000.0 => format!("[pasted {k:.1} kB, {lines}]"),
        k => format!("[pasted {:.1} MB, {lines}]", k / 1_000.0),
    }
}
