//! The last of what the program says besides its messages, for when it ends without a word in them.

use std::collections::VecDeque;

/// Bytes that are kept.
const KEPT: usize = 4 * 1024;

/// Characters that are told of it.
const TOLD: usize = 300;

/// The end of its standard error.
#[derive(Debug, Default)]
pub(super) struct Words(VecDeque<u8>);

impl Words {
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.0.extend(piece);
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }

    /// Its last line that speaks of an error, else its last, without what a terminal would take for a
    /// command. A trace of calls may stand behind the error.
    pub(super) fn last_line(&self) -> Option<String> {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let text = without_escapes(&String::from_utf8_lossy(&bytes));
        let lines = text.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty());
        let error = |line: &&str| line.to_ascii_lowercase().contains("error");
        let last = lines.clone().rfind(error).or_else(|| lines.next_back())?;
        Some(last.chars().take(TOLD).collect())
    }
}

/// The text without escape sequences (ECMA-48 §5.4) and other controls.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                let is_end = |c: &char| matches!(c, '@'..='~') && *c != '[';
                characters.find(is_end);
            }
            '\n' => out.push('\n'),
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_told_without_colours() {
        let mut words = Words::default();
        assert_eq!(words.last_line(), None);
        words.add(b"first\n\x1b[2m12:00\x1b[0m \x1b[31mERROR\x1b[0m no config\n\n");
        assert_eq!(words.last_line().as_deref(), Some("12:00 ERROR no config"));
        words.add(b"Stack backtrace:\n  8: <unknown>\n");
        assert_eq!(words.last_line().as_deref(), Some("12:00 ERROR no config"));
    }

    #[test]
    fn endless_words_are_bounded() {
        let mut words = Words::default();
        (0..1_000).for_each(|_| words.add(&[b'x'; 1_000]));
        assert_eq!(words.0.len(), KEPT);
        assert_eq!(words.last_line().unwrap().len(), TOLD);
    }
}
