//! A Markdown table as rows. Its columns stand beneath one another where each has room for its longest
//! word; where they have not, every row becomes lines of `head: cell`, because cells that are torn apart
//! cannot be read.

use pulldown_cmark::Alignment;
use ratatui_core::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::looks::{FAINT, STRONG};
use super::wrap::{Break, Lead, wrap};

/// Between two cells, and between two pieces of the line beneath the head.
const GAP: &str = " │ ";
const CROSSING: &str = "─┼─";

/// A table as it has come so far. Its first row is the head.
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Vec<Span<'static>>>>,
}

/// A cell in the rows that it takes.
type Cell = Vec<Line<'static>>;

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self {
            alignments,
            rows: Vec::new(),
        }
    }

    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn end_cell(&mut self, text: Vec<Span<'static>>) {
        if let Some(row) = self.rows.last_mut() {
            row.push(text);
        }
    }

    /// Its rows, none wider than `columns`.
    pub(super) fn lines(&self, columns: usize) -> Vec<Line<'static>> {
        match self.widths(columns) {
            Some(widths) => self.beside(&widths),
            None => self.beneath(columns),
        }
    }

    /// How wide each column is; nothing if one would have less room than its longest word.
    fn widths(&self, columns: usize) -> Option<Vec<usize>> {
        let count = self.rows.iter().map(Vec::len).max()?;
        let cells = |at: usize| self.rows.iter().filter_map(move |row| row.get(at));
        let widest = |at: usize| cells(at).map(|cell| width(&wrapped(cell, usize::MAX / 2)));
        let longest = |at: usize| cells(at).map(|cell| longest_word(cell));
        let wanted: Vec<usize> = (0..count).map(|at| widest(at).max().unwrap_or(0)).collect();
        let mut widths: Vec<usize> = (0..count)
            .map(|at| longest(at).max().unwrap_or(0).max(1))
            .collect();
        let gaps = GAP.width() * count.saturating_sub(1);
        let room = columns.checked_sub(gaps + widths.iter().sum::<usize>())?;
        for _ in 0..room {
            // The one that has the smallest part of what it wants.
            let lacking = (0..count).filter(|at| widths[*at] < wanted[*at]);
            let Some(at) = lacking.max_by_key(|at| wanted[*at] * 1_000 / widths[*at]) else {
                break;
            };
            widths[at] += 1;
        }
        Some(widths)
    }

    /// The columns side by side, with a line beneath the head.
    fn beside(&self, widths: &[usize]) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<Cell> = widths
                .iter()
                .enumerate()
                .map(|(at, width)| wrapped(row.get(at).map_or(&[], Vec::as_slice), *width))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            lines.extend((0..height).map(|line| self.line(&cells, widths, line)));
            if number == 0 {
                let pieces = widths.iter().map(|width| "─".repeat(*width));
                let rule = pieces.collect::<Vec<_>>().join(CROSSING);
                lines.push(Line::from(Span::styled(rule, FAINT)));
            }
        }
        lines
    }

    /// One of the lines that a row takes.
    fn line(&self, cells: &[Cell], widths: &[usize], number: usize) -> Line<'static> {
        let mut spans = Vec::new();
        for (at, (cell, room)) in cells.iter().zip(widths).enumerate() {
            if at > 0 {
                spans.push(Span::styled(GAP, FAINT));
            }
            let text = cell.get(number).map(trimmed).unwrap_or_default();
            let spare = room.saturating_sub(spans_width(&text));
            let before = match self.alignments.get(at) {
                Some(Alignment::Right) => spare,
                Some(Alignment::Center) => spare / 2,
                _ => 0,
            };
            let after = if at + 1 < cells.len() {
                spare - before
            } else {
                0
            };
            spans.push(Span::raw(" ".repeat(before)));
            spans.extend(text);
            spans.push(Span::raw(" ".repeat(after)));
        }
        Line::from(spans)
    }

    /// Each cell in lines of its own, with the head of its column before it.
    fn beneath(&self, columns: usize) -> Vec<Line<'static>> {
        let Some((head, rows)) = self.rows.split_first() else {
            return Vec::new();
        };
        if rows.is_empty() {
            let cells = head.iter().flat_map(|cell| within(cell, "", columns));
            return cells.collect();
        }
        let mut lines = Vec::new();
        for row in rows {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            for (at, cell) in row.iter().enumerate() {
                let name: String = head.get(at).into_iter().flatten().map(text).collect();
                lines.extend(within(cell, name.trim(), columns));
            }
        }
        lines
    }
}

/// A cell with its name before it.
fn within(cell: &[Span<'static>], name: &str, columns: usize) -> Vec<Line<'static>> {
    let name = match name {
        "" => String::new(),
        name => format!("{name}: "),
    };
    let named = [&[Span::styled(name, STRONG)], cell].concat();
    wrap(&named, columns, &Lead::new("", "  ", FAINT), Break::Word)
}

fn wrapped(cell: &[Span<'static>], columns: usize) -> Cell {
    wrap(cell, columns, &Lead::default(), Break::Word)
}

fn text<'s>(span: &'s Span<'static>) -> &'s str {
    &span.content
}

/// The spans of a line without the blank that it was broken at.
fn trimmed(line: &Line<'static>) -> Vec<Span<'static>> {
    let mut spans = line.spans.clone();
    if let Some(last) = spans.last_mut() {
        last.content = last.content.trim_end().to_owned().into();
    }
    spans
}

fn spans_width(spans: &[Span<'_>]) -> usize {
    let graphemes = spans.iter().flat_map(|span| span.content.graphemes(true));
    graphemes.map(unicode_width::UnicodeWidthStr::width).sum()
}

fn width(lines: &[Line<'_>]) -> usize {
    let widths = lines.iter().map(|line| spans_width(&line.spans));
    widths.max().unwrap_or(0)
}

/// The columns of the longest piece that is not to be broken: rows end after blanks and wide characters.
fn longest_word(cell: &[Span<'_>]) -> usize {
    let (mut longest, mut word) = (0, 0);
    for grapheme in cell.iter().flat_map(|span| span.content.graphemes(true)) {
        let width = grapheme.width();
        word = if grapheme == " " { 0 } else { word + width };
        longest = longest.max(word);
        if width == 2 {
            word = 0;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use crate::chat::markdown;

    fn text(markdown: &str, columns: usize) -> String {
        let rows = markdown::rows(markdown, columns);
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        rows.join("\n")
    }

    const FILES: &str = "\
        | file | lines | what it is for |\n\
        |:-----|------:|:---:|\n\
        | a.rs | 7 | *one* |\n\
        | 日本語.rs | 1200 | the two of them |\n";

    #[test]
    fn columns_stand_beneath_one_another_also_with_wide_characters() {
        let expected = [
            "file      │ lines │ what it is for",
            "──────────┼───────┼────────────────",
            "a.rs      │     7 │       one",
            "日本語.rs │  1200 │ the two of them",
        ];
        let shown = text(FILES, 80);
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_cell_without_room_is_broken_at_words() {
        let expected = [
            "file   │ lines │ what it is",
            "       │       │    for",
            "───────┼───────┼───────────",
            "a.rs   │     7 │    one",
            "日本語 │  1200 │ the two of",
            ".rs    │       │    them",
        ];
        let shown = text(FILES, 27);
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn where_a_word_has_no_room_each_cell_has_its_line() {
        let expected = "\
            file: a.rs\n\
            lines: 7\n\
            what it is for: \n\
            \x20 one\n\
            \n\
            file: 日本語.rs\n\
            lines: 1200\n\
            what it is for: \n\
            \x20 the two of \n\
            \x20 them";
        assert_eq!(text(FILES, 16), expected);
    }

    #[test]
    fn no_row_is_wider_than_the_terminal() {
        let wide = format!(
            "> - x\n>\n{}",
            FILES
                .replace('|', "> |")
                .replace("> | ", "| ")
                .replacen("| ", "> | ", 1)
        );
        for markdown in [FILES, &wide, "| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n"] {
            for columns in 8..90 {
                let rows = markdown::rows(markdown, columns);
                for row in rows {
                    assert!(row.width() <= columns, "{columns}: {row}");
                }
            }
        }
    }
}
