//! What is being written: several lines, a cursor, what was written before, and pastes. A long paste is
//! one sign in the text, shown by its size, so that a megabyte is as light to edit as a word.

mod keys;
mod layout;

use unicode_segmentation::UnicodeSegmentation as _;

pub(super) use keys::Key;
pub(super) use layout::Layout;

/// A paste of more bytes or lines than this is shown by its size.
const SHOWN_BYTES: usize = 600;
const SHOWN_LINES: usize = 8;

/// The longest prompt, in bytes; as for `alipes exec`.
const LONGEST: usize = 15 << 20;

/// Signs for pastes: a plane that Unicode leaves to programs (Unicode 16, 23.5), so what is typed or
/// pasted loses its own.
const FIRST_SIGN: u32 = 0x10_0000;
const LAST_SIGN: u32 = 0x10_FFFD;

/// How many earlier prompts are kept.
const MOST_PAST: usize = 200;

/// A text and a cursor in it.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// The byte before which the cursor stands.
    at: usize,
    pastes: Vec<String>,
    past: Vec<String>,
    /// Which earlier prompt is shown, and what was being written before.
    looking: Option<(usize, String)>,
}

impl Editor {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text with signs for pastes.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an earlier prompt is shown as it was.
    pub(super) fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// What stands before the cursor.
    pub(super) fn before(&self) -> &str {
        &self.text[..self.at]
    }

    /// Puts typed text in.
    pub(super) fn insert(&mut self, text: &str) {
        self.looking = None;
        let text: String = text.chars().filter(|c| is_text(*c)).collect();
        let text = match self.text.len() + text.len() <= LONGEST {
            true => text,
            false => return,
        };
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }

    /// Puts pasted text in. Gives the reason if there is too much of it.
    pub(super) fn paste(&mut self, text: &str) -> Result<(), String> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if self.whole().len() + text.len() > LONGEST {
            let most = LONGEST >> 20;
            return Err(format!(
                "a prompt holds {most} MiB; put it into a file and name that"
            ));
        }
        if text.len() <= SHOWN_BYTES && text.lines().count() <= SHOWN_LINES {
            self.insert(&text);
            return Ok(());
        }
        let sign = u32::try_from(self.pastes.len()).ok();
        let sign = sign.and_then(|number| char::from_u32(FIRST_SIGN.checked_add(number)?));
        let Some(sign) = sign.filter(|sign| is_sign(*sign)) else {
            return Err("too many pastes".to_owned());
        };
        self.pastes.push(text);
        self.looking = None;
        self.text.insert(self.at, sign);
        self.at += sign.len_utf8();
        Ok(())
    }

    /// Replaces `length` bytes before the cursor.
    pub(super) fn complete(&mut self, length: usize, text: &str) {
        let from = self.at.saturating_sub(length);
        self.text.replace_range(from..self.at, "");
        self.at = from;
        self.insert(text);
    }

    /// Puts text in front of what there is.
    pub(super) fn put_back(&mut self, text: &str) {
        self.at = 0;
        if !self.text.is_empty() {
            self.insert("\n");
            self.at = 0;
        }
        // As a paste: it may be long.
        let _too_long = self.paste(text);
    }

    /// Takes what was written, and keeps it for later.
    pub(super) fn take(&mut self) -> String {
        let whole = self.whole();
        self.remember(whole.clone());
        self.clear();
        whole
    }

    pub(super) fn remember(&mut self, prompt: String) {
        if self.past.last() != Some(&prompt) && !prompt.trim().is_empty() {
            self.past.push(prompt);
        }
        if self.past.len() > MOST_PAST {
            self.past.remove(0);
        }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pastes.clear();
        self.at = 0;
        self.looking = None;
    }

    /// The text with its pastes.
    fn whole(&self) -> String {
        let mut whole = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match self.pasted(c) {
                Some(paste) => whole.push_str(paste),
                None => whole.push(c),
            }
        }
        whole
    }

    fn pasted(&self, sign: char) -> Option<&str> {
        let number = usize::try_from(u32::from(sign).checked_sub(FIRST_SIGN)?).ok()?;
        self.pastes.get(number).map(String::as_str)
    }

    /// Shows an earlier prompt, or the next one after it.
    fn look(&mut self, back: bool) {
        let last = self.past.len();
        let (now, draft) = match self.looking.take() {
            Some((now, draft)) => (now, draft),
            None => (last, self.whole()),
        };
        let next = match back {
            true => now.saturating_sub(1),
            false => (now + 1).min(last),
        };
        let shown = self
            .past
            .get(next)
            .cloned()
            .unwrap_or_else(|| draft.clone());
        self.clear();
        let _too_long = self.paste(&shown);
        if next < last {
            self.looking = Some((next, draft));
        }
    }

    fn left(&self) -> usize {
        let last = self.before().graphemes(true).next_back();
        self.at - last.map_or(0, str::len)
    }

    fn right(&self) -> usize {
        let next = self.text[self.at..].graphemes(true).next();
        self.at + next.map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        let before = self.before();
        let end = before.trim_end().len();
        before[..end].rfind(char::is_whitespace).map_or(0, |space| {
            space + before[space..].chars().next().map_or(0, char::len_utf8)
        })
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.at..];
        let start = after.len() - after.trim_start().len();
        let length = after[start..].find(char::is_whitespace);
        self.at + length.map_or(after.len(), |length| start + length)
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let end = self.text[self.at..].find('\n');
        end.map_or(self.text.len(), |length| self.at + length)
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.looking = None;
        self.text.replace_range(from..to, "");
        self.at = from;
    }
}

fn is_sign(c: char) -> bool {
    (FIRST_SIGN..=LAST_SIGN).contains(&u32::from(c))
}

/// What may stand in a prompt.
fn is_text(c: char) -> bool {
    !is_sign(c) && (c == '\n' || c == '\t' || !c.is_control())
}

#[cfg(test)]
mod tests;
