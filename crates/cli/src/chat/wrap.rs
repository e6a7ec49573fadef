//! Breaks text into rows, at words where it can, in the columns that a terminal counts.

use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How wide a tab is: the terminal's own stops would spoil the count of columns.
const TAB: &str = "    ";

/// What rows begin with.
#[derive(Clone, Debug, Default)]
pub(super) struct Lead {
    pub(super) first: Vec<Span<'static>>,
    pub(super) rest: Vec<Span<'static>>,
}

impl Lead {
    pub(super) fn new(first: &str, rest: &str, style: Style) -> Self {
        let span = |text: &str| vec![Span::styled(text.to_owned(), style)];
        Self {
            first: span(first),
            rest: span(rest),
        }
    }

    pub(super) fn width(spans: &[Span<'_>]) -> usize {
        spans.iter().map(|span| span.content.width()).sum()
    }
}

/// Where a row may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// After a word, where there is one.
    Word,
    /// In the last column: of code every column counts.
    Column,
}

#[derive(Clone)]
struct Piece {
    text: String,
    style: Style,
    width: usize,
}

/// The rows of `spans`, none wider than `columns`. Line ends in them end rows.
pub(super) fn wrap(
    spans: &[Span<'_>],
    columns: usize,
    lead: &Lead,
    at: Break,
) -> Vec<Line<'static>> {
    let mut rows = Vec::new();
    let mut row: Vec<Piece> = Vec::new();
    let mut width = 0;
    let room = |rows: &[Line<'_>]| {
        let lead = match rows.is_empty() {
            true => Lead::width(&lead.first),
            false => Lead::width(&lead.rest),
        };
        columns.saturating_sub(lead).max(2)
    };
    for span in spans {
        let text = span.content.replace('\t', TAB);
        for grapheme in text.graphemes(true) {
            if grapheme == "\n" || grapheme == "\r\n" {
                end_row(&mut rows, std::mem::take(&mut row), lead);
                width = 0;
                continue;
            }
            let piece = Piece {
                text: grapheme.to_owned(),
                style: span.style,
                width: grapheme.width(),
            };
            if width + piece.width > room(&rows) {
                let (full, next) = split(row, at, piece.text == " ");
                end_row(&mut rows, full, lead);
                row = next;
                width = row.iter().map(|piece| piece.width).sum();
                if at == Break::Word && row.is_empty() && piece.text == " " {
                    continue;
                }
            }
            width += piece.width;
            row.push(piece);
        }
    }
    end_row(&mut rows, row, lead);
    rows
}

/// What stays in a row that is full, and what goes on in the next.
fn split(mut row: Vec<Piece>, at: Break, at_space: bool) -> (Vec<Piece>, Vec<Piece>) {
    if at == Break::Column || at_space {
        return (row, Vec::new());
    }
    let may_end_after = |piece: &Piece| piece.text == " " || piece.width == 2;
    match row.iter().rposition(may_end_after) {
        Some(last) if last + 1 < row.len() => {
            let next = row.split_off(last + 1);
            (row, next)
        }
        _ => (row, Vec::new()),
    }
}

fn end_row(rows: &mut Vec<Line<'static>>, row: Vec<Piece>, lead: &Lead) {
    let mut spans = match rows.is_empty() {
        true => lead.first.clone(),
        false => lead.rest.clone(),
    };
    let mut open: Option<(String, Style)> = None;
    for piece in row {
        match &mut open {
            Some((text, style)) if *style == piece.style => text.push_str(&piece.text),
            _ => {
                let ended = open.replace((piece.text, piece.style));
                spans.extend(ended.map(|(text, style)| Span::styled(text, style)));
            }
        }
    }
    spans.extend(open.map(|(text, style)| Span::styled(text, style)));
    rows.push(Line::from(spans));
}

/// `text` cut to so many columns, with an ellipsis where something is missing.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut width = 0;
    for grapheme in text.graphemes(true) {
        width += grapheme.width();
        if width >= columns {
            break;
        }
        kept.push_str(grapheme);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, columns: usize, at: Break) -> Vec<String> {
        let lead = Lead::new("- ", "  ", Style::new());
        let rows = wrap(&[Span::raw(text.to_owned())], columns, &lead, at);
        rows.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_end_after_words_and_none_is_too_wide() {
        assert_eq!(
            rows("one two three", 9, Break::Word),
            ["- one two", "  three"]
        );
        assert_eq!(rows("one two", 5, Break::Word), ["- one", "  two"]);
        assert_eq!(rows("abcdefgh", 6, Break::Word), ["- abcd", "  efgh"]);
        assert_eq!(rows("a b\nc", 80, Break::Word), ["- a b", "  c"]);
    }

    #[test]
    fn code_is_broken_in_the_last_column_alone() {
        assert_eq!(rows("ab cdef", 6, Break::Column), ["- ab c", "  def"]);
    }

    #[test]
    fn wide_characters_go_to_the_next_row_whole() {
        assert_eq!(rows("日本語", 7, Break::Word), ["- 日本", "  語"]);
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
