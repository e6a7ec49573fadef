//! Reads a unified diff, as `diff -u` and `git diff` write it.
//!
//! Its line numbers are a hint and no more: a model counts badly. So the lines of a hunk end where
//! the next hunk or file begins. Only what could be both, a changed line or a file's name, is told
//! apart by the counts.

use super::begin_patch::{finished, step};
use super::change::{Change, NotAPatch, Reader};
use super::hunk::{Hunk, Step};

/// What stands for a file that is not there.
const NO_FILE: &str = "/dev/null";

/// The changes that a diff asks for.
pub(super) fn read(patch: &str) -> Result<Vec<Change>, NotAPatch> {
    let mut lines = Reader::new(patch);
    let mut changes = Vec::new();
    loop {
        let names = names(&mut lines)?;
        if lines.peek().is_none() && names.is_none() {
            break;
        }
        let (old, new) = names.ok_or_else(|| lines.bad("expected `--- ` and `+++ ` lines"))?;
        let mut hunks = Vec::new();
        while lines.peek().is_some_and(|line| line.starts_with("@@")) {
            hunks.push(hunk(&mut lines)?);
        }
        changes.push(change(old, new, hunks).ok_or_else(|| lines.bad("a change of no file"))?);
    }
    match changes.is_empty() {
        true => Err(lines.bad("there is no change in it")),
        false => Ok(changes),
    }
}

/// The old name and the new one of the next file; nothing where the diff ends.
fn names(lines: &mut Reader<'_>) -> Result<Option<(String, String)>, NotAPatch> {
    let (mut from, mut to) = (None, None);
    while let Some(line) = lines.peek() {
        if is_header(lines, None) {
            let old = lines.after("--- ").unwrap_or_default();
            let new = lines.after("+++ ").unwrap_or_default();
            return Ok(Some(bare(old, new)));
        }
        if line.starts_with("@@") {
            break;
        }
        if line.starts_with("diff ") && from.is_some() {
            break;
        }
        lines.next();
        if let Some(name) = line.strip_prefix("rename from ") {
            from = Some(name.to_owned());
        } else if let Some(name) = line.strip_prefix("rename to ") {
            to = Some(name.to_owned());
        } else if line.starts_with("GIT binary patch") || line.starts_with("old mode ") {
            return Err(lines.bad("binary content and file modes are not changed by patches"));
        }
    }
    Ok(from.zip(to))
}

/// Whether the next lines name a file. They could also be lines of a hunk: a removed `-- x` and an
/// added `++ x`.
fn is_header(lines: &Reader<'_>, left: Option<&Left>) -> bool {
    let beginning = |by, beginning| {
        lines
            .ahead(by)
            .and_then(|line: &str| line.strip_prefix(beginning))
    };
    let (Some(old), Some(new), Some(_)) = (
        beginning(0, "--- "),
        beginning(1, "+++ "),
        beginning(2, "@@"),
    ) else {
        return false;
    };
    let is_name = |line: &str, prefix| line.starts_with(prefix) || line.starts_with(NO_FILE);
    left.is_none_or(Left::is_none) || is_name(old, "a/") && is_name(new, "b/")
}

/// How many lines a hunk is still to have, by what it says itself.
struct Left {
    old: usize,
    new: usize,
}

impl Left {
    /// The counts of ` -12,3 +12,4 @@ fn x`; one that is not there is 1.
    fn of(heading: &str) -> Self {
        let count = |sign| {
            let (_, range) = heading.split_once(sign)?;
            let range = range.split(' ').next()?;
            range
                .split_once(',')
                .map_or(Some(1), |(_, count)| count.parse().ok())
        };
        Self {
            old: count('-').unwrap_or(0),
            new: count('+').unwrap_or(0),
        }
    }

    fn take(&mut self, step: &Step) {
        let (old, new) = match step {
            Step::Keep(_) | Step::Blank => (1, 1),
            Step::Remove(_) => (1, 0),
            Step::Add(_) => (0, 1),
        };
        self.old = self.old.saturating_sub(old);
        self.new = self.new.saturating_sub(new);
    }

    fn is_none(&self) -> bool {
        self.old == 0 && self.new == 0
    }
}

/// The names without `a/` and `b/`, and without what `diff` writes behind a tab.
fn bare(old: &str, new: &str) -> (String, String) {
    let name = |line: &str| {
        line.split('\t')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let (old, new) = (name(old), name(new));
    let a = old.strip_prefix("a/").or((old == NO_FILE).then_some(&old));
    let b = new.strip_prefix("b/").or((new == NO_FILE).then_some(&new));
    match (a, b) {
        (Some(a), Some(b)) => (a.to_owned(), b.to_owned()),
        _ => (old, new),
    }
}

fn hunk(lines: &mut Reader<'_>) -> Result<Hunk, NotAPatch> {
    let heading = lines.after("@@").unwrap_or_default();
    let mut hunk = Hunk {
        line: first_line(heading),
        ..Hunk::default()
    };
    let (mut left, mut ended) = (Left::of(heading), (true, true));
    while let Some(line) = lines.peek() {
        if line.starts_with("@@") || line.starts_with("diff ") || is_header(lines, Some(&left)) {
            break;
        }
        if line.starts_with('\\') {
            lines.next();
            match hunk.steps.last() {
                Some(Step::Remove(_)) => ended.0 = false,
                Some(Step::Add(_)) => ended.1 = false,
                _ => ended = (false, false),
            }
            continue;
        }
        let step = step(lines)?;
        left.take(&step);
        hunk.steps.push(step);
    }
    hunk.final_ending = (ended.0 != ended.1).then_some(ended.1);
    finished(hunk, lines)
}

/// The first number of ` -12,3 +12,4 @@ fn x`.
fn first_line(heading: &str) -> Option<usize> {
    let old = heading.trim_start().strip_prefix('-')?;
    let digits = old.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn change(old: String, new: String, hunks: Vec<Hunk>) -> Option<Change> {
    match (old == NO_FILE, new == NO_FILE) {
        (true, true) => None,
        (true, false) => Some(Change::Add {
            path: new,
            text: text(&hunks),
        }),
        (false, true) => Some(Change::Delete { path: old }),
        (false, false) => Some(Change::Update {
            moved_to: (old != new).then_some(new),
            path: old,
            hunks,
        }),
    }
}

/// The text of a file that is all added.
fn text(hunks: &[Hunk]) -> String {
    let mut text = String::new();
    for step in hunks.iter().flat_map(|hunk| &hunk.steps) {
        if let Step::Add(line) = step {
            text.push_str(line);
            text.push('\n');
        }
    }
    if hunks.last().and_then(|hunk| hunk.final_ending) == Some(false) {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_line_numbers_and_endings_are_read() {
        let patch = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -3,2 +3,2 @@ fn f\n a\n-b\n\\ No newline at end of file\n+c\n\
            --- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+one\n\\ No newline at end of file\n\
            --- a/gone\t2026-01-01\n+++ /dev/null\n@@ -1 +0,0 @@\n--- x\n";
        let changes = read(patch).unwrap();
        let Change::Update { path, hunks, .. } = &changes[0] else {
            panic!("{changes:?}");
        };
        assert_eq!((path.as_str(), hunks[0].line), ("x", Some(3)));
        assert_eq!(hunks[0].final_ending, Some(true));
        assert_eq!(
            changes[1],
            Change::Add {
                path: "new".to_owned(),
                text: "one".to_owned()
            }
        );
        assert_eq!(
            changes[2],
            Change::Delete {
                path: "gone".to_owned()
            }
        );
        assert_eq!(changes.len(), 3);
    }

    #[test]
    fn a_file_whose_hunk_counts_too_many_lines_does_not_swallow_the_next() {
        let hunk = "@@ -1,9 +1,9 @@\n-a\n+b\n";
        let patch = format!("--- a/x\n+++ b/x\n{hunk}--- a/y\n+++ b/y\n{hunk}");
        assert_eq!(read(&patch).unwrap().len(), 2);
    }

    #[test]
    fn a_rename_needs_no_hunk() {
        let patch = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n";
        assert_eq!(
            read(patch).unwrap(),
            [Change::Update {
                path: "x".to_owned(),
                moved_to: Some("y".to_owned()),
                hunks: Vec::new()
            }]
        );
    }

    #[test]
    fn what_is_no_diff_is_refused_with_its_line() {
        for (patch, line) in [
            ("hello\n", 1),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n", 3),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n?\n", 4),
            ("diff --git a/x b/x\nold mode 100644\n", 2),
        ] {
            assert_eq!(read(patch).unwrap_err().line, line, "{patch}");
        }
    }
}
