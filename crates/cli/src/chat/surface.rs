//! The chat's part of the terminal: a few rows at the end of what the terminal shows, redrawn in place,
//! while everything above them is the terminal's own and scrolls away as any output does.
//!
//! Nothing is ever asked of the terminal: it moves relative to where it left the cursor. So an answer
//! that comes late, as over SSH, cannot be taken for a key, and a resize needs none. What a terminal
//! does with rows that became too wide is reckoned ([`Surface::resize`]).

use std::io::{self, Write};

use ratatui_core::buffer::Buffer;
use ratatui_core::text::Line;

use super::paint::{self, Painter};

/// Rows at the end, and where in them the cursor stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) rows: Vec<Line<'static>>,
    /// Row and column.
    pub(super) cursor: (u16, u16),
}

/// Where frames are drawn.
pub(super) struct Surface<W> {
    out: W,
    painter: Painter,
    /// Columns and rows.
    size: (u16, u16),
    /// Whether this terminal wraps anew what is wider than it has become.
    reflows: bool,
    drawn: Vec<Buffer>,
    cursor: (u16, u16),
    gone: Gone,
}

/// Rows of ours that a terminal which got lower has pushed out above its screen, while nothing was said
/// since: what is drawn begins in the screen's first row. A terminal that gets higher may bring them back, right
/// above what is drawn; one that does not has nothing there, so going up for them ends at the screen's top.
#[derive(Debug, Default)]
struct Gone {
    /// How wide each is, from the top.
    widths: Vec<u16>,
    /// The last is the beginning of a row that was parted: the terminal may join it with what is drawn now.
    is_parted: bool,
}

/// DEC private mode 2026: a terminal that knows it shows all of a frame at once, others ignore it.
const BEGIN: &str = "\x1b[?2026h\x1b[?25l\r";
const END: &str = "\x1b[?25h\x1b[?2026l";
const TO_LINE_END: &str = "\x1b[K";
const TO_SCREEN_END: &str = "\x1b[J";

/// Erases this row and all below, and comes back (DECSC, DECRC). Never from the screen's very top on: tmux takes
/// that for erasing the screen, and keeps what stood there in its scrollback (3.3a, observed).
const TO_SCREEN_END_FROM_HERE: &str = "\x1b7\x1b[K\x1b[1B\x1b[J\x1b8";

impl<W: Write> Surface<W> {
    pub(super) fn new(out: W, painter: Painter, size: (u16, u16), reflows: bool) -> Self {
        Self {
            out,
            painter,
            size: at_least_one(size),
            reflows,
            drawn: Vec::new(),
            cursor: (0, 0),
            gone: Gone::default(),
        }
    }

    /// Writes `lines` above, for good, and draws `frame` below.
    pub(super) fn draw(&mut self, lines: &[Line<'_>], frame: &Frame) -> io::Result<()> {
        let (columns, most) = self.size;
        let rows = frame.rows.iter().take(usize::from(most));
        let next: Vec<Buffer> = rows.map(|line| paint::cells(line, columns)).collect();
        let mut text = String::from(BEGIN);
        text.push_str(&up(self.cursor.0));
        if !lines.is_empty() {
            for line in lines {
                self.write(&mut text, &paint::cells(line, columns));
                text.push_str("\r\n");
            }
            text.push_str(TO_SCREEN_END);
            self.drawn.clear();
            self.gone = Gone::default();
        }
        let last = self.redraw(&mut text, &next);
        let row = frame.cursor.0.min(last);
        text.push('\r');
        text.push_str(&up(last - row));
        let column = frame.cursor.1.min(columns - 1);
        if column > 0 {
            text.push_str(&format!("\x1b[{column}C"));
        }
        text.push_str(END);
        self.drawn = next;
        self.cursor = (row, column);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Draws the rows that have changed, from the first on; gives the one where the cursor is left.
    fn redraw(&self, text: &mut String, next: &[Buffer]) -> u16 {
        let last = next.len().saturating_sub(1);
        for (at, row) in next.iter().enumerate() {
            if self.drawn.get(at) != Some(row) {
                text.push('\r');
                self.write(text, row);
            }
            if at < last {
                text.push_str("\r\n");
            }
        }
        if self.drawn.len() > next.len() {
            // There are rows below: this does not scroll.
            match next.is_empty() {
                true => text.push_str(TO_SCREEN_END),
                false => text.push_str(&format!("\r\n{TO_SCREEN_END}\x1b[1A")),
            }
        }
        u16::try_from(last).unwrap_or(u16::MAX)
    }

    /// Writes a row from its first column on. It is erased first: of a row that is erased from further on
    /// tmux keeps the rest as blanks, and wraps them when the terminal becomes narrower (3.3a, observed).
    fn write(&self, text: &mut String, row: &Buffer) {
        text.push_str(TO_LINE_END);
        text.push_str(&self.painter.row(row));
    }

    /// The terminal has another size. What is drawn is taken back, to be drawn anew.
    pub(super) fn resize(&mut self, size: (u16, u16)) -> io::Result<()> {
        let size = at_least_one(size);
        if size == self.size {
            return Ok(());
        }
        let mut above = self.rows_above_cursor(size.0);
        let out_of_sight = above.saturating_sub(size.1 - 1);
        if size.0 > self.size.0 || size.1 > self.size.1 {
            above = above.saturating_add(self.gone_rows(size.0));
            // Of what has not come back nobody knows how much it is.
            self.gone = Gone::default();
        }
        self.push_out(out_of_sight, size.0);
        self.size = size;
        self.take_back(above)
    }

    /// Notes that so many rows of a terminal that is now so wide, the first of what is drawn, have left its
    /// screen.
    fn push_out(&mut self, rows: u16, columns: u16) {
        let mut left = rows;
        for row in &self.drawn[..usize::from(self.cursor.0).min(self.drawn.len())] {
            if left == 0 {
                return;
            }
            let width = paint::width(row);
            let rows = self.rows_of(width, columns);
            self.gone.is_parted = rows > left;
            let gone = if rows > left {
                left.saturating_mul(columns)
            } else {
                width
            };
            self.gone.widths.push(gone);
            left = left.saturating_sub(rows);
        }
    }

    /// How many rows of such a terminal lie above what is drawn and were ours; rather less than too many.
    fn gone_rows(&self, columns: u16) -> u16 {
        let rows = self.gone.widths.iter();
        let rows: u16 = rows.map(|width| self.rows_of(*width, columns)).sum();
        let first = self.drawn.first().map_or(0, paint::width);
        match (self.gone.is_parted, self.gone.widths.last()) {
            (true, Some(parted)) => {
                let apart = self.rows_of(*parted, columns) + self.rows_of(first, columns);
                rows + self.rows_of(parted.saturating_add(first), columns) - apart
            }
            _ => rows,
        }
    }

    /// How many rows a row of this width takes.
    fn rows_of(&self, width: u16, columns: u16) -> u16 {
        match self.reflows {
            true => width.div_ceil(columns).max(1),
            false => 1,
        }
    }

    /// How many rows lie between the top of what is drawn and the cursor, now that the terminal is so
    /// wide: each row that is wider has become several.
    fn rows_above_cursor(&self, columns: u16) -> u16 {
        let (row, column) = self.cursor;
        if !self.reflows {
            return row;
        }
        let above = self.drawn.iter().take(usize::from(row));
        let above = above.map(|row| self.rows_of(paint::width(row), columns));
        above.sum::<u16>() + column / columns
    }

    /// Takes back what is drawn: the cursor stands where it began.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.gone = Gone::default();
        self.take_back(self.cursor.0)
    }

    fn take_back(&mut self, above: u16) -> io::Result<()> {
        self.drawn.clear();
        self.cursor = (0, 0);
        write!(self.out, "\r{}{TO_SCREEN_END_FROM_HERE}", up(above))?;
        self.out.flush()
    }

    /// Somebody else has written: the next frame is drawn from here on.
    pub(super) fn forget(&mut self) {
        self.drawn.clear();
        self.cursor = (0, 0);
        self.gone = Gone::default();
    }

    /// Empties the screen: what was said goes up into the scrollback, as far as the terminal's own
    /// scrolling takes it. A terminal told to erase the screen would lose it, or keep our rows with it.
    pub(super) fn wipe(&mut self) -> io::Result<()> {
        let (above, drawn) = (up(self.cursor.0), self.drawn.len());
        // Row by row: tmux takes erasing from the screen's very top on for erasing the screen.
        let erased = format!("{TO_LINE_END}\n").repeat(drawn);
        // From wherever the rows began: as many rows scroll as there are above them.
        let more = usize::from(self.size.1 - 1).saturating_sub(drawn);
        let down = "\n".repeat(more);
        self.forget();
        write!(self.out, "\r{above}{erased}{down}\x1b[H")?;
        self.out.flush()
    }

    #[cfg(test)]
    fn written(&self) -> &W {
        &self.out
    }
}

fn at_least_one((columns, rows): (u16, u16)) -> (u16, u16) {
    (columns.max(1), rows.max(1))
}

fn up(rows: u16) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\x1b[{rows}A"),
    }
}

#[cfg(test)]
mod tests;
