//! Lines for a terminal of some width, made of text that may come from anywhere.

use std::io::IsTerminal as _;

use alipes_base::Redactor;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::setup::Machine;
use crate::style::{Style, one_line};

/// How wide a line is where nobody says.
const ASSUMED: usize = 80;

/// Narrower than this nothing is readable.
const NARROWEST: usize = 24;

/// The longest text from elsewhere, in characters.
const LONGEST: usize = 2_000;

/// How much of it is looked through for secrets, in characters.
const MOST_READ: usize = 16_000;

/// What lines are made for.
pub(crate) struct Page {
    pub(crate) columns: usize,
    pub(crate) style: Style,
    pub(crate) redactor: Redactor,
    pub(crate) now_ms: u64,
}

impl Page {
    /// Standard output. `COLUMNS` counts where it is set, as it does for others.
    pub(crate) fn of(machine: &Machine) -> Self {
        let told = machine.environment.text("COLUMNS");
        let told = told.and_then(|text| text.parse().ok());
        let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self {
            columns: told.or_else(seen).unwrap_or(ASSUMED).max(NARROWEST),
            style: Style::of_stdout(&machine.environment),
            redactor: machine.redactor.clone(),
            now_ms: machine.clock.unix_ms(),
        }
    }

    /// Text from elsewhere: one harmless line without secrets. Secrets are looked for in what is left
    /// without control characters, which could stand within one, and before the line is cut, which could
    /// leave the beginning of one.
    pub(crate) fn clean(&self, text: &str) -> String {
        let line = one_line(text, MOST_READ);
        let whole = line.chars().count() <= MOST_READ;
        let read = match whole {
            true => line.as_str(),
            // A secret has no space: the last word may be the beginning of one.
            false => line.rsplit_once(' ').map_or("", |(before, _)| before),
        };
        let mut clean = one_line(&self.redactor.redact(read), LONGEST);
        if !whole && !clean.ends_with('…') {
            clean.push('…');
        }
        clean
    }

    /// The text in lines of the page's width, broken between words; from the second on behind an
    /// indentation.
    pub(crate) fn wrapped(&self, text: &str, indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut is_new) = (String::new(), true);
        for word in text.split(' ') {
            let width = line.width();
            if word.is_empty() && (is_new && width > 0 || width + 1 >= self.columns) {
                continue;
            }
            if !is_new && width + 1 + word.width() > self.columns && !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                is_new = true;
            }
            if !is_new {
                line.push(' ');
            }
            line.push_str(&fit(word, self.columns - line.width()));
            is_new = false;
        }
        lines.push(line);
        lines
    }
}

/// What a fault is called, wherever one is shown: cause, phase, who is to blame, what else it condemns.
pub(crate) fn called([cause, phase, blame, scope]: [&str; 4]) -> String {
    format!("{cause} in phase {phase}; to blame: {blame}; condemns the {scope}")
}

/// How many rows the terminal has, if that is where it is read. `LINES` counts where it is set.
pub(crate) fn rows(machine: &Machine) -> Option<usize> {
    let told = machine.environment.text("LINES");
    let told = told.and_then(|text| text.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(_, height)| usize::from(height.0));
    told.or_else(|| seen().filter(|_| std::io::stdout().is_terminal()))
}

/// The text, filled up with spaces to so many columns, or cut.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    let spaces = " ".repeat(columns.saturating_sub(text.width()));
    text + &spaces
}

/// The beginning of a text that takes no more than so many columns.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitting = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        fitting.push(c);
    }
    fitting.push('…');
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Environment;

    pub(super) fn page(columns: usize) -> Page {
        let nowhere = Environment::new([("NO_COLOR", "1")], "/".into());
        Page {
            columns,
            style: Style::of_stdout(&nowhere),
            redactor: Redactor::new(),
            now_ms: 0,
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_never_too_wide() {
        let lines = page(24).wrapped("  alpha beta gamma delta epsilon zeta", 4);
        assert_eq!(lines, ["  alpha beta gamma delta", "    epsilon zeta"]);
        let lines = page(24).wrapped(&format!("a {} b", "x".repeat(60)), 2);
        assert!(lines.iter().all(|line| line.width() <= 24), "{lines:?}");
        let wide = page(24).wrapped(&"日本語 ".repeat(20), 2);
        assert!(wide.iter().all(|line| line.width() <= 24), "{wide:?}");
    }

    #[test]
    fn a_secret_is_not_shown_by_its_beginning_wherever_a_text_is_cut() {
        let key = "sk-canary-0123456789abcdef";
        let page = page(80);
        page.redactor
            .learn(&alipes_base::Secret::new(key.to_owned()));
        for end in [LONGEST, MOST_READ] {
            for before in end - 30..=end {
                let words = "word ".repeat(before / 5) + &" ".repeat(before % 5);
                let shown = page.clean(&format!("{words}{key} {}", "end ".repeat(20_000)));
                assert!(!shown.contains("canary"), "{before}");
                // What is blanked is shorter: what lay beyond the cut comes before it.
                let secrets = format!("{key} ").repeat(before / (key.len() + 1));
                let shown = page.clean(&format!("{secrets}{words}{key}{}", "x".repeat(50_000)));
                assert!(!shown.contains("canary"), "{before}");
            }
        }
        let split = page.clean("sk-canary\u{0}-0123456789\u{202e}abcdef is it");
        assert_eq!(split, "[redacted] is it");
        assert_eq!(page.clean(&"x".repeat(1 << 20)), "…");
    }

    #[test]
    fn what_is_too_wide_is_cut_by_its_width() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("日本語", 4), "日…");
    }
}
