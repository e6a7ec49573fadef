//! The bounded text of one answer: a heading, lines, and notes about what was left out.

use crate::Output;

/// Most bytes of lines in one answer: enough for 2,000 lines of code, some 16,000 tokens.
const BYTES: usize = 64 * 1024;

/// Lines collected up to the bound.
#[derive(Default)]
pub(crate) struct Page {
    lines: String,
    notes: Vec<String>,
}

impl Page {
    /// Adds a line; `false`, and nothing added, if there is no room for it.
    #[must_use]
    pub(crate) fn push(&mut self, line: &str) -> bool {
        if self.lines.len() + line.len() + 1 > BYTES {
            return false;
        }
        self.lines.push_str(line);
        self.lines.push('\n');
        true
    }

    /// Says at the end that something was left out.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The answer.
    pub(crate) fn finish(self, heading: &str) -> Output {
        let mut text = format!("{heading}\n{}", self.lines);
        for note in &self.notes {
            text.push_str(&format!("[{note}]\n"));
        }
        Output {
            truncated: !self.notes.is_empty(),
            text,
            changes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_bounded_and_says_what_is_missing() {
        let mut page = Page::default();
        let line = "x".repeat(1023);
        let taken = (0..100).take_while(|_| page.push(&line)).count();
        assert_eq!(taken, 64);
        page.note("36 lines left out".to_owned());
        let output = page.finish("heading");
        assert!(output.truncated);
        assert!(output.text.starts_with("heading\nxxx"));
        assert!(output.text.ends_with("xxx\n[36 lines left out]\n"));
    }
}
