//! Colours in code: comments, texts, numbers and each language's own words. A few words and signs for a
//! language are enough to read it by, and cost nothing at the start.

use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};

use super::looks::{BAD, FAINT, GOOD, KEYWORD, NUMBER, PLACE, PLAIN, TEXT};

/// What tells one language from another.
struct Language {
    /// What a fence calls it.
    names: &'static str,
    /// What begins a comment that ends with its line.
    comment: &'static [&'static str],
    /// Whether `/* … */` is one.
    block_comments: bool,
    quotes: &'static str,
    words: &'static str,
}

const C_LIKE: &str = "auto break case catch class const constexpr continue default delete do double \
    else enum extends extern false final finally float for goto if implements import inline int \
    interface long namespace new null nullptr package private protected public return short signed \
    sizeof static struct super switch template this throw true try typedef typename union unsigned \
    using var virtual void volatile while boolean byte char string bool foreach in is out ref async \
    await";

const LANGUAGES: [Language; 9] = [
    Language {
        names: "rust rs",
        comment: &["//"],
        block_comments: true,
        quotes: "\"",
        words: "as async await break const continue crate dyn else enum extern false fn for if impl in \
            let loop match mod move mut pub ref return self Self static struct super trait true type \
            unsafe use where while",
    },
    Language {
        names: "python py",
        comment: &["#"],
        block_comments: false,
        quotes: "\"'",
        words: "False None True and as assert async await break class continue def del elif else except \
            finally for from global if import in is lambda nonlocal not or pass raise return try while \
            with yield",
    },
    Language {
        names: "javascript js jsx typescript ts tsx mjs",
        comment: &["//"],
        block_comments: true,
        quotes: "\"'`",
        words: "as async await break case catch class const continue default delete do else enum export \
            extends false finally for from function if implements import in instanceof interface let new \
            null of private public return static super switch this throw true try type typeof undefined \
            var void while yield",
    },
    Language {
        names: "go golang",
        comment: &["//"],
        block_comments: true,
        quotes: "\"'`",
        words: "break case chan const continue default defer else fallthrough false for func go goto if \
            import interface map nil package range return select struct switch true type var",
    },
    Language {
        names: "c cpp c++ h hpp java kotlin kt csharp cs swift",
        comment: &["//"],
        block_comments: true,
        quotes: "\"'",
        words: C_LIKE,
    },
    Language {
        names: "sh bash zsh shell console",
        comment: &["#"],
        block_comments: false,
        quotes: "\"'",
        words: "case do done elif else esac export fi for function if in local return set then until \
            while",
    },
    Language {
        names: "toml yaml yml ini conf dockerfile makefile make",
        comment: &["#", ";"],
        block_comments: false,
        quotes: "\"'",
        words: "true false null yes no on off FROM RUN COPY ENV CMD ENTRYPOINT WORKDIR",
    },
    Language {
        names: "json jsonc json5",
        comment: &["//"],
        block_comments: true,
        quotes: "\"",
        words: "true false null",
    },
    Language {
        names: "sql",
        comment: &["--"],
        block_comments: true,
        quotes: "'\"",
        words: "SELECT FROM WHERE AND OR NOT INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE INDEX DROP \
            ALTER JOIN LEFT RIGHT INNER OUTER ON GROUP BY ORDER HAVING LIMIT AS NULL IS IN LIKE DISTINCT \
            select from where and or not insert into values update set delete create table index drop \
            alter join left right inner outer on group by order having limit as null is in like distinct",
    },
];

/// The lines of `code`, which a fence says is written in `language`.
pub(super) fn lines(code: &str, language: &str) -> Vec<Line<'static>> {
    let name = language.split([' ', ',', '{']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    if matches!(name.as_str(), "diff" | "patch") {
        return diff(code);
    }
    let known = |language: &&Language| language.names.split(' ').any(|known| known == name);
    let Some(language) = LANGUAGES.iter().find(known) else {
        let plain = code.lines().map(|line| Line::raw(line.to_owned()));
        return plain.collect();
    };
    let mut in_comment = false;
    let lines = code.lines();
    lines
        .map(|line| coloured(line, language, &mut in_comment))
        .collect()
}

/// A unified diff: what went is red and begins with `-`, what came is green and begins with `+`.
pub(super) fn diff(text: &str) -> Vec<Line<'static>> {
    let styled = text.lines().map(|line| {
        let style = match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") => FAINT,
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => PLACE,
            _ => PLAIN,
        };
        Line::from(Span::styled(line.to_owned(), style))
    });
    styled.collect()
}

fn coloured(line: &str, language: &Language, in_comment: &mut bool) -> Line<'static> {
    let mut spans = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (length, style) = token(rest, language, in_comment);
        let (token, after) = rest.split_at(length);
        spans.push(Span::styled(token.to_owned(), style));
        rest = after;
    }
    Line::from(spans)
}

/// How long the first token is, in bytes, and how it looks.
fn token(rest: &str, language: &Language, in_comment: &mut bool) -> (usize, Style) {
    if *in_comment || language.block_comments && rest.starts_with("/*") {
        let end = rest.find("*/");
        *in_comment = end.is_none();
        return (end.map_or(rest.len(), |end| end + 2), FAINT);
    }
    if language.comment.iter().any(|sign| rest.starts_with(sign)) {
        return (rest.len(), FAINT);
    }
    let first = rest.chars().next().unwrap_or(' ');
    if language.quotes.contains(first) {
        return (quoted(rest, first), TEXT);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if !is_word(first) {
        return (first.len_utf8(), PLAIN);
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let style = match first.is_ascii_digit() {
        true => NUMBER,
        false
            if language
                .words
                .split_whitespace()
                .any(|word| word == &rest[..end]) =>
        {
            KEYWORD
        }
        false => PLAIN,
    };
    (end, style)
}

/// The length of a text in quotes, to the end of the line where it does not end before.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(code: &str, language: &str) -> Vec<(String, Style)> {
        let lines = lines(code, language).into_iter();
        let spans = lines.flat_map(|line| line.spans);
        spans
            .filter(|span| span.style != PLAIN)
            .map(|span| (span.content.into_owned(), span.style))
            .collect()
    }

    #[test]
    fn words_texts_numbers_and_comments_are_told_apart() {
        let found = styles("let x = \"a\\\"b\" + 12; // fn\n/* a\nb */ fn", "rust");
        let expected = [
            ("let", KEYWORD),
            ("\"a\\\"b\"", TEXT),
            ("12", NUMBER),
            ("// fn", FAINT),
            ("/* a", FAINT),
            ("b */", FAINT),
            ("fn", KEYWORD),
        ];
        let expected: Vec<_> = expected
            .map(|(text, style)| (text.to_owned(), style))
            .into();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_character_of_the_code_is_lost_in_any_language() {
        let nasty = "\"open 'x' `y` /* z\nend */ é日 # ;-- 1.5e3\n\n\\";
        for name in ["rust", "py", "ts", "sql", "toml", "diff", "klingon", ""] {
            let lines: Vec<String> = lines(nasty, name).iter().map(ToString::to_string).collect();
            assert_eq!(lines.join("\n"), nasty, "{name}");
        }
    }

    #[test]
    fn a_diff_is_red_and_green() {
        let found = styles("--- a\n@@ 1\n-x\n+y\n z", "diff");
        let looks: Vec<Style> = found.into_iter().map(|(_, style)| style).collect();
        assert_eq!(looks, [FAINT, PLACE, BAD, GOOD]);
    }
}
