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

const NEW_FILE: &str = "new file mode ";

/// The mode of a file that is no program and no link.
const PLAIN: &str = "100644";

/// Of such a file git writes no lines that name it.
const EMPTY: &str = "an empty file is made with `write_file` and deleted by `*** Delete File: `";

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
    let mut is_made_or_goes = false;
    while let Some(line) = lines.peek() {
        if is_header(lines, None) {
            let old = lines.after("--- ").unwrap_or_default();
            let new = lines.after("+++ ").unwrap_or_default();
            return Ok(Some(bare(old, new)));
        }
        let is_next = line.starts_with("diff ");
        if line.starts_with("@@") || is_next && from.is_some() {
            break;
        }
        if is_next && is_made_or_goes {
            return Err(lines.bad(EMPTY));
        }
        lines.next();
        if let Some(name) = line.strip_prefix("rename from ") {
            from = Some(name_of(name));
        } else if let Some(name) = line.strip_prefix("rename to ") {
            to = Some(name_of(name));
        } else if let Some(why) = not_taken(line) {
            return Err(lines.bad(why));
        }
        is_made_or_goes |= line.starts_with(NEW_FILE) || line.starts_with("deleted file mode ");
    }
    match from.zip(to) {
        None if is_made_or_goes => Err(lines.bad(EMPTY)),
        names => Ok(names),
    }
}

/// Why a line of git's about a file cannot be followed, if so.
fn not_taken(line: &str) -> Option<&'static str> {
    let mode = line.strip_prefix(NEW_FILE).map(str::trim_end);
    if line.starts_with("copy from ") || line.starts_with("copy to ") {
        return Some("files are not copied by patches; add the file instead");
    }
    let sets_mode = line.starts_with("old mode ") || line.starts_with("new mode ");
    if line.starts_with("GIT binary patch") || sets_mode || mode.is_some_and(|mode| mode != PLAIN) {
        return Some("binary content and file modes are not changed by patches");
    }
    None
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
    let is_name = |line: &str, prefix| {
        line.trim_start_matches('"').starts_with(prefix) || line.starts_with(NO_FILE)
    };
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

/// The names without `a/` and `b/`.
fn bare(old: &str, new: &str) -> (String, String) {
    let (old, new) = (name_of(old), name_of(new));
    let a = old.strip_prefix("a/").or((old == NO_FILE).then_some(&old));
    let b = new.strip_prefix("b/").or((new == NO_FILE).then_some(&new));
    match (a, b) {
        (Some(a), Some(b)) => (a.to_owned(), b.to_owned()),
        _ => (old, new),
    }
}

/// A name as it is, without git's quotes, or without what `diff` writes behind a tab.
fn name_of(written: &str) -> String {
    let name = written.split('\t').next().unwrap_or_default().trim();
    unquoted(name).unwrap_or_else(|| name.to_owned())
}

/// What git has put into quotes: bytes that are no plain letters as C spells them
/// (git-config(1), `core.quotePath`). Nothing of a name that is not spelt so.
fn unquoted(name: &str) -> Option<String> {
    let inside = name.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = inside.bytes();
    let mut read = Vec::new();
    while let Some(byte) = bytes.next() {
        read.push(match byte {
            b'"' => return None,
            b'\\' => escaped(&mut bytes)?,
            plain => plain,
        });
    }
    String::from_utf8(read).ok()
}

/// The byte that stands behind a backslash.
fn escaped(bytes: &mut std::str::Bytes<'_>) -> Option<u8> {
    Some(match bytes.next()? {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        same @ (b'"' | b'\\') => same,
        first @ b'0'..=b'3' => {
            let mut digit = || bytes.next().filter(|digit| matches!(digit, b'0'..=b'7'));
            (first - b'0') * 64 + (digit()? - b'0') * 8 + (digit()? - b'0')
        }
        _ => return None,
    })
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
        (false, true) => Some(Change::Delete { path: old, hunks }),
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
        let Change::Delete { path, hunks } = &changes[2] else {
            panic!("{changes:?}");
        };
        assert_eq!((path.as_str(), hunks.len()), ("gone", 1));
        assert_eq!(changes.len(), 3);
    }

    #[test]
    fn a_file_whose_hunk_counts_too_many_lines_does_not_swallow_the_next() {
        let hunk = "@@ -1,9 +1,9 @@\n-a\n+b\n";
        let patch = format!("--- a/x\n+++ b/x\n{hunk}--- a/y\n+++ b/y\n{hunk}");
        assert_eq!(read(&patch).unwrap().len(), 2);
    }

    #[test]
    fn names_in_gits_quotes_are_read() {
        for (written, name) in [
            (r#""b/\303\274.txt""#, "b/\u{fc}.txt"),
            (r#""b/a\"b\\c\t""#, "b/a\"b\\c\t"),
            ("b/plain name.txt\t", "b/plain name.txt"),
            (r#""b/\9""#, r#""b/\9""#),
        ] {
            assert_eq!(name_of(written), name);
        }
        let hunk = "@@ -1 +1 @@\n-a\n+b\n";
        let named = r#"--- "a/\303\274"
+++ "b/\303\274"
"#;
        let patch = format!("{named}{hunk}{named}{hunk}");
        let paths = read(&patch).unwrap();
        let paths: Vec<&str> = paths.iter().flat_map(Change::paths).collect();
        assert_eq!(paths, ["\u{fc}"; 2]);
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
            (
                "diff --git a/x b/x\nnew file mode 100755\n--- /dev/null\n",
                2,
            ),
            ("diff --git a/x b/y\nsimilarity index 90%\ncopy from x\n", 3),
            ("diff --git a/x b/x\nnew file mode 100644\nindex 0..0\n", 3),
            (
                "diff --git a/x b/x\ndeleted file mode 100644\ndiff --git a/y b/y\n",
                2,
            ),
        ] {
            assert_eq!(read(patch).unwrap_err().line, line, "{patch}");
        }
    }
}
