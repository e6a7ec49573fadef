//! Words in scripts that put no space between them. FTS5 takes a run of Chinese, Japanese or Korean for
//! one word, and would find it whole or not at all.
//!
//! So a run is indexed as its pairs of neighbours, and what is searched for asks for the same pairs in a
//! row: a pair is rare where its characters are common, and so a search stays quick. One character alone
//! is found in a list of those that occur, behind the text.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The text as it is indexed.
pub(super) fn indexed(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unspaced) {
        return Cow::Borrowed(text);
    }
    let mut spaced = String::with_capacity(text.len() * 3);
    for piece in pieces(text) {
        match piece {
            Piece::Run(run) => {
                for pair in pairs(run) {
                    push(&mut spaced, pair);
                }
                push(&mut spaced, last(run));
                spaced.push(' ');
            }
            Piece::Spaced(words) => spaced.push_str(words),
        }
    }
    let single: BTreeSet<char> = text.chars().filter(|c| is_unspaced(*c)).collect();
    for c in single {
        spaced.push(' ');
        spaced.push(c);
    }
    Cow::Owned(spaced)
}

/// A word that is searched for, as an FTS5 phrase
/// (<https://www.sqlite.org/fts5.html#fts5_phrases>); `begins`: it may go on.
pub(super) fn phrase(word: &str, begins: bool) -> String {
    let pieces: Vec<Piece<'_>> = pieces(word).collect();
    let mut text = String::new();
    let mut begins = begins;
    for (at, piece) in pieces.iter().enumerate() {
        let is_last = at + 1 == pieces.len();
        match *piece {
            Piece::Run(run) => {
                for pair in pairs(run) {
                    push(&mut text, pair);
                }
                let is_one = run.chars().nth(1).is_none();
                // Where the run ends in the word it ends in the text, too, but for the last.
                if !is_last || is_one {
                    push(&mut text, last(run));
                }
                if is_last {
                    begins = is_one && pieces.len() > 1;
                }
            }
            Piece::Spaced(words) => push(&mut text, words),
        }
    }
    let star = if begins { "*" } else { "" };
    format!("\"{text}\"{star}")
}

#[derive(Clone, Copy)]
enum Piece<'t> {
    /// Characters of scripts without spaces, at least one.
    Run(&'t str),
    /// Everything else.
    Spaced(&'t str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut left = text;
    std::iter::from_fn(move || {
        let is_run = is_unspaced(left.chars().next()?);
        let end = left.find(|c| is_unspaced(c) != is_run);
        let (piece, rest) = left.split_at(end.unwrap_or(left.len()));
        left = rest;
        Some(match is_run {
            true => Piece::Run(piece),
            false => Piece::Spaced(piece),
        })
    })
}

/// Each character of a run with its neighbour.
fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let starts = run.char_indices().map(|(at, _)| at);
    let ends = run.char_indices().map(|(at, c)| at + c.len_utf8()).skip(1);
    starts.zip(ends).map(|(start, end)| &run[start..end])
}

fn last(run: &str) -> &str {
    let at = run.char_indices().next_back().map_or(0, |(at, _)| at);
    &run[at..]
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
    text.push_str(word);
}

/// Whether a character is of a script that puts no space between words, or, for Korean, glues endings to
/// them: kana, bopomofo, Hangul, ideographs (Unicode 16, Blocks.txt).
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9F}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_indexed_as_pairs_and_its_characters_behind_the_text() {
        assert_eq!(indexed("plain text"), "plain text");
        assert_eq!(indexed("我用Rust写。"), "我用 用 Rust 写 。 写 我 用",);
        assert_eq!(indexed("字"), "字  字");
    }

    #[test]
    fn what_is_searched_for_asks_for_the_same_pairs() {
        for (word, begins, expected) in [
            ("rust", false, "\"rust\""),
            ("ru", true, "\"ru\"*"),
            ("字", false, "\"字\""),
            ("代码", false, "\"代码\""),
            ("代码", true, "\"代码\""),
            ("全文検索", false, "\"全文 文検 検索\""),
            ("用Rust写", false, "\"用 Rust 写\"*"),
            ("用Rust", true, "\"用 Rust\"*"),
            ("用Rust", false, "\"用 Rust\""),
        ] {
            assert_eq!(phrase(word, begins), expected, "{word}");
        }
    }
}
