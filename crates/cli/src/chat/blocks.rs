//! What goes into the terminal's scrollback, for good: messages, tools, remarks.

use std::time::Duration;

use alipes_agent::{Compacted, SummedUpBy, ToolOutcome};
use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};

use super::looks::{BAD, FAINT, GOOD, PLAIN, STRONG, WARNING};
use super::status::short;
use super::wrap::{Break, Lead, cut, wrap};
use super::{code, markdown};
use crate::style::{counted, one_line, seconds};

/// How many rows of a diff stand beneath its tool; the rest unfolds.
const DIFF_ROWS: usize = 16;

/// How many lines of a text that unfolds are shown.
const UNFOLDED_ROWS: usize = 400;

/// Longer lines of a tool's summary say nothing more, in characters.
const LONGEST: usize = 300;

/// A piece of the conversation.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// What somebody wrote.
    User(String),
    /// What the model said, in Markdown.
    Model(String),
    Card(Card),
    /// What unfolds from a card.
    Output(String),
    Diff(String),
    /// A remark of the program.
    Note(Tone, String),
    /// Names and what they mean.
    Table(Vec<(String, String)>),
}

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Talk,
    Warning,
    Error,
}

/// A tool call that has ended.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) outcome: ToolOutcome,
    pub(super) output: String,
    /// What it did to files, where that was told.
    pub(super) changes: Option<String>,
    pub(super) took: Duration,
}

/// That what is old was summed up.
pub(super) fn compacted(done: &Compacted) -> Block {
    let by = match (done.by, done.without) {
        (SummedUpBy::Provider, _) => "made shorter by the provider".to_owned(),
        (SummedUpBy::Model, _) => "summed up".to_owned(),
        (SummedUpBy::Digest, None) => "shortened without a model".to_owned(),
        (SummedUpBy::Digest, Some(why)) => {
            format!("shortened without a model, because {}", why.reason())
        }
    };
    let (before, after) = match (short(done.before), short(done.after)) {
        (before, after) if before == after => (done.before.to_string(), done.after.to_string()),
        shortened => shortened,
    };
    // The one was counted and the other is estimated: they may disagree about a little.
    let sizes = match done.after < done.before {
        true => format!(": {before} to {after} tokens"),
        false => String::new(),
    };
    let text = format!("what is old was {by}{sizes}; /undo brings it back");
    Block::Note(Tone::Talk, text)
}

impl Block {
    /// Its rows, none wider than `columns`.
    pub(super) fn rows(&self, columns: usize) -> Vec<Line<'static>> {
        match self {
            Self::User(text) => apart(said(text, columns)),
            Self::Model(text) => apart(markdown::rows(text, columns)),
            Self::Card(card) => card.rows(columns),
            Self::Output(text) => output(text, columns),
            Self::Diff(text) => indented(code::diff(text), columns),
            Self::Note(tone, text) => note(*tone, text, columns),
            Self::Table(rows) => table(rows, columns),
        }
    }
}

fn apart(mut rows: Vec<Line<'static>>) -> Vec<Line<'static>> {
    rows.insert(0, Line::default());
    rows
}

fn said(text: &str, columns: usize) -> Vec<Line<'static>> {
    let lead = Lead::new("› ", "  ", STRONG);
    let text = shortened(text.trim_end());
    wrap(&[Span::styled(text, STRONG)], columns, &lead, Break::Word)
}

/// A prompt as it is shown: what was pasted by the megabyte is not read here again.
fn shortened(text: &str) -> String {
    let total = text.lines().count();
    if total <= UNFOLDED_ROWS && text.len() <= 200 * UNFOLDED_ROWS {
        return text.to_owned();
    }
    let first: Vec<String> = text
        .lines()
        .take(3)
        .map(|line| cut(line, LONGEST))
        .collect();
    format!(
        "{}\n… {}, {}",
        first.join("\n"),
        counted(total as u64, "line"),
        counted(text.len() as u64, "byte")
    )
}

impl Card {
    fn rows(&self, columns: usize) -> Vec<Line<'static>> {
        let (sign, style) = match self.outcome {
            ToolOutcome::Done if self.exit_code().is_some() => ("✗ ", BAD),
            ToolOutcome::Done => ("✓ ", GOOD),
            ToolOutcome::Failed => ("✗ ", BAD),
            ToolOutcome::Denied | ToolOutcome::NotRun => ("– ", WARNING),
            ToolOutcome::Unknown => ("? ", WARNING),
        };
        let facts = self.facts();
        let spare = columns.saturating_sub(2 + facts.chars().count());
        let summary = cut(&one_line(&self.summary, LONGEST), spare.max(8));
        let head = Line::from(vec![
            Span::styled(sign, style),
            Span::raw(summary),
            Span::styled(facts, FAINT),
        ]);
        let mut rows = vec![head];
        if self.outcome == ToolOutcome::Done {
            rows.extend(self.diff(columns));
        } else {
            let reason = self.output.lines().next().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            let reason = reason.trim_start_matches("not run: ");
            let reason = Span::styled(one_line(reason, LONGEST), FAINT);
            rows.extend(wrap(&[reason], columns, &lead(), Break::Word));
        }
        rows
    }

    /// How a command has failed that ran to its end, as its output says first.
    fn exit_code(&self) -> Option<&str> {
        let is_command = self.name == "shell" && self.outcome == ToolOutcome::Done;
        let first = self.output.lines().next().filter(|_| is_command)?;
        let end = first.find([',', ';', ':', '(']).unwrap_or(first.len());
        let told = first[..end].trim();
        let is_told = told.starts_with("exit code ") || told.starts_with("killed by ");
        (is_told && told != "exit code 0").then_some(told)
    }

    /// ` · 12 lines · 0.4 s`
    fn facts(&self) -> String {
        let lines = match (self.exit_code(), self.output.lines().count()) {
            _ if self.outcome != ToolOutcome::Done => format!(" · {}", self.outcome.as_str()),
            (Some(told), _) => format!(" · {told}"),
            (None, 0 | 1) => String::new(),
            (None, lines) => format!(" · {lines} lines"),
        };
        match self.took {
            took if took < Duration::from_millis(100) => lines,
            took => format!("{lines} · {}", seconds(took)),
        }
    }

    /// What it changed, where its output tells.
    pub(super) fn changes(&self) -> Option<String> {
        if let Some(changes) = &self.changes {
            return Some(changes.clone());
        }
        if self.name != "edit" || self.outcome != ToolOutcome::Done {
            return None;
        }
        let begins = self
            .output
            .lines()
            .position(|line| line.starts_with("@@"))?;
        let lines: Vec<&str> = self.output.lines().skip(begins).collect();
        Some(lines.join("\n"))
    }

    fn diff(&self, columns: usize) -> Vec<Line<'static>> {
        let Some(changes) = self.changes() else {
            return Vec::new();
        };
        let mut rows = indented(code::diff(&changes), columns);
        let more = rows.len().saturating_sub(DIFF_ROWS);
        if more > 1 {
            rows.truncate(DIFF_ROWS);
            let more = format!("  … {more} more rows: Ctrl-O");
            rows.push(Line::from(Span::styled(more, FAINT)));
        }
        rows
    }
}

fn lead() -> Lead {
    Lead::new("  ", "  ", PLAIN)
}

/// Lines a little to the right, of which every column counts.
pub(super) fn indented(lines: Vec<Line<'static>>, columns: usize) -> Vec<Line<'static>> {
    let rows = lines.into_iter();
    rows.flat_map(|line| wrap(&line.spans, columns, &lead(), Break::Column))
        .collect()
}

fn output(text: &str, columns: usize) -> Vec<Line<'static>> {
    let lines = text.lines().take(UNFOLDED_ROWS);
    let lines = lines.map(|line| Line::from(Span::styled(line.to_owned(), FAINT)));
    let mut rows = indented(lines.collect(), columns);
    let more = text.lines().count().saturating_sub(UNFOLDED_ROWS);
    if more > 0 {
        let more = format!(
            "  … {} more: /export writes all of them",
            counted(more as u64, "line")
        );
        rows.push(Line::from(Span::styled(more, FAINT)));
    }
    rows
}

fn note(tone: Tone, text: &str, columns: usize) -> Vec<Line<'static>> {
    let (sign, style): (_, Style) = match tone {
        Tone::Talk => ("  ", FAINT),
        Tone::Warning => ("! ", WARNING),
        Tone::Error => ("✗ ", BAD),
    };
    let lead = Lead::new(sign, "  ", style);
    wrap(
        &[Span::styled(text.to_owned(), style)],
        columns,
        &lead,
        Break::Word,
    )
}

fn table(rows: &[(String, String)], columns: usize) -> Vec<Line<'static>> {
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max();
    let first = widest.unwrap_or(0).min(columns / 2) + 2;
    let rows = rows.iter().flat_map(|(name, meaning)| {
        let rest = vec![Span::raw(" ".repeat(first + 2))];
        let meaning = [Span::raw(meaning.clone())];
        let beside = format!("  {name:<first$}");
        if name.chars().count() + 2 <= first {
            let first = vec![Span::styled(beside, STRONG)];
            return wrap(&meaning, columns, &Lead { first, rest }, Break::Word);
        }
        // One that leaves no gap has rows of its own.
        let name = [Span::styled(name.clone(), STRONG)];
        let mut rows = wrap(&name, columns, &lead(), Break::Word);
        let first = rest.clone();
        rows.extend(wrap(&meaning, columns, &Lead { first, rest }, Break::Word));
        rows
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use alipes_agent::WithoutModel;

    use super::*;

    fn text(block: &Block, columns: usize) -> String {
        let rows: Vec<String> = block
            .rows(columns)
            .iter()
            .map(ToString::to_string)
            .collect();
        rows.join("\n")
    }

    fn card(name: &str, outcome: ToolOutcome, output: &str) -> Block {
        Block::Card(Card {
            name: name.to_owned(),
            summary: format!("{name} some/long/path/to/a/file.rs"),
            outcome,
            output: output.to_owned(),
            changes: None,
            took: Duration::from_millis(1_200),
        })
    }

    #[test]
    fn a_tool_is_one_line_at_any_width_and_a_failure_has_its_reason() {
        let done = card("read_file", ToolOutcome::Done, "a\nb\nc");
        let long = "✓ read_file some/long/path/to/a/file.rs · 3 lines · 1.2 s";
        assert_eq!(text(&done, 80), long);
        assert_eq!(text(&done, 40), "✓ read_file some/long… · 3 lines · 1.2 s");
        let failed = card("shell", ToolOutcome::Failed, "error: no such file\nmore");
        assert!(text(&failed, 80).ends_with("failed · 1.2 s\n  no such file"));
    }

    #[test]
    fn a_command_that_fails_says_how() {
        for (output, told) in [
            (
                "exit code 1\n",
                "✗ shell some/long/path/to/a/file.rs · exit code 1 · 1.2 s",
            ),
            (
                "killed by signal 9\nx",
                "✗ shell some/long/path/to/a/file.rs · killed by signal 9 · 1.2 s",
            ),
            (
                "exit code 0\na",
                "✓ shell some/long/path/to/a/file.rs · 2 lines · 1.2 s",
            ),
        ] {
            let shown = text(&card("shell", ToolOutcome::Done, output), 80);
            assert_eq!(shown, told);
        }
        let read = text(&card("read_file", ToolOutcome::Done, "exit code 1"), 80);
        assert!(read.starts_with("✓ "), "{read}");
    }

    #[test]
    fn a_summary_that_makes_little_smaller_says_by_how_much() {
        for (before, after, told) in [
            (12_000, 1_300, "was summed up: 12k to 1.3k tokens; /undo"),
            (1_180, 1_120, "was summed up: 1180 to 1120 tokens; /undo"),
            (1_180, 1_180, "was summed up; /undo"),
        ] {
            let done = Compacted {
                before,
                after,
                by: SummedUpBy::Model,
                without: None,
            };
            let shown = text(&compacted(&done), 80);
            assert!(shown.contains(told), "{shown}");
        }
    }

    #[test]
    fn what_was_shortened_without_a_model_says_why() {
        let done = Compacted {
            before: 12_000,
            after: 1_300,
            by: SummedUpBy::Digest,
            without: Some(WithoutModel::TooLate),
        };
        let shown = text(&compacted(&done), 200);
        let told =
            "shortened without a model, because no summary came in time: 12k to 1.3k tokens;";
        assert!(shown.contains(told), "{shown}");
    }

    #[test]
    fn an_edit_shows_what_it_changed_and_keeps_the_rest_folded() {
        let lines: String = (0..40).map(|n| format!("+line {n}\n")).collect();
        let output = format!("edited a (+40 -0)\n@@ -1 +1 @@\n{lines}");
        let shown = text(&card("edit", ToolOutcome::Done, &output), 80);
        assert!(shown.contains("  @@ -1 +1 @@\n  +line 0\n"), "{shown}");
        assert!(shown.ends_with("  … 25 more rows: Ctrl-O"), "{shown}");
    }

    #[test]
    fn what_a_name_means_stands_apart_from_it_at_any_width() {
        let rows = [
            ("/new", "begin"),
            ("/route [auto|websocket|sse]", "say the way"),
        ];
        let rows = rows.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
        let shown = text(&Block::Table(rows.to_vec()), 40);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], format!("  {:<22}begin", "/new"));
        assert_eq!(lines[1].trim(), "/route [auto|websocket|sse]");
        assert_eq!(lines[2].trim(), "say the way");
    }

    #[test]
    fn a_megabyte_that_was_pasted_is_not_shown_again() {
        let block = Block::User("0123456789\n".repeat(100_000));
        let shown = text(&block, 40);
        assert!(shown.ends_with("… 100000 lines, 1099999 bytes"), "{shown}");
    }
}
