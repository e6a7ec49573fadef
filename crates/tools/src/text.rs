//! Makes text harmless that people or a model will read: escape sequences, invisible and direction
//! characters.
//!
//! Two manners. [`one_line`] and [`path`] are for lines that a person decides by, and *spell out*
//! whatever could disguise them. [`plain`] is for the output of programs, and *removes* what a
//! terminal would have swallowed, so that the model does not pay for colours.

use std::fmt::Write as _;
use std::path::Path;

use alipes_base::Redactor;

/// Longest path in a message, in characters.
const PATH_CHARS: usize = 200;

/// Longest summary, in characters.
const SUMMARY_CHARS: usize = 100;

/// A call in one line for people.
pub(crate) fn summary(text: &str) -> String {
    one_line(text, SUMMARY_CHARS)
}

/// Longest name of something that there is not, in characters.
const NAME_CHARS: usize = 60;

/// A name that nobody here has given, a model's for a tool that there is not: one short line in which
/// nothing could disguise it, without secrets.
#[must_use]
pub fn strangers_name(name: &str, redactor: &Redactor) -> String {
    // Before it is cut: half a secret is known no more.
    one_line(&redactor.redact(name), NAME_CHARS)
}

/// A path in a message.
pub(crate) fn path(path: &Path) -> String {
    one_line(&path.to_string_lossy(), PATH_CHARS)
}

/// All of a path, for somebody who decides by it.
pub(crate) fn whole_path(path: &Path) -> String {
    one_line(&path.to_string_lossy(), usize::MAX)
}

/// A number with its noun, which takes an `s` unless there is one.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// At most `limit` characters in one line; what is left out is counted.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    let mut rest = text.chars();
    while let Some(character) = rest.clone().next() {
        let mark = line.len();
        spell(character, &mut line);
        used += line[mark..].chars().count();
        if used > limit {
            line.truncate(mark);
            let _ = write!(line, "… (+{} characters)", rest.count());
            return line;
        }
        rest.next();
    }
    line
}

/// A whole line for people who decide by it, with its tabs.
pub(crate) fn whole_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => line.push('\t'),
            other => spell(other, &mut line),
        }
    }
    line
}

/// Of a line that is longer than `limit` characters its beginning and its end.
pub(crate) fn both_ends(line: String, limit: usize) -> String {
    let count = line.chars().count();
    if count <= limit {
        return line;
    }
    let part = |from: usize| line.chars().skip(from).take(limit / 2).collect::<String>();
    let (head, tail) = (part(0), part(count - limit / 2));
    format!("{head}… ({} characters) …{tail}", count - 2 * (limit / 2))
}

/// The character itself, or its escape if a reader could be fooled by it.
fn spell(character: char, line: &mut String) {
    if character.is_control() || is_invisible(character) {
        line.extend(character.escape_default());
    } else {
        line.push(character);
    }
}

/// Characters that show nothing, or change how their neighbours are shown (Unicode 16, general
/// category Cf and its like).
fn is_invisible(character: char) -> bool {
    turns_text_around(character)
        || matches!(character,
            '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}'
            | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}')
}

/// Direction controls (UAX #9) and tag characters: in any text they hide what is really there.
fn turns_text_around(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

/// A program's output as plain text: no escape sequences, line feeds only, other control characters
/// as their pictures, direction characters spelt out.
pub(crate) fn plain(output: &str) -> String {
    let mut text = String::with_capacity(output.len());
    let mut rest = output.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '\t' => text.push(character),
            // A carriage return alone redraws a line, as progress bars do.
            '\r' => {
                if rest.peek() != Some(&'\n') {
                    text.push('\n');
                }
            }
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\0'..='\u{1f}' => text.push(picture(character)),
            '\u{7f}' => text.push('\u{2421}'),
            _ if character.is_control() || turns_text_around(character) => {
                text.extend(character.escape_default());
            }
            _ => text.push(character),
        }
    }
    text
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an ESC (ECMA-48).
fn skip_escape(rest: &mut Rest<'_>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_control_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(rest),
        Some(' '..='/') => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
        Some('0'..='~') => {
            rest.next();
        }
        _ => {}
    }
}

/// Parameters and the final character of a CSI sequence.
fn skip_control_sequence(rest: &mut Rest<'_>) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// An OSC, DCS, SOS, PM or APC string up to its terminator. One that is not terminated ends with
/// its line: it must not swallow the output that follows.
fn skip_string(rest: &mut Rest<'_>) {
    while let Some(character) = rest.next_if(|c| *c != '\n') {
        match character {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if rest.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

/// The picture of a C0 control character: U+2400 for NUL.
fn picture(control: char) -> char {
    char::from_u32(0x2400 + u32::from(control)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_people_decide_by_cannot_disguise_itself() {
        assert_eq!(
            summary("run \"ls\r\u{1b}[2Krm -rf\""),
            "run \"ls\\r\\u{1b}[2Krm -rf\""
        );
        assert_eq!(
            summary("a\u{202e}b\u{200b}c\nd"),
            "a\\u{202e}b\\u{200b}c\\nd"
        );
        assert_eq!(summary("grüße 🙂"), "grüße 🙂");
    }

    #[test]
    fn a_line_that_is_cut_says_how_much_is_missing() {
        assert_eq!(one_line("abcdef", 4), "abcd… (+2 characters)");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abc\n\n", 4), "abc… (+2 characters)");
    }

    #[test]
    fn escape_sequences_are_taken_out_of_output() {
        let cases = [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("a\u{1b}]52;c;cm0gLXJm\u{7}b", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "alink"),
            ("a\u{1b}Pq#0\u{1b}\\b", "ab"),
            ("a\u{9b}2Jb\u{9d}0;t\u{9c}c", "abc"),
            ("a\u{1b}(Bb\u{1b}cc", "abc"),
            ("ends in \u{1b}", "ends in "),
        ];
        for (output, text) in cases {
            assert_eq!(plain(output), text, "{output:?}");
        }
    }

    #[test]
    fn an_unfinished_sequence_hides_no_more_than_its_line() {
        assert_eq!(plain("a\u{1b}]0;never ended\nb"), "a\nb");
        assert_eq!(plain("a\u{1b}[31\nb"), "a\nb");
    }

    #[test]
    fn other_control_characters_become_visible() {
        assert_eq!(plain("a\0b\u{8}c\r\nd\re\tf"), "a␀b␈c\nd\ne\tf");
        assert_eq!(plain("x\u{202e}y"), "x\\u{202e}y");
    }
}
