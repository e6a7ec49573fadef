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

/// What comes back to be edited is text, up to so many bytes: nobody types more.
const EDITED: usize = 16 << 10;

/// A prompt of another time that has more bytes was pasted, as far as anybody can tell.
const TYPED: usize = 3 << 10;

/// How many earlier prompts are kept.
const MOST_PAST: usize = 200;

/// A text and a cursor in it.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// The byte before which the cursor stands.
    at: usize,
    pastes: Vec<String>,
    past: Vec<Draft>,
    /// Which earlier prompt is shown, and what was being written before.
    looking: Option<(usize, Draft)>,
}

/// A text as it was written: what was typed is text, and only what was pasted is a sign.
#[derive(Clone, Debug, Default)]
struct Draft {
    text: String,
    pastes: Vec<String>,
}

impl Draft {
    /// One of which nobody knows any more what of it was pasted.
    fn of(whole: String) -> Self {
        match (whole.len() > TYPED, char::from_u32(FIRST_SIGN)) {
            (true, Some(sign)) => Self {
                text: sign.to_string(),
                pastes: vec![whole],
            },
            _ => Self {
                text: whole.chars().filter(|c| is_text(*c)).collect(),
                pastes: Vec::new(),
            },
        }
    }

    /// The text with its pastes.
    fn whole(&self) -> String {
        let mut whole = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match pasted(&self.pastes, c) {
                Some(paste) => whole.push_str(paste),
                None => whole.push(c),
            }
        }
        whole
    }
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
        if self.length() + text.len() > LONGEST {
            let most = LONGEST >> 20;
            return Err(format!(
                "a prompt holds {most} MiB; put it into a file and name that"
            ));
        }
        if text.len() <= SHOWN_BYTES && text.lines().count() <= SHOWN_LINES {
            self.insert(&text);
            return Ok(());
        }
        match self.insert_sign(text) {
            true => Ok(()),
            false => Err("too many pastes".to_owned()),
        }
    }

    /// Puts in a sign for what was pasted; not where no sign is left.
    fn insert_sign(&mut self, pasted: String) -> bool {
        let sign = u32::try_from(self.pastes.len()).ok();
        let sign = sign.and_then(|number| char::from_u32(FIRST_SIGN.checked_add(number)?));
        let Some(sign) = sign.filter(|sign| is_sign(*sign)) else {
            return false;
        };
        self.pastes.push(pasted);
        self.looking = None;
        self.text.insert(self.at, sign);
        self.at += sign.len_utf8();
        true
    }

    /// Replaces `length` bytes before the cursor.
    pub(super) fn complete(&mut self, length: usize, text: &str) {
        let from = self.at.saturating_sub(length);
        self.text.replace_range(from..self.at, "");
        self.at = from;
        self.insert(text);
    }

    /// Puts text in front of what there is, to be edited. However long it is, it was a prompt already.
    pub(super) fn put_back(&mut self, text: &str) {
        self.looking = None;
        self.at = 0;
        if !self.text.is_empty() {
            self.text.insert(0, '\n');
        }
        if text.len() <= EDITED || !self.insert_sign(text.to_owned()) {
            let text: String = text.chars().filter(|c| is_text(*c)).collect();
            self.text.insert_str(0, &text);
            self.at = text.len();
        }
    }

    /// Takes what was written, and keeps it for later.
    pub(super) fn take(&mut self) -> String {
        let draft = self.draft();
        let whole = draft.whole();
        self.keep(draft, &whole);
        self.clear();
        whole
    }

    pub(super) fn remember(&mut self, prompt: String) {
        // As it was written here, if it was.
        let known = self.past.iter().rev().find(|past| past.whole() == prompt);
        let draft = known.cloned().unwrap_or_else(|| Draft::of(prompt));
        let whole = draft.whole();
        self.keep(draft, &whole);
    }

    fn keep(&mut self, draft: Draft, whole: &str) {
        let is_last = self.past.last().is_some_and(|last| last.whole() == whole);
        if !is_last && !whole.trim().is_empty() {
            self.past.push(draft);
        }
        if self.past.len() > MOST_PAST {
            self.past.remove(0);
        }
    }

    fn draft(&self) -> Draft {
        Draft {
            text: self.text.clone(),
            pastes: self.pastes.clone(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pastes.clear();
        self.at = 0;
        self.looking = None;
    }

    /// How long the text is with its pastes, in bytes.
    fn length(&self) -> usize {
        let pastes = self.text.chars().filter_map(|c| self.pasted(c));
        self.text.len() + pastes.map(str::len).sum::<usize>()
    }

    fn pasted(&self, sign: char) -> Option<&str> {
        pasted(&self.pastes, sign)
    }

    /// Shows an earlier prompt, or the next one after it.
    fn look(&mut self, back: bool) {
        let last = self.past.len();
        let (now, draft) = match self.looking.take() {
            Some((now, draft)) => (now, draft),
            None => (last, self.draft()),
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
        self.at = shown.text.len();
        (self.text, self.pastes) = (shown.text, shown.pastes);
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

fn pasted(pastes: &[String], sign: char) -> Option<&str> {
    let number = usize::try_from(u32::from(sign).checked_sub(FIRST_SIGN)?).ok()?;
    pastes.get(number).map(String::as_str)
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
