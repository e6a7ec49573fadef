//! What keys do to a text: those of readline, as far as terminals pass them on.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Editor, Layout};

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Key {
    /// It was for the text.
    Taken,
    /// The text is to be sent.
    Send,
    /// It was not for the text.
    Left,
}

impl Editor {
    /// A key while the text is `columns` wide.
    pub(in crate::chat) fn key(&mut self, key: KeyEvent, columns: usize) -> Key {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        match key.code {
            KeyCode::Enter if alt || shift => self.insert("\n"),
            // For terminals that pass neither on.
            KeyCode::Enter if self.before().ends_with('\\') => {
                self.delete(self.left(), self.at);
                self.insert("\n");
            }
            KeyCode::Enter => return Key::Send,
            KeyCode::Char('j') if control => self.insert("\n"),
            KeyCode::Char(c) if control => return self.control(c),
            KeyCode::Char('b') if alt => self.at = self.word_left(),
            KeyCode::Char('f') if alt => self.at = self.word_right(),
            KeyCode::Char('d') if alt => self.delete(self.at, self.word_right()),
            KeyCode::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if alt || control => self.delete(self.word_left(), self.at),
            KeyCode::Backspace => self.delete(self.left(), self.at),
            KeyCode::Delete => self.delete(self.at, self.right()),
            KeyCode::Left if alt || control => self.at = self.word_left(),
            KeyCode::Right if alt || control => self.at = self.word_right(),
            KeyCode::Left => self.at = self.left(),
            KeyCode::Right => self.at = self.right(),
            KeyCode::Home => self.at = self.line_start(),
            KeyCode::End => self.at = self.line_end(),
            KeyCode::Up => self.vertical(true, columns),
            KeyCode::Down => self.vertical(false, columns),
            _ => return Key::Left,
        }
        Key::Taken
    }

    fn control(&mut self, c: char) -> Key {
        match c {
            'a' => self.at = self.line_start(),
            'e' => self.at = self.line_end(),
            'b' => self.at = self.left(),
            'f' => self.at = self.right(),
            'h' => self.delete(self.left(), self.at),
            'w' => self.delete(self.word_left(), self.at),
            'u' => self.delete(self.line_start(), self.at),
            'k' => {
                let (from, to) = (self.at, self.line_end());
                self.delete(from, to);
            }
            'p' => self.look(true),
            'n' => self.look(false),
            'd' if !self.is_empty() => self.delete(self.at, self.right()),
            _ => return Key::Left,
        }
        Key::Taken
    }

    /// A row up or down, and beyond the first and the last to other prompts.
    fn vertical(&mut self, is_up: bool, columns: usize) {
        let layout = Layout::of(self, columns);
        match layout.beside(self.at, is_up) {
            Some(at) => self.at = at,
            None => self.look(is_up),
        }
    }
}
