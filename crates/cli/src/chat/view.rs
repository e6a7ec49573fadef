//! What the state looks like: the rows at the end of the terminal.

use ratatui_core::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::editor::Layout;
use super::looks::{FAINT, PLAIN, STRONG};
use super::markdown;
use super::state::{State, Working};
use super::surface::Frame;
use super::wrap::{Break, Lead, cut, wrap};
use crate::style::one_line;

/// Rows of the text that is being written, of a running command's output, and of the queue.
const TEXT_ROWS: usize = 8;
const OUTPUT_ROWS: usize = 12;
const QUEUED: usize = 3;

/// Fewer rows of a message that is coming are not worth it.
const FEWEST_ROWS: usize = 6;

/// The rows for a terminal of this size, the last of them the status line.
pub(super) fn frame(state: &State, (columns, rows): (u16, u16)) -> Frame {
    let (columns, rows) = (usize::from(columns), usize::from(rows));
    let layout = Layout::of(&state.editor, state.text_columns());
    let most = TEXT_ROWS.min(rows.saturating_sub(2).max(1));
    let (text, cursor) = window(layout, most);
    let mut below = text;
    let text_rows = below.len();
    if rows > text_rows + 1 {
        let menu = state.menu.rows(columns).into_iter();
        below.extend(menu.take(rows - text_rows - 1));
        below.push(last_line(state, columns));
    }
    // One row of what was said before stays in sight, where there is room for one.
    let room = rows.saturating_sub(below.len() + 1);
    // Of a message that is coming no more than half a screen: what a terminal that becomes smaller
    // pushes out of sight cannot be taken back.
    let half = room.min(FEWEST_ROWS.max(rows / 2));
    let mut above = over(state, columns, half, room);
    let from = above.len().saturating_sub(room);
    let above: Vec<Line<'static>> = above.drain(from..).collect();
    let row = above.len() + cursor.0;
    Frame {
        rows: above.into_iter().chain(below).collect(),
        cursor: (short(row), short(cursor.1 + 2)),
    }
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The rows around the cursor, with the sign that stands before a prompt.
fn window(layout: Layout, most: usize) -> (Vec<Line<'static>>, (usize, usize)) {
    let (row, column) = layout.cursor;
    let first = (row + 1).saturating_sub(most);
    let rows = layout.rows.into_iter().enumerate().skip(first).take(most);
    let rows = rows.map(|(at, mut line)| {
        let sign = if at == 0 { "› " } else { "  " };
        line.spans.insert(0, Span::styled(sign, STRONG));
        line
    });
    (rows.collect(), (row - first, column))
}

fn last_line(state: &State, columns: usize) -> Line<'static> {
    let text = match &state.working {
        _ if !state.is_leaving => return state.status.line(columns),
        // Ctrl-C ends that.
        Some(working) if working.can_be_ended() => "Ctrl-D again leaves",
        _ => "Ctrl-C again leaves",
    };
    Line::from(Span::styled(cut(text, columns), FAINT))
}

/// What is under way: at most half the rows of a message, and of a question what there is room for.
fn over(state: &State, columns: usize, half: usize, room: usize) -> Vec<Line<'static>> {
    let waiting = waiting(state, columns);
    let mut rows = Vec::new();
    if let Some(working) = &state.working {
        rows.extend(coming(working, columns, half));
        rows.extend(running(state, working, columns));
    }
    rows.push(Line::default());
    if let Some(open) = &state.open {
        rows.extend(open.rows(
            columns,
            state.clock.now(),
            room.saturating_sub(waiting.len()),
        ));
    } else if let Some(working) = &state.working {
        rows.push(Line::from(Span::styled(awaited(working, columns), FAINT)));
    }
    rows.extend(waiting);
    rows
}

/// What is to be said, and how much more of it there is than has room.
fn waiting(state: &State, columns: usize) -> Vec<Line<'static>> {
    let unheard = state.interjections.unheard();
    let soon = unheard.iter().map(|text| ("soon", text));
    let next = state.queue.iter().map(|text| ("next", text));
    let line = |text: &str| Line::from(Span::styled(cut(text, columns), FAINT));
    let shown = soon.chain(next).take(QUEUED);
    let mut rows: Vec<_> = shown
        .map(|(when, text)| line(&format!("{when}: {}", one_line(text, columns))))
        .collect();
    let more = (unheard.len() + state.queue.len()).saturating_sub(QUEUED);
    if more > 0 {
        rows.push(line(&format!("and {more} more")));
    }
    rows
}

/// What is waited for, in as many words as there is room for.
fn awaited(working: &Working, columns: usize) -> String {
    let (text, brief) = working.line();
    if !working.can_be_ended() {
        return cut(&format!("… {text}"), columns);
    }
    let ways = [
        format!("… {text} · Esc interrupts"),
        format!("… {brief} · Esc interrupts"),
        format!("… {brief}"),
    ];
    let fitting = ways.iter().find(|way| way.width() <= columns);
    cut(fitting.unwrap_or(&ways[2]), columns)
}

/// The end of the message that is coming, or of the thoughts before it.
fn coming(working: &Working, columns: usize, most: usize) -> Vec<Line<'static>> {
    let text = working.shown_text();
    let mut rows = match text.trim().is_empty() {
        false => markdown::rows(&text, columns),
        true => {
            let last = working
                .reasoning
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty());
            let lead = Lead::new("∴ ", "  ", FAINT);
            let thought = last.map(|last| Span::styled(last.trim().to_owned(), FAINT));
            let rows = thought.map(|thought| wrap(&[thought], columns, &lead, Break::Word));
            rows.unwrap_or_default()
        }
    };
    if !rows.is_empty() {
        rows.insert(0, Line::default());
    }
    let from = rows.len().saturating_sub(most);
    rows.split_off(from)
}

/// The tools that run, each in a line with the last that it said beneath; unfolded, with more of it.
fn running(state: &State, working: &Working, columns: usize) -> Vec<Line<'static>> {
    let most = if state.is_unfolded { OUTPUT_ROWS } else { 1 };
    let mut rows = Vec::new();
    for running in &working.running {
        let age = running.age(&state.clock);
        let spare = columns.saturating_sub(2 + age.chars().count());
        rows.push(Line::from(vec![
            Span::styled("· ", FAINT),
            Span::styled(cut(&one_line(&running.summary, columns), spare), PLAIN),
            Span::styled(age, FAINT),
        ]));
        let said = running.tail.lines().filter(|line| !line.trim().is_empty());
        let said: Vec<&str> = said.collect();
        let from = said.len().saturating_sub(most);
        rows.extend(said[from..].iter().map(|line| {
            let line = format!("  {}", one_line(line, columns));
            Line::from(Span::styled(cut(&line, columns), FAINT))
        }));
    }
    rows
}
