//! Colour, where a terminal wants it. It never carries meaning alone.

use std::fmt::Display;
use std::io::IsTerminal as _;

use alipes_base::Environment;

/// How one of the standard streams looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// For data on standard output.
    pub(crate) fn of_stdout(environment: &Environment) -> Self {
        Self::of(environment, std::io::stdout().is_terminal())
    }

    /// For talk on standard error.
    pub(crate) fn of_stderr(environment: &Environment) -> Self {
        Self::of(environment, std::io::stderr().is_terminal())
    }

    /// Colour on a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal is dumb.
    fn of(environment: &Environment, is_terminal: bool) -> Self {
        let wanted =
            environment.text("NO_COLOR").is_none() && environment.text("TERM") != Some("dumb");
        Self {
            colour: wanted && is_terminal,
        }
    }

    pub(crate) fn error(self, text: impl Display) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn strong(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn faint(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn warning(self, text: impl Display) -> String {
        self.paint("33", text)
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

/// Seconds as people read them.
pub(crate) fn seconds(length: std::time::Duration) -> String {
    let seconds = length.as_secs_f64();
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", s * 1_000.0),
        s if s < 0.1 => format!("{:.0} ms", s * 1_000.0),
        s if s < 10.0 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}

/// `1.2 MB`
pub(crate) fn bytes(number: u64) -> String {
    let number = number as f64;
    match number {
        n if n < 1e3 => format!("{n:.0} bytes"),
        n if n < 1e6 => format!("{:.0} kB", n / 1e3),
        n if n < 1e9 => format!("{:.1} MB", n / 1e6),
        n => format!("{:.1} GB", n / 1e9),
    }
}

/// So many of something whose plural ends in s, or in ies for one in ry.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    match noun.strip_suffix("ry") {
        _ if count == 1 => format!("{count} {noun}"),
        Some(stem) => format!("{count} {stem}ries"),
        None => format!("{count} {noun}s"),
    }
}

/// Text from elsewhere in one harmless line: control, direction and escape characters could
/// disguise it.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let (mut line, mut length) = (String::new(), 0);
    for c in text.chars() {
        if length >= longest {
            line.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            c if harmful(c) => continue,
            c => line.push(c),
        }
        length += 1;
    }
    line
}

/// Text from elsewhere with its lines kept, but nothing that could steer a terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !harmful(*c))
        .collect()
}

/// JSON of which nothing steers a terminal that it is printed on: what could is spelt as an escape,
/// which means the same. Between values there are no escapes, and of what may stand there only a return of
/// the cursor does anything.
pub(crate) fn harmless_json(json: &str) -> String {
    let mut spelt = String::with_capacity(json.len());
    let (mut in_text, mut is_escaped) = (false, false);
    for c in json.chars() {
        match c {
            '\n' | '\t' if !in_text => spelt.push(c),
            '\r' if !in_text => spelt.push(' '),
            c if harmful(c) => spelt.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => spelt.push(c),
        }
        in_text ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    spelt
}

/// Control characters, and those that change the direction of text (Unicode TR 36). None lies beyond
/// four digits.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn lengths_read_well() {
        let table = [
            (3, "3.0 ms"),
            (30, "30 ms"),
            (1_240, "1.2 s"),
            (12_400, "12 s"),
        ];
        for (ms, text) in table {
            assert_eq!(seconds(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\x1b[31m\nb\u{202E}c", 80), "a[31m bc");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(harmless("a\x1b]52;c;x\x07\nb"), "a]52;c;x\nb");
    }

    #[test]
    fn layout_between_values_stays_layout() {
        let raw = "{\t\"a\\\"\\\\\":\r\n [\"\u{7f}\", 1\r],\r\"b\":\t\"\u{9b}\"}";
        let spelt = harmless_json(raw);
        let expected = "{\t\"a\\\"\\\\\": \n [\"\\u007f\", 1 ], \"b\":\t\"\\u009b\"}";
        assert_eq!(spelt, expected);
        let meant: serde_json::Value = serde_json::from_str(&spelt).unwrap();
        assert_eq!(meant["a\"\\"][0], "\u{7f}");
        assert_eq!(meant["b"], "\u{9b}");
    }

    #[test]
    fn json_that_steers_no_terminal_means_what_it_meant() {
        let evil = serde_json::json!({ "a": "\u{9b}31m\u{7f}\u{202e}\u{61c}\u{1b}[2J\n\0 ü" });
        for json in [evil.to_string(), format!("{evil:#}")] {
            let spelt = harmless_json(&json);
            assert!(
                !spelt.contains(|c: char| c != '\n' && harmful(c)),
                "{spelt:?}"
            );
            let meant: serde_json::Value = serde_json::from_str(&spelt).unwrap();
            assert_eq!(meant, evil);
        }
    }
}
