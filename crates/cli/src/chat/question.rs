//! Asking, in the chat, whether a tool may run. The gate waits; typing goes on.

use std::borrow::Cow;
use std::time::Duration;

use alipes_agent::{Approval, Approver, Question};
use alipes_tools::Detail;
use futures_util::future::BoxFuture;
use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::blocks::{Block, Tone, indented};
use super::code;
use super::looks::{FAINT, PLAIN, STRONG, WARNING};
use super::wrap::{Break, Lead, cut, wrap};
use crate::style::{counted, one_line};

/// A line that is ended sooner after the question came up was not meant for it.
pub(super) const PAUSE: Duration = Duration::from_millis(600);

/// How many questions may wait.
const QUEUE: usize = 32;

/// The longest line about a question, in characters; what the question is about is never cut.
const LONGEST: usize = 600;

/// Of a detail that is longer than twice this, in bytes, its beginning and its end are laid out: more
/// than any screen has room for.
const END: usize = 32 * 1024;

/// A question, and where its answer goes. Dropping it is a no.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) answer: oneshot::Sender<Approval>,
}

/// Whoever sits at the chat.
pub(super) struct Person(mpsc::Sender<Asked>);

impl Person {
    /// Where questions come from, and where they are heard.
    pub(super) fn channel() -> (mpsc::Sender<Asked>, mpsc::Receiver<Asked>) {
        mpsc::channel(QUEUE)
    }

    pub(super) fn on(questions: mpsc::Sender<Asked>) -> Box<dyn Approver> {
        Box::new(Self(questions))
    }
}

impl Approver for Person {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        Box::pin(async move {
            let (answer, told) = oneshot::channel();
            let asked = Asked { question, answer };
            match self.0.send(asked).await {
                Ok(()) => told.await.unwrap_or(Approval::No),
                Err(_gone) => Approval::No,
            }
        })
    }
}

/// The question that is shown.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) asked: Asked,
    pub(super) came_up: Instant,
}

/// What a line means that is nothing but an answer. One key alone never is: it may be the first of a
/// sentence.
pub(super) fn means(line: &str) -> Option<Approval> {
    match line {
        "y" | "Y" | "yes" => Some(Approval::Once),
        "s" | "S" | "session" => Some(Approval::Session),
        "a" | "A" | "always" => Some(Approval::Always),
        "n" | "N" | "no" => Some(Approval::No),
        _ => None,
    }
}

impl Open {
    /// From when on a line answers it.
    pub(super) fn counts_from(&self) -> Instant {
        self.came_up + PAUSE
    }

    /// Whether a line would be an answer, had it been offered.
    pub(super) fn is_no_choice(&self, line: &str) -> bool {
        let lasts = matches!(means(line), Some(Approval::Session | Approval::Always));
        lasts && self.asked.question.offer.is_none()
    }

    /// At most so many rows. What it is about comes first, then the keys, then what else is to be known.
    pub(super) fn rows(&self, columns: usize, now: Instant, most: usize) -> Vec<Line<'static>> {
        let (about, is_cut) = self.about(columns, usize::MAX);
        let keys = self.keys(columns, now);
        let room = most.saturating_sub(keys.len());
        let sizes = [self.facts(columns, true), self.facts(columns, false)];
        let fits = |facts: &Vec<_>| about.len() + facts.len() <= room;
        if let Some(facts) = sizes.iter().find(|facts| fits(facts)) {
            return [about, facts.clone(), keys].concat();
        }
        let keys = match most {
            0 | 1 => Vec::new(),
            _ => self.brief_keys(columns, now),
        };
        let room = most.saturating_sub(keys.len());
        let [_, mut facts] = sizes;
        facts.truncate(room / 3);
        let room = room - facts.len();
        // What stays as it is makes room for what changes.
        let lesser = [1, 0].map(|context| self.about(columns, context).0);
        let fitting = lesser.iter().find(|lesser| lesser.len() <= room);
        let about = fitting.unwrap_or(&lesser[1]).clone();
        [shortened(about, room, is_cut), facts, keys].concat()
    }

    /// What would be done: all of it, or without the middle of what no screen has room for. Of a diff so many
    /// lines around each change.
    fn about(&self, columns: usize, context: usize) -> (Vec<Line<'static>>, bool) {
        let question = &self.asked.question;
        let text = one_line(&format!("allow: {}", question.summary), usize::MAX);
        let mut rows = say("? ", &text, STRONG, columns);
        let Some(detail) = &question.detail else {
            return (rows, false);
        };
        let (Detail::Diff(text) | Detail::Text(text)) = detail;
        let laid_out = |part: &str| match detail {
            Detail::Diff(_) => indented(code::diff(&changes(part, context)), columns),
            Detail::Text(_) => {
                let lines = part.lines().map(|line| Line::raw(line.to_owned()));
                indented(lines.collect(), columns)
            }
        };
        let Some((head, more, tail)) = ends(text) else {
            rows.extend(laid_out(text));
            return (rows, false);
        };
        let more = format!("  … {} more: Ctrl-O", counted(more as u64, "byte"));
        rows.extend(laid_out(head));
        rows.push(Line::from(Span::styled(more, FAINT)));
        rows.extend(laid_out(tail));
        (rows, true)
    }

    /// What else is to be known, with the reason for asking where there is room for it.
    fn facts(&self, columns: usize, with_reason: bool) -> Vec<Line<'static>> {
        let (caution, reason, rule) = self.told();
        let caution = caution.map(|text| say("  ", &text, WARNING, columns));
        let reason = with_reason.then(|| say("  ", &reason, FAINT, columns));
        let rule = rule.map(|text| say("  ", &text, FAINT, columns));
        let facts = [caution, reason, rule];
        facts.into_iter().flatten().flatten().collect()
    }

    fn told(&self) -> (Option<String>, String, Option<String>) {
        let question = &self.asked.question;
        let caution = question.caution.as_ref();
        let rule = question.offer.as_ref();
        (
            caution.map(|caution| one_line(caution, LONGEST)),
            one_line(&format!("asked because {}", question.because), LONGEST),
            rule.map(|rule| one_line(&format!("session and always mean: {rule}"), LONGEST)),
        )
    }

    /// The answers appear when they count.
    fn keys(&self, columns: usize, now: Instant) -> Vec<Line<'static>> {
        let keys = match self.asked.question.offer {
            _ if now < self.counts_from() => return Vec::new(),
            Some(_) => "y once · s this session · a always · n no: then Enter",
            None => "y once · n no: then Enter",
        };
        say("  ", keys, PLAIN, columns)
    }

    /// The same in one row, where not all of the question has room.
    fn brief_keys(&self, columns: usize, now: Instant) -> Vec<Line<'static>> {
        let keys = match self.asked.question.offer {
            _ if now < self.counts_from() => "Ctrl-O: all of it",
            Some(_) => "y, s, a, n + Enter · Ctrl-O: all of it",
            None => "y or n + Enter · Ctrl-O: all of it",
        };
        let keys = cut(&format!("  {keys}"), columns);
        vec![Line::from(Span::styled(keys, PLAIN))]
    }

    /// All of it, for the scrollback.
    pub(super) fn unfolded(&self) -> Vec<Block> {
        let question = &self.asked.question;
        let note = |text| Block::Note(Tone::Talk, text);
        let (caution, reason, rule) = self.told();
        let detail = question.detail.as_ref().map(|detail| match detail {
            Detail::Diff(diff) => Block::Diff(diff.clone()),
            Detail::Text(text) => note(text.clone()),
        });
        let about = one_line(&format!("allow: {}", question.summary), usize::MAX);
        let caution = caution.map(|text| Block::Note(Tone::Warning, text));
        let blocks = [
            Some(note(about)),
            detail,
            caution,
            Some(note(reason)),
            rule.map(note),
        ];
        blocks.into_iter().flatten().collect()
    }
}

fn say(sign: &str, text: &str, style: Style, columns: usize) -> Vec<Line<'static>> {
    let lead = Lead::new(sign, "  ", style);
    let text = Span::styled(text.to_owned(), style);
    wrap(&[text], columns, &lead, Break::Word)
}

/// A diff with at most so many lines of what stays around each change.
fn changes(diff: &str, context: usize) -> Cow<'_, str> {
    if context == usize::MAX {
        return Cow::Borrowed(diff);
    }
    let lines: Vec<&str> = diff.lines().collect();
    let is_kept = |line: &&str| line.starts_with(' ');
    let is_near = |at: usize| {
        let from = at.saturating_sub(context);
        let to = (at + context + 1).min(lines.len());
        lines[from..to]
            .iter()
            .any(|line| line.starts_with(['+', '-']))
    };
    let left = lines.iter().enumerate();
    let left = left.filter(|(at, line)| !is_kept(line) || is_near(*at));
    let left: Vec<&str> = left.map(|(_, line)| *line).collect();
    Cow::Owned(left.join("\n"))
}

/// The beginning and the end of what is too long to be laid out, and how many bytes lie between. The end
/// begins with a line if it can: by its first character a line of a diff is told.
fn ends(text: &str) -> Option<(&str, usize, &str)> {
    if text.len() <= 2 * END {
        return None;
    }
    let head = &text[..text.floor_char_boundary(END)];
    let tail = &text[text.ceil_char_boundary(text.len() - END)..];
    let lines = tail.split_once('\n').map(|(_, lines)| lines);
    let tail = lines.filter(|lines| !lines.is_empty()).unwrap_or(tail);
    Some((head, text.len() - head.len() - tail.len(), tail))
}

/// The beginning and the end of what is longer, and between them how much there is more, or that it is
/// `at_least` that much.
fn shortened(mut rows: Vec<Line<'static>>, most: usize, at_least: bool) -> Vec<Line<'static>> {
    let total = rows.len();
    if total <= most {
        return rows;
    }
    let (told, most) = match most {
        0..=2 => (None, most),
        _ => (Some(total - most + 1), most - 1),
    };
    let tail = rows.split_off(total - most / 2);
    rows.truncate(most - most / 2);
    let least = if at_least { "at least " } else { "" };
    let told = told.map(|more| format!("  … {least}{more} more rows: Ctrl-O"));
    rows.extend(told.map(|told| Line::from(Span::styled(told, FAINT))));
    rows.extend(tail);
    rows
}
