//! Reads the patch format of the Codex CLI's `apply_patch`, which many models have been taught:
//! `*** Begin Patch`, sections of files, `*** End Patch`.
//!
//! Its hunks have no line numbers. `@@ some line` names a line above the place, and
//! `*** End of File` says that it is the last one.

use super::change::{Change, NotAPatch, Reader};
use super::hunk::{Hunk, Step};

pub(super) const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File: ";
const DELETE: &str = "*** Delete File: ";
const UPDATE: &str = "*** Update File: ";
const MOVE: &str = "*** Move to: ";
const END_OF_FILE: &str = "*** End of File";

/// The changes that a patch asks for.
pub(super) fn read(patch: &str) -> Result<Vec<Change>, NotAPatch> {
    let mut lines = Reader::new(patch);
    if lines.next().map(str::trim_end) != Some(BEGIN) {
        return Err(lines.bad(format!("it must begin with `{BEGIN}`")));
    }
    let mut changes = Vec::new();
    loop {
        if lines.peek().map(str::trim) == Some(END) {
            break;
        }
        changes.push(if let Some(path) = lines.after(ADD) {
            Change::Add {
                path: path.trim().to_owned(),
                text: added(&mut lines)?,
            }
        } else if let Some(path) = lines.after(DELETE) {
            Change::Delete {
                path: path.trim().to_owned(),
                hunks: Vec::new(),
            }
        } else if let Some(path) = lines.after(UPDATE) {
            update(&mut lines, path)?
        } else {
            let ended = lines.next().is_none();
            let expected = "`*** Add File: `, `*** Update File: `, `*** Delete File: ` or";
            let where_ = if ended { "the patch ends here; " } else { "" };
            return Err(lines.bad(format!("{where_}expected {expected} `{END}`")));
        });
    }
    Ok(changes)
}

fn added(lines: &mut Reader<'_>) -> Result<String, NotAPatch> {
    let mut text = String::new();
    while let Some(line) = lines.after("+") {
        text.push_str(line);
        text.push('\n');
    }
    match lines.peek() {
        Some(line) if !line.starts_with("***") => {
            lines.next();
            Err(lines.bad("each line of an added file begins with `+`"))
        }
        _ => Ok(text),
    }
}

fn update(lines: &mut Reader<'_>, path: &str) -> Result<Change, NotAPatch> {
    let moved_to = lines.after(MOVE).map(|path| path.trim().to_owned());
    let mut hunks = Vec::new();
    while lines.peek().is_some_and(|line| !is_section(line)) {
        hunks.push(hunk(lines)?);
    }
    if hunks.is_empty() && moved_to.is_none() {
        return Err(lines.bad("this file's section changes nothing"));
    }
    Ok(Change::Update {
        path: path.trim().to_owned(),
        moved_to,
        hunks,
    })
}

fn is_section(line: &str) -> bool {
    line.starts_with("*** ") && line.trim_end() != END_OF_FILE
}

fn hunk(lines: &mut Reader<'_>) -> Result<Hunk, NotAPatch> {
    let mut hunk = Hunk::default();
    while let Some(anchor) = lines.after("@@") {
        // Models also write the line numbers of the other format; they count for nothing here.
        let anchor = anchor.strip_prefix(' ').unwrap_or(anchor).trim_end();
        let is_numbers = anchor.starts_with('-') && anchor.ends_with("@@");
        if !anchor.is_empty() && !is_numbers {
            hunk.anchors.push(anchor.to_owned());
        }
    }
    while let Some(line) = lines.peek() {
        if line.trim_end() == END_OF_FILE {
            hunk.at_end = true;
            lines.next();
            break;
        }
        if is_section(line) || line.starts_with("@@") {
            break;
        }
        hunk.steps.push(step(lines)?);
    }
    finished(hunk, lines)
}

/// The next line of a hunk; an empty one has lost the space it began with.
pub(super) fn step(lines: &mut Reader<'_>) -> Result<Step, NotAPatch> {
    let line = lines.next().unwrap_or_default();
    let rest = |line: &str| line[1..].to_owned();
    match line.as_bytes().first() {
        None => Ok(Step::Blank),
        Some(b' ') => Ok(Step::Keep(rest(line))),
        Some(b'-') => Ok(Step::Remove(rest(line))),
        Some(b'+') => Ok(Step::Add(rest(line))),
        Some(_) => Err(lines.bad("each line of a hunk begins with a space, `+` or `-`")),
    }
}

/// The hunk, if there is anything in it. Empty lines at its end are taken for a gap between
/// sections: as lines around the place they would say little.
pub(super) fn finished(mut hunk: Hunk, lines: &Reader<'_>) -> Result<Hunk, NotAPatch> {
    while hunk.steps.last() == Some(&Step::Blank) {
        hunk.steps.pop();
    }
    match hunk.steps.is_empty() {
        true => Err(lines.bad("this hunk has no lines")),
        false => Ok(hunk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_section_is_read() {
        let patch = "*** Begin Patch\n*** Add File: a\n+one\n+\n*** Delete File: b\n\
            *** Update File: c\n*** Move to: d\n@@ fn x\n a\n-b\n+c\n\n@@\n+end\n*** End of File\n*** End Patch\n";
        let changes = read(patch).unwrap();
        let paths: Vec<_> = changes.iter().flat_map(Change::paths).collect();
        assert_eq!(paths, ["a", "b", "c", "d"]);
        assert_eq!(
            changes[0],
            Change::Add {
                path: "a".to_owned(),
                text: "one\n\n".to_owned()
            }
        );
        let Change::Update { hunks, .. } = &changes[2] else {
            panic!("{changes:?}");
        };
        assert_eq!(hunks[0].anchors, ["fn x"]);
        assert_eq!(hunks[0].steps.len(), 3);
        assert!(hunks[1].at_end);
    }

    #[test]
    fn a_complaint_names_the_line() {
        for (patch, line) in [
            ("", 1),
            ("*** Begin Patch\nhello\n*** End Patch", 2),
            ("*** Begin Patch\n*** Add File: a\none\n*** End Patch", 3),
            ("*** Begin Patch\n*** Update File: a\n?\n*** End Patch", 3),
            ("*** Begin Patch\n*** Update File: a\n*** End Patch", 2),
            ("*** Begin Patch\n*** Delete File: a\n", 2),
        ] {
            assert_eq!(read(patch).unwrap_err().line, line, "{patch}");
        }
    }
}
