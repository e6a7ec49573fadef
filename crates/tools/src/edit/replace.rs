//! One text put in another one's place: exactly, or else by whole lines that nearly match.

use super::document::{Document, without_mark};
use super::hunk::{Hunk, carry_out};
use super::place::{Manner, Missed};
use crate::ToolError;
use crate::disk::Watch;

/// Most places that a complaint names.
const NAMED: usize = 5;

/// A document with `old` replaced by `new`, and how `old` was found. The inner error is for the
/// model: why nothing was replaced.
pub(super) fn replaced(
    document: &Document,
    (old, new): (&str, &str),
    all: bool,
    watch: &Watch,
) -> Result<Result<(Document, Manner), String>, ToolError> {
    let body = document.body();
    let written = document.in_its_endings(old);
    // In a file of mixed endings a text may also stand as it was given.
    let exact = [written.as_str(), without_mark(old)]
        .into_iter()
        .find(|old| body.contains(old));
    let new = document.in_its_endings(new);
    let Some(old) = exact else {
        return nearly(document, old, &new, watch);
    };
    let lines = lines_of(body, old);
    if lines.len() > 1 && !all {
        let several = Missed::Several(
            lines.iter().take(NAMED).copied().collect(),
            lines.len() > NAMED,
        );
        let told = several.told(old.lines().next().unwrap_or_default())?;
        return Ok(Err(format!("{told}, or set `replace_all`")));
    }
    let body = match all {
        true => body.replace(old, &new),
        false => body.replacen(old, &new, 1),
    };
    Ok(Ok((document.with_body(body), Manner::Exact)))
}

/// The lines, counted from 1, at which a text stands; one more than is named at most. Places may
/// overlap: of those too it would be a guess which one is meant.
fn lines_of(body: &str, text: &str) -> Vec<usize> {
    let (mut lines, mut from, mut line) = (Vec::new(), 0, 1);
    let step = text.chars().next().map_or(1, char::len_utf8);
    while let Some(at) = body[from..].find(text) {
        line += body[from..from + at].matches('\n').count();
        lines.push(line);
        if lines.len() > NAMED {
            break;
        }
        line += usize::from(text.starts_with('\n'));
        from += at + step;
    }
    lines
}

fn nearly(
    document: &Document,
    old: &str,
    new: &str,
    watch: &Watch,
) -> Result<Result<(Document, Manner), String>, ToolError> {
    match carry_out(document, &[Hunk::replacing(old, new)], watch) {
        Ok(done) => Ok(Ok(done)),
        Err(missing) => missing.told().map(Err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_overlap_are_several() {
        assert_eq!(lines_of("aaa", "aa"), [1, 1]);
        assert_eq!(lines_of("a\nb\na\n", "a\n"), [1, 3]);
        assert_eq!(lines_of("\n\n\n", "\n\n"), [1, 2]);
        assert_eq!(lines_of("ä ä", "ä"), [1, 1]);
    }
}
