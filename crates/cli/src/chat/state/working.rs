//! Something under way: what has come of it so far, and what it waits for.

use std::borrow::Cow;
use std::time::Duration;

use alipes_agent::{ToolOutcome, TurnEvent};
use alipes_base::Clock;
use alipes_transport::Trace;
use tokio::time::Instant;

use crate::chat::blocks::{Block, Card, Tone, compacted};
use crate::exec::Waiting;
use crate::exec::attempts::Attempts;
use crate::remarks::Remarks;
use crate::style::seconds;

/// A wait that is over sooner is not worth a word.
const TELL_AFTER: Duration = Duration::from_millis(900);

/// How much of a text, of reasoning, and of a command's output is kept to be shown while it comes, in
/// bytes. A message that has ended is shown whole.
const TEXT_TAIL: usize = 16 * 1024;
const REASONING_TAIL: usize = 1_024;
const OUTPUT_TAIL: usize = 8 * 1024;

/// What comes before everything else: without it there is no chat.
pub(in crate::chat) const STARTING: &str = "starting";

/// A turn, or what else takes its time.
pub(in crate::chat) struct Working {
    what: &'static str,
    /// It can be ended without leaving the chat.
    can_be_ended: bool,
    clock: Clock,
    begun: Instant,
    waiting: Option<Waiting>,
    /// The message that is coming.
    pub(in crate::chat) text: String,
    /// What was shown of it before it began anew, until something has replaced that.
    cut_off: String,
    pub(in crate::chat) reasoning: String,
    pub(in crate::chat) running: Vec<Running>,
    remarks: Remarks,
    pub(in crate::chat) attempts: Attempts,
}

/// A tool that runs.
pub(in crate::chat) struct Running {
    call_id: String,
    pub(in crate::chat) summary: String,
    pub(in crate::chat) tail: String,
    begun: Instant,
}

impl Working {
    pub(super) fn new(what: &'static str, clock: Clock) -> Self {
        Self {
            what,
            can_be_ended: what != STARTING,
            begun: clock.now(),
            clock,
            waiting: None,
            text: String::new(),
            cut_off: String::new(),
            reasoning: String::new(),
            running: Vec::new(),
            remarks: Remarks::new(false),
            attempts: Attempts::default(),
        }
    }

    /// The same, which goes on to its end.
    pub(super) fn whole(self) -> Self {
        Self {
            can_be_ended: false,
            ..self
        }
    }

    /// Takes an event; gives what it leaves for good.
    pub(super) fn event(&mut self, event: TurnEvent) -> Vec<Block> {
        self.attempts.note(&event);
        let mut blocks = Vec::new();
        if let TurnEvent::Trace(trace) = &event {
            self.waits(trace);
        }
        let remark = self.remarks.on(&event);
        blocks.extend(remark.map(|remark| Block::Note(Tone::Warning, remark)));
        match event {
            TurnEvent::TextDelta { delta, .. } => {
                self.hears();
                self.reasoning.clear();
                self.text.push_str(&delta);
            }
            TurnEvent::ReasoningDelta { delta } => {
                self.hears();
                self.reasoning.push_str(&delta);
                keep_tail(&mut self.reasoning, REASONING_TAIL);
            }
            TurnEvent::Message { text, .. } => {
                self.begin_text();
                self.cut_off.clear();
                if !text.trim().is_empty() {
                    blocks.push(Block::Model(text));
                }
            }
            TurnEvent::Restarted { .. } => {
                self.keep_longer();
                self.begin_text();
            }
            TurnEvent::StepEnded { .. } => self.cut_off.clear(),
            TurnEvent::ToolStarted {
                call_id, summary, ..
            } => self.running.push(Running {
                call_id,
                summary,
                tail: String::new(),
                begun: self.clock.now(),
            }),
            TurnEvent::ToolProgress { call_id, text } => self.progress(&call_id, &text),
            TurnEvent::ToolCompleted {
                call_id,
                name,
                outcome,
                output,
                changes,
            } => {
                let card = self.completed(&call_id, name, outcome, output);
                blocks.push(Block::Card(Card { changes, ..card }));
            }
            TurnEvent::SummingUp(_) => self.what = "summing up what is old",
            TurnEvent::Compacted(done) => {
                self.what = "working";
                blocks.push(compacted(&done));
            }
            _ => {}
        }
        blocks
    }

    fn begin_text(&mut self) {
        self.text.clear();
        self.reasoning.clear();
    }

    /// Of what was shown of several tries, the longest is what somebody has read.
    fn keep_longer(&mut self) {
        if self.text.len() > self.cut_off.len() {
            self.cut_off = std::mem::take(&mut self.text);
        }
    }

    /// What was shown of a message that did not come to its end.
    pub(super) fn into_cut_off(mut self) -> String {
        self.keep_longer();
        self.cut_off
    }

    /// The same turn is tried again, after this much had been shown.
    pub(super) fn after(self, cut_off: String) -> Self {
        Self { cut_off, ..self }
    }

    /// Output came: what is waited for now is the next.
    fn hears(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.begins_anew(&self.clock);
        }
    }

    fn waits(&mut self, trace: &Trace) {
        if let Some(waiting) = Waiting::after(&self.clock, trace, self.waiting.as_ref()) {
            self.waiting = waiting;
        }
    }

    fn progress(&mut self, call_id: &str, text: &str) {
        let mut running = self.running.iter_mut();
        if let Some(running) = running.find(|running| running.call_id == call_id) {
            running.tail.push_str(text);
            keep_tail(&mut running.tail, OUTPUT_TAIL);
        }
    }

    fn completed(
        &mut self,
        call_id: &str,
        name: String,
        outcome: ToolOutcome,
        output: String,
    ) -> Card {
        let mut running = self.running.iter();
        let at = running.position(|running| running.call_id == call_id);
        let (summary, took) = match at.map(|at| self.running.remove(at)) {
            Some(running) => (running.summary, self.clock.since(running.begun)),
            None => (name.clone(), Duration::ZERO),
        };
        Card {
            name,
            summary,
            outcome,
            output,
            changes: None,
            took,
        }
    }

    /// Whether it can be ended without leaving the chat.
    pub(in crate::chat) fn can_be_ended(&self) -> bool {
        self.can_be_ended
    }

    /// Whether a tool runs.
    pub(super) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// What had come of it when it was ended.
    pub(super) fn partial(&self) -> Vec<Block> {
        let text = match self.text.len() > self.cut_off.len() {
            true => &self.text,
            false => &self.cut_off,
        };
        let text = (!text.trim().is_empty()).then(|| Block::Model(text.clone()));
        let running = self.running.iter().map(|running| {
            let summary = format!("not ended: {}", running.summary);
            Block::Note(Tone::Warning, summary)
        });
        text.into_iter().chain(running).collect()
    }

    /// The end of the message that is coming, from the beginning of a block of it: as much as a screen
    /// can show.
    pub(in crate::chat) fn shown_text(&self) -> Cow<'_, str> {
        // What was shown stays until there is a word to replace it.
        let text = match self.text.trim().is_empty() {
            true => self.cut_off.as_str(),
            false => self.text.as_str(),
        };
        let Some(from) = text.len().checked_sub(TEXT_TAIL) else {
            return Cow::Borrowed(text);
        };
        let from = text.ceil_char_boundary(from);
        let start = text[from..].find("\n\n").map_or(from, |gap| from + gap + 2);
        let is_code = text[..start].matches("\n```").count() % 2 == 1;
        match is_code {
            true => Cow::Owned(format!("```\n{}", &text[start..])),
            false => Cow::Borrowed(&text[start..]),
        }
    }

    /// What it is waiting for, since when, until when; or what it is and for how long. The second is for
    /// where there is little room.
    pub(in crate::chat) fn line(&self) -> (String, String) {
        let waiting = self.waiting.as_ref();
        let waiting = waiting.filter(|waiting| waiting.age(&self.clock) >= TELL_AFTER);
        match waiting.filter(|_| !self.is_running()) {
            Some(waiting) => (waiting.text(&self.clock), waiting.brief(&self.clock)),
            None => {
                let text = match self.clock.since(self.begun) {
                    age if age < TELL_AFTER => self.what.to_owned(),
                    age => format!("{} for {}", self.what, seconds(whole(age))),
                };
                (text.clone(), text)
            }
        }
    }
}

impl Running {
    /// How long it has been running, where that is worth a word.
    pub(in crate::chat) fn age(&self, clock: &Clock) -> String {
        match clock.since(self.begun) {
            age if age < TELL_AFTER => String::new(),
            age => format!(" · {}", seconds(whole(age))),
        }
    }
}

fn whole(age: Duration) -> Duration {
    // Ten seconds are shown without a digit after the point; so are those before, here.
    Duration::from_secs(age.as_secs())
}

/// Keeps the end of a text, from a line's beginning where there is one.
fn keep_tail(text: &mut String, most: usize) {
    let Some(over) = text.len().checked_sub(2 * most).filter(|over| *over > 0) else {
        return;
    };
    let from = text.ceil_char_boundary(over + most);
    let from = text[from..].find('\n').map_or(from, |end| from + end + 1);
    text.replace_range(..from, "");
}
