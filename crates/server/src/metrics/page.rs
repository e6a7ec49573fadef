//! The page in the text format of Prometheus, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::{Display, Write as _};

/// What every name begins with.
const PREFIX: &str = "alipes_serve";

/// A page that is being written: family by family, each followed by its series.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn family(&mut self, name: &str, kind: &str, about: &str) {
        let _infallible = write!(
            self.0,
            "# HELP {PREFIX}_{name} {about}\n# TYPE {PREFIX}_{name} {kind}\n"
        );
    }

    /// One series: its labels, each with its value.
    pub(super) fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _infallible = write!(self.0, "{PREFIX}_{name}");
        for (at, (label, text)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _infallible = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _infallible = writeln!(self.0, "{end} {value}");
    }

    /// A family of one series.
    pub(super) fn only(&mut self, name: &str, kind: &str, about: &str, value: impl Display) {
        self.family(name, kind, about);
        self.line(name, &[], value);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_what_it_says_and_breaks_no_line() {
        let mut page = Page::default();
        page.line("a", &[("x", "q\"b\\n\n"), ("y", "")], 1);
        page.line("b", &[], 0.5);
        let text = page.into_text();
        let first = "alipes_serve_a{x=\"q\\\"b\\\\n\\n\",y=\"\"} 1\n";
        assert_eq!(text, format!("{first}alipes_serve_b 0.5\n"));
    }
}
