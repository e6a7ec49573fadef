//! What the chat knows: keys and events go in, [`Action`]s and rows come out. It touches neither a
//! terminal nor a model, so all of it is tested without either.

mod input;
mod working;

use std::collections::VecDeque;

use alipes_agent::{Approval, Interjections, Question, TurnError, TurnEvent};
use alipes_base::Clock;
use tokio::time::Instant;

pub(super) use working::{STARTING, Working};

use super::blocks::{Block, Card, Tone};
use super::commands::{COMMANDS, Called};
use super::completion::Menu;
use super::editor::Editor;
use super::images;
use super::question::{Asked, Open};
use super::status::Status;
use crate::failure;
use crate::style::{counted, one_line};

/// How many ended tool calls can be unfolded.
const MOST_CARDS: usize = 64;

/// How many edits `/diff` can show.
const MOST_CHANGES: usize = 512;

/// The longest line of an error, in characters.
const LONGEST: usize = 600;

/// What a person wants that the state alone cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Send(String),
    Call(Called),
    /// What is being done shall end.
    Interrupt,
    Quit,
    Suspend,
    Wipe,
}

/// All that is shown.
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) editor: Editor,
    pub(super) menu: Menu,
    pub(super) status: Status,
    /// What is being done.
    pub(super) working: Option<Working>,
    /// What the turn that runs is told before its next step.
    pub(super) interjections: Interjections,
    /// What is to be sent next.
    pub(super) queue: VecDeque<String>,
    pub(super) open: Option<Open>,
    asked: VecDeque<Asked>,
    /// What is yet to go into the scrollback.
    said: Vec<Block>,
    cards: VecDeque<Card>,
    /// What was edited, and how many older edits are no longer among them.
    changes: VecDeque<(String, String)>,
    left_out: usize,
    /// How many of the newest cards have been unfolded.
    unfolded: usize,
    /// A running command shows more of its output.
    pub(super) is_unfolded: bool,
    /// What is being done is a turn.
    hears: bool,
    /// What was shown of an answer before its turn is tried again.
    cut_off: String,
    /// Since when there is something in the editor.
    line_since: Option<Instant>,
    /// One more Ctrl-C leaves.
    pub(super) is_leaving: bool,
    /// What was allowed for longer than once.
    pub(super) allowed: Vec<(String, Approval)>,
    columns: usize,
}

impl State {
    pub(super) fn new(clock: Clock, columns: usize) -> Self {
        Self {
            clock,
            editor: Editor::default(),
            menu: Menu::default(),
            status: Status::default(),
            working: None,
            interjections: Interjections::default(),
            queue: VecDeque::new(),
            open: None,
            asked: VecDeque::new(),
            said: Vec::new(),
            cards: VecDeque::new(),
            changes: VecDeque::new(),
            left_out: 0,
            unfolded: 0,
            is_unfolded: false,
            hears: false,
            cut_off: String::new(),
            line_since: None,
            is_leaving: false,
            allowed: Vec::new(),
            columns,
        }
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// What goes into the scrollback now.
    pub(super) fn take_said(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.said)
    }

    pub(super) fn has_said(&self) -> bool {
        !self.said.is_empty()
    }

    pub(super) fn say(&mut self, block: Block) {
        self.said.push(block);
    }

    /// The same of what has come, or was taken up: a call of it can be unfolded.
    pub(super) fn show(&mut self, block: Block) {
        if let Block::Card(card) = &block {
            if let Some(changes) = card.changes() {
                self.changes.push_back((card.summary.clone(), changes));
            }
            if self.changes.len() > MOST_CHANGES {
                self.changes.pop_front();
                self.left_out += 1;
            }
            self.cards.push_back(card.clone());
            self.unfolded = 0;
            if self.cards.len() > MOST_CARDS {
                self.cards.pop_front();
            }
        }
        self.said.push(block);
    }

    pub(super) fn note(&mut self, tone: Tone, text: impl Into<String>) {
        self.say(Block::Note(tone, text.into()));
    }

    /// Something is begun.
    pub(super) fn begin(&mut self, what: &'static str) {
        self.working = Some(Working::new(what, self.clock.clone()));
    }

    /// The same of something that cannot be ended.
    pub(super) fn begin_whole(&mut self, what: &'static str) {
        self.working = Some(Working::new(what, self.clock.clone()).whole());
    }

    /// Keeps what is to be done for when something that cannot be ended has ended.
    pub(super) fn line_up(&mut self, action: Action) {
        match action {
            Action::Send(text) => self.queue.push_back(text),
            Action::Call(called) => self.queue.push_back(called.line()),
            Action::Interrupt | Action::Quit | Action::Suspend | Action::Wipe => {}
        }
    }

    /// A turn is begun: it hears what is said meanwhile.
    pub(super) fn begin_turn(&mut self) {
        let cut_off = std::mem::take(&mut self.cut_off);
        self.working = Some(Working::new("working", self.clock.clone()).after(cut_off));
        self.hears = true;
    }

    /// Keeps what was written for the turn that runs, or for the one after it.
    fn keep_for_later(&mut self, text: String, steers: bool) {
        // What shows an image is a turn of its own: it has to be read first.
        let kept = match steers && self.hears && !images::may_be_named(&text) {
            true => self.interjections.say(text),
            false => Err(text),
        };
        if let Err(text) = kept {
            self.queue.push_back(text);
        }
    }

    /// What the turn tells.
    pub(super) fn event(&mut self, event: TurnEvent) {
        self.status.event(&event);
        if let TurnEvent::Interjected { text } = &event {
            self.say(Block::User(text.clone()));
        }
        let Some(working) = &mut self.working else {
            return;
        };
        for block in working.event(event) {
            self.show(block);
        }
    }

    /// A tool wants to run.
    pub(super) fn asks(&mut self, asked: Asked) {
        self.asked.push_back(asked);
        self.next_question();
    }

    fn next_question(&mut self) {
        if self.open.is_none() {
            self.open = self.asked.pop_front().map(|asked| Open {
                asked,
                came_up: self.clock.now(),
            });
        }
    }

    /// Gives the open question its answer.
    fn answer(&mut self, approval: Approval) {
        let Some(Open { asked, .. }) = self.open.take() else {
            return;
        };
        self.remember(&asked.question, approval);
        // Whoever asked may have been interrupted.
        let _ = asked.answer.send(approval);
        self.next_question();
    }

    fn remember(&mut self, question: &Question, approval: Approval) {
        let lasts = matches!(approval, Approval::Session | Approval::Always);
        if let (true, Some(rule)) = (lasts, &question.offer) {
            self.allowed.push((rule.clone(), approval));
        }
    }

    /// What was begun has ended by itself.
    pub(super) fn done(&mut self) {
        self.end();
    }

    /// A turn has ended in silence, and is tried again.
    pub(super) fn tries_again(&mut self) {
        let working = self.end();
        self.cut_off = working.map(Working::into_cut_off).unwrap_or_default();
    }

    /// A turn has ended.
    pub(super) fn ended(&mut self, outcome: Result<(), TurnError>) {
        let working = self.end();
        match outcome {
            Ok(()) => {
                // It came after the last step.
                for text in self.interjections.take().into_iter().rev() {
                    self.queue.push_front(text);
                }
            }
            Err(error) => {
                // It was meant for after a turn that went well.
                self.put_back_queued();
                let attempts = working.map(|working| {
                    self.keep_partial(&working);
                    working.attempts
                });
                self.failed(&error, attempts.unwrap_or_default());
            }
        }
    }

    /// A turn could not begin, because what was asked could not be recorded: it comes back.
    pub(super) fn not_asked(&mut self, error: &str, prompt: &str) {
        self.end();
        self.put_back_queued();
        self.editor.put_back(prompt);
        self.note(Tone::Error, one_line(error, LONGEST));
        self.note(
            Tone::Talk,
            "what was written was not asked: it is back, to be sent when that is mended",
        );
    }

    fn failed(&mut self, error: &TurnError, attempts: crate::exec::attempts::Attempts) {
        let fault = match error {
            TurnError::Fault(fault) => Some(&**fault),
            _ => None,
        };
        let tried = attempts.of_the_last_step(fault);
        self.note(Tone::Error, one_line(&error.to_string(), LONGEST));
        for line in tried.lines() {
            self.note(Tone::Talk, line);
        }
        if let Some(advice) = failure::advice(error) {
            self.note(Tone::Talk, format!("help: {advice}"));
        }
        self.note(Tone::Talk, "/retry asks again");
    }

    /// The person has ended it. What had come stays, and what was to be sent comes back.
    pub(super) fn interrupted(&mut self) {
        let open = self.open.iter().map(|open| &open.asked);
        let asked = open
            .chain(&self.asked)
            .map(|asked| asked.question.summary.clone());
        for summary in asked.collect::<Vec<_>>() {
            let summary = one_line(&summary, LONGEST);
            self.note(Tone::Warning, format!("not done: {summary}"));
        }
        if let Some(working) = self.end() {
            self.said.extend(working.partial());
            self.note(Tone::Warning, "interrupted");
        }
        self.put_back_queued();
    }

    /// Gives back what was to be sent, to be edited.
    fn put_back_queued(&mut self) {
        let mut queued = self.interjections.take();
        queued.extend(self.queue.drain(..));
        if !queued.is_empty() {
            self.editor.put_back(&queued.join("\n"));
        }
    }

    fn end(&mut self) -> Option<Working> {
        // Dropping a question is a no.
        self.open = None;
        self.asked.clear();
        self.is_unfolded = false;
        self.hears = false;
        self.working.take()
    }

    /// What was shown stays, though nothing came to replace it.
    fn keep_partial(&mut self, working: &Working) {
        let partial = working.partial();
        let is_cut = partial.iter().any(|block| matches!(block, Block::Model(_)));
        self.said.extend(partial);
        if is_cut {
            self.note(Tone::Warning, "cut off there");
        }
    }

    /// The open question, or the newest tool output that has not been unfolded.
    fn unfold(&mut self) {
        if let Some(open) = &self.open {
            self.said.extend(open.unfolded());
            return;
        }
        if self.working.as_ref().is_some_and(Working::is_running) {
            self.is_unfolded = !self.is_unfolded;
            return;
        }
        let at = self.cards.len().checked_sub(self.unfolded + 1);
        let Some(card) = at.and_then(|at| self.cards.get(at)) else {
            self.note(Tone::Talk, "there is nothing to unfold");
            return;
        };
        self.unfolded += 1;
        let head = one_line(&card.summary, self.columns);
        let body = match card.changes() {
            Some(changes) => Block::Diff(changes),
            None => Block::Output(card.output.clone()),
        };
        self.note(Tone::Talk, head);
        self.say(body);
    }

    /// Another conversation begins: what was allowed, edited and called in the one before is not its own.
    pub(super) fn enters(&mut self) {
        self.allowed.clear();
        self.cards.clear();
        self.unfolded = 0;
        self.changes.clear();
        self.left_out = 0;
    }

    /// All that was edited in this conversation since the chat began.
    pub(super) fn show_changes(&mut self) {
        if self.changes.is_empty() {
            self.note(Tone::Talk, "nothing was edited here since the chat began");
        }
        if self.left_out > 0 {
            let edits = counted(self.left_out as u64, "older edit");
            self.note(Tone::Talk, format!("{edits} not shown"));
        }
        for (summary, changes) in self.changes.clone() {
            self.note(Tone::Talk, summary);
            self.say(Block::Diff(changes));
        }
    }

    pub(super) fn show_help(&mut self) {
        let commands = COMMANDS.iter().map(|entry| {
            let name = format!("/{} {}", entry.name, entry.argument);
            (name.trim_end().to_owned(), entry.about.to_owned())
        });
        let keys = KEYS.map(|(key, about)| (key.to_owned(), about.to_owned()));
        self.say(Block::Table(commands.chain(keys).collect()));
    }

    /// When the shown time has to be drawn anew, if it has to.
    pub(super) fn changes_at(&self, drawn: Instant) -> Option<Instant> {
        let second = std::time::Duration::from_secs(1);
        let question = self.open.as_ref().map(Open::counts_from);
        let question = question.filter(|counts| *counts > drawn);
        let clock = self.working.is_some().then(|| drawn + second);
        question.into_iter().chain(clock).min()
    }
}

const KEYS: [(&str, &str); 9] = [
    (
        "Enter",
        "send; while a turn runs, before the model's next step",
    ),
    ("Tab", "line up behind the turn that runs"),
    (
        "Alt-Enter, Ctrl-J",
        "begin a new line; so does \\ before Enter",
    ),
    ("Esc", "interrupt; what has come stays"),
    (
        "Up, Down",
        "move, and beyond the edge go to earlier prompts",
    ),
    ("@name Tab", "name a file"),
    (
        "Ctrl-O",
        "unfold a question, or the last tool, then the one before it",
    ),
    ("Ctrl-L, Ctrl-Z", "draw anew; go to the shell"),
    ("Ctrl-C twice, Ctrl-D", "leave"),
];

#[cfg(test)]
mod tests;
