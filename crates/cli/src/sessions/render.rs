//! A conversation as Markdown.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use alipes_store::{Entry, Recorded, Summary, ToolOutcome, Undone};
use alipes_wire::{Item, ItemView};

use crate::chat::images;
use crate::style::counted;

/// How much of a tool's output is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The first lines, and how many follow.
    Short,
    Whole,
}

/// Lines of an output, and characters of a line, in short.
const LINES: usize = 6;
const COLUMNS: usize = 160;

pub(super) fn markdown(summary: &Summary, entries: &[Recorded], detail: Detail) -> String {
    let begun = SystemTime::UNIX_EPOCH + Duration::from_millis(summary.begun_ms);
    let mut text = format!(
        "# {}\n\n{}, begun {} in {} with {}\n",
        summary.title,
        summary.id,
        httpdate::fmt_http_date(begun),
        summary.folder,
        summary.model,
    );
    for recorded in entries {
        if let Some(part) = part(&recorded.entry, detail) {
            let _ = write!(text, "\n{part}\n");
        }
    }
    text
}

/// What an entry says to people, if anything.
fn part(entry: &Entry, detail: Detail) -> Option<String> {
    match entry {
        Entry::User(item) | Entry::Said(item) => Some(format!("## You\n\n{}", said(item)?)),
        Entry::Model(item) => response(item),
        Entry::ToolResult { item, outcome, .. } => output(item, *outcome, detail),
        Entry::Compaction { .. } => Some("*(what came before was summarised)*".to_owned()),
        Entry::Undone(Undone::Compaction) => Some("*(the summary was taken back)*".to_owned()),
        Entry::Undone(Undone::Turn) => Some("*(the last turn was taken back)*".to_owned()),
        Entry::Left => Some("*(interrupted)*".to_owned()),
        Entry::Ended {
            failure: Some(failure),
        } => Some(format!("*(no answer: {failure})*")),
        _ => None,
    }
}

fn response(item: &Item) -> Option<String> {
    match item.view() {
        ItemView::Message { .. } => Some(format!("## alipes\n\n{}", said(item)?)),
        ItemView::FunctionCall {
            name, arguments, ..
        } => Some(format!("**{name}** {}", code(&arguments))),
        _ => None,
    }
}

/// A call's output; how the call ended, where it did not end well.
fn output(item: &Item, outcome: ToolOutcome, detail: Detail) -> Option<String> {
    let ItemView::FunctionCallOutput { output, .. } = item.view() else {
        return None;
    };
    let how = match outcome {
        ToolOutcome::Done => String::new(),
        outcome => format!("*({})*\n\n", outcome.as_str()),
    };
    let (block, shown) = (block(&output, detail), shown(item, ""));
    Some(format!("{how}{block}{shown}"))
}

fn said(item: &Item) -> Option<String> {
    match item.view() {
        ItemView::Message { text, refusal, .. } => {
            let shown = shown(item, &text);
            Some(format!("{}{shown}", refusal.unwrap_or(text)))
        }
        _ => None,
    }
}

/// A line for each image, with the name that the text gives it where that is certain.
fn shown(item: &Item, text: &str) -> String {
    let pictures = item.pictures();
    let names = match pictures.is_empty() {
        true => Vec::new(),
        false => images::names(text),
    };
    let is_certain = names.len() == pictures.len();
    let lines = pictures.iter().enumerate().map(|(at, picture)| {
        let name = names.get(at).filter(|_| is_certain);
        let name = name.map_or(String::new(), |name| format!("{name}, "));
        format!("\n\n*(image: {name}{picture})*")
    });
    lines.collect()
}

/// Text between more backticks than it holds in a row (CommonMark 0.31, code spans).
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{space}{}{space}{ticks}", text.replace('\n', " "))
}

fn block(text: &str, detail: Detail) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let text = match detail {
        Detail::Whole => text.to_owned(),
        Detail::Short => shortened(text),
    };
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

fn shortened(text: &str) -> String {
    let mut lines: Vec<String> = text
        .lines()
        .take(LINES)
        .map(|line| match line.char_indices().nth(COLUMNS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.to_owned(),
        })
        .collect();
    let more = text.lines().count().saturating_sub(LINES);
    if more > 0 {
        lines.push(format!("… {} more", counted(more as u64, "line")));
    }
    lines.join("\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_said_cannot_break_out_of_its_block() {
        let nasty = "a\n```\n# not a heading\n````\n";
        let block = block(nasty, Detail::Whole);
        assert!(
            block.starts_with("`````text\n") && block.ends_with("\n`````"),
            "{block}"
        );
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`x`"), "`` `x` ``");
    }

    #[test]
    fn a_word_said_into_a_turn_is_shown_as_the_users() {
        let word = Entry::Said(Item::user("be brief"));
        let shown = part(&word, Detail::Short);
        assert_eq!(shown.as_deref(), Some("## You\n\nbe brief"));
    }

    #[test]
    fn a_call_that_did_not_end_well_says_so_and_its_words_do_not() {
        let told = |outcome| {
            let entry = Entry::ran("c1", "error: 0 of 9 tests failed", outcome);
            part(&entry, Detail::Short).unwrap()
        };
        let output = "```text\nerror: 0 of 9 tests failed\n```";
        assert_eq!(told(ToolOutcome::Done), output);
        assert_eq!(told(ToolOutcome::Failed), format!("*(failed)*\n\n{output}"));
    }

    #[test]
    fn an_image_is_told_by_name_type_and_size_and_never_printed() {
        let png = format!("data:image/png;base64,{}", "A".repeat(4_000));
        let told = |text: &str, images: &[String]| {
            let prompt = Entry::User(Item::user_showing(text, images));
            part(&prompt, Detail::Whole).unwrap()
        };
        let one = told("what is on @shots/pic.png?", std::slice::from_ref(&png));
        let expected =
            "## You\n\nwhat is on @shots/pic.png?\n\n*(image: pic.png, image/png, 3 kB)*";
        assert_eq!(one, expected);
        // One of the two could not be read: which, nobody knows any more.
        let two = told("a.png or b.png?", &[png]);
        assert!(two.ends_with("\n\n*(image: image/png, 3 kB)*"), "{two}");
    }

    #[test]
    fn in_short_the_rest_is_counted() {
        let long = "line\n".repeat(20);
        assert!(block(&long, Detail::Short).contains("… 14 lines more"));
        assert!(!block(&long, Detail::Whole).contains(" more"));
    }
}
