//! What keys mean, from the most urgent to the least: the menu, the chat, the text. A line may be a question's answer.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Action, State, Working};
use crate::chat::blocks::Tone;
use crate::chat::commands::{self, Called, Command};
use crate::chat::completion::Chosen;
use crate::chat::editor::Key;
use crate::chat::question;

impl State {
    /// Takes what was typed or pasted.
    pub(in crate::chat) fn input(&mut self, event: Event) -> Option<Action> {
        let action = self.taken(event);
        self.line_since = match self.editor.is_empty() {
            true => None,
            false => self.line_since.or_else(|| Some(self.clock.now())),
        };
        action
    }

    fn taken(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            Event::Paste(text) => {
                if let Err(reason) = self.editor.paste(&text) {
                    self.note(Tone::Warning, reason);
                }
                self.menu.follow(self.editor.before());
                None
            }
            _ => None,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Option<Action> {
        let was_leaving = std::mem::take(&mut self.is_leaving);
        if self.in_menu(key) {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL)
            && let KeyCode::Char(c) = key.code
            && let Some(control) = self.control(c, was_leaving)
        {
            return control;
        }
        if key.code == KeyCode::Esc {
            return self.can_interrupt().then_some(Action::Interrupt);
        }
        if key.code == KeyCode::Tab && self.lines_up() {
            return None;
        }
        let sent = match self.editor.key(key, self.text_columns()) {
            Key::Send => self.send(),
            Key::Taken | Key::Left => None,
        };
        match self.editor.is_looking() {
            // What was written then is whole, and Up goes on to what was written before it.
            true => self.menu.decline(self.editor.before()),
            false => self.menu.follow(self.editor.before()),
        }
        sent
    }

    fn can_interrupt(&self) -> bool {
        self.working.as_ref().is_some_and(Working::can_be_ended)
    }

    /// How wide the text is: beside the sign before it.
    pub(in crate::chat) fn text_columns(&self) -> usize {
        self.columns.saturating_sub(2).max(2)
    }

    /// Whether what was written is an answer to the open question. One that was begun before the question
    /// came up was not meant for it, and one that is ended before anybody can have read the question waits
    /// to be ended again.
    fn answers(&mut self) -> bool {
        let Some(open) = &self.open else {
            return false;
        };
        let line = self.editor.text().trim();
        let is_no_choice = open.is_no_choice(line);
        let Some(approval) = question::means(line).filter(|_| !is_no_choice) else {
            if is_no_choice {
                let text = format!(
                    "{line:?} is not offered for this call, which can be allowed only once: y does, n does not"
                );
                self.editor.clear();
                self.note(Tone::Talk, text);
            }
            return is_no_choice;
        };
        if self.line_since.is_none_or(|since| since <= open.came_up) {
            self.editor.clear();
            let text =
                "that was written before the question came up, so it is no answer: once more";
            self.note(Tone::Talk, text);
        } else if self.clock.now() >= open.counts_from() {
            self.editor.clear();
            self.answer(approval);
        }
        true
    }

    /// Whether what was written looks like the answer to a question that has not come up. The model is
    /// not told it, and the question does not find it answered.
    fn is_held(&mut self) -> bool {
        let line = self.editor.text().trim();
        let is_held = self.hears && question::means(line).is_some();
        if is_held {
            let text =
                format!("nothing is asked yet, so {line:?} went nowhere; Tab sends it as text");
            self.editor.clear();
            self.note(Tone::Talk, text);
        }
        is_held
    }

    /// Whether the menu has taken the key.
    fn in_menu(&mut self, key: KeyEvent) -> bool {
        if !self.menu.is_open() {
            return false;
        }
        match key.code {
            KeyCode::Up => self.menu.choose(true),
            KeyCode::Down => self.menu.choose(false),
            KeyCode::Esc => self.menu.decline(self.editor.before()),
            KeyCode::Tab => drop(self.menu.best().map(|best| self.complete(&best))),
            KeyCode::Enter if key.modifiers.is_empty() => {
                return match self.menu.chosen() {
                    // What was written out is sent, and so is a command that is whole; a file's name is not.
                    Some(chosen) if !self.is_written_out(&chosen) => !self.complete(&chosen),
                    _ => false,
                };
            }
            _ => return false,
        }
        true
    }

    fn is_written_out(&self, chosen: &Chosen) -> bool {
        let text = chosen.text.trim_end();
        chosen.length == text.len() && self.editor.before().ends_with(text)
    }

    /// Puts in what is chosen; gives whether that is a whole command.
    fn complete(&mut self, chosen: &Chosen) -> bool {
        self.editor.complete(chosen.length, &chosen.text);
        self.menu.follow(self.editor.before());
        chosen.is_whole
    }

    /// The chat's own keys; those that are none of them are the text's.
    fn control(&mut self, c: char, was_leaving: bool) -> Option<Option<Action>> {
        Some(match c {
            'c' if self.can_interrupt() => Some(Action::Interrupt),
            'c' if was_leaving => Some(Action::Quit),
            'c' => {
                self.is_leaving = self.editor.is_empty();
                self.editor.clear();
                self.menu.follow("");
                None
            }
            'd' if !self.editor.is_empty() => return None,
            'd' if was_leaving || !self.can_interrupt() => Some(Action::Quit),
            'd' => {
                self.is_leaving = true;
                None
            }
            'l' => Some(Action::Wipe),
            'z' => Some(Action::Suspend),
            'o' => {
                self.unfold();
                None
            }
            _ => return None,
        })
    }

    /// Whether what was written is now to be sent when the turn has ended.
    fn lines_up(&mut self) -> bool {
        let text = self.editor.text().trim();
        if self.working.is_none() || text.is_empty() || commands::read(text).is_some() {
            return false;
        }
        let text = self.editor.take();
        self.keep_for_later(text, false);
        self.menu.follow("");
        true
    }

    fn send(&mut self) -> Option<Action> {
        if self.editor.text().trim().is_empty() || self.answers() || self.is_held() {
            return None;
        }
        let text = self.editor.take();
        match commands::read(text.trim()) {
            Some(Ok(called)) => self.call(called),
            Some(Err(reason)) => {
                self.note(Tone::Warning, reason);
                None
            }
            None if self.working.is_some() => {
                self.keep_for_later(text, true);
                None
            }
            None => Some(Action::Send(text)),
        }
    }

    /// A command: done here where it only shows what is known.
    fn call(&mut self, called: Called) -> Option<Action> {
        match called.command {
            Command::Quit => return Some(Action::Quit),
            Command::Help => self.show_help(),
            Command::Diff => self.show_changes(),
            Command::Status => {
                let table = self.status.table();
                self.say(crate::chat::blocks::Block::Table(table));
            }
            command if self.working.is_some() => {
                if !self.can_interrupt() {
                    // It is done as soon as that has ended.
                    self.queue.push_back(called.line());
                    return None;
                }
                let name = command.name();
                let text = format!(
                    "/{name} cannot be done while something is under way: say it again when that has \
                     ended, or end it with Esc"
                );
                self.note(Tone::Talk, text);
            }
            _ => return Some(Action::Call(called)),
        }
        None
    }
}
