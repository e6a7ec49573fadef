//! What a change comes to, as a unified diff: bounded, because a person and a model read it. Whoever
//! decides by it is shown all of it, or is not asked.

use std::time::Duration;

use similar::TextDiff;

use crate::draft::TEXT_BYTES;
use crate::{ToolError, text};

/// Lines shown around a change.
const AROUND: usize = 2;

/// Longer lines are cut for the model, in characters.
const LINE_CHARS: usize = 300;

/// Most bytes of diff for people who watch.
const PEOPLE_BYTES: usize = 64 * 1024;

/// Longest line for people, in characters: of a longer one its beginning and its end are shown.
const PEOPLE_CHARS: usize = 4_000;

/// Most bytes of diff for somebody who is asked: a text as long as is taken that replaces another one,
/// with room for what has to be spelt out.
const WHOLE_BYTES: usize = 4 * TEXT_BYTES;

/// Most time to look for the shortest diff; after that a longer one is as true.
const SEARCH: Duration = Duration::from_secs(1);

/// The difference between two texts of a file.
pub(crate) struct Difference {
    pub(super) added: usize,
    pub(super) removed: usize,
    /// Hunks with their `@@` lines, without the file's name.
    lines: Vec<String>,
}

impl Difference {
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let diff = TextDiff::configure().timeout(SEARCH).diff_lines(old, new);
        let text = diff.unified_diff().context_radius(AROUND).to_string();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let begins = |mark| lines.iter().filter(|line| line.starts_with(mark)).count();
        Self {
            added: begins('+'),
            removed: begins('-'),
            lines,
        }
    }

    /// Its lines as the model reads them.
    pub(super) fn brief(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|line| shortened(line))
    }
}

/// The differences of files as people read them who watch, each beneath its names where there are several.
pub(crate) fn for_people<'d>(files: impl IntoIterator<Item = (String, &'d Difference)>) -> String {
    let lines = told(files).map(|line| text::both_ends(line, PEOPLE_CHARS));
    bounded(lines, PEOPLE_BYTES).0
}

/// The same for somebody who is asked: all of it.
pub(crate) fn whole<'d>(
    files: impl IntoIterator<Item = (String, &'d Difference)>,
) -> Result<String, ToolError> {
    let mut text = String::new();
    for line in told(files) {
        text.push_str(&line);
        text.push('\n');
        if text.len() > WHOLE_BYTES {
            return Err(ToolError::TooLarge {
                what: "the diff that somebody would be asked about".to_owned(),
                limit: WHOLE_BYTES,
            });
        }
    }
    Ok(text)
}

fn told<'d>(
    files: impl IntoIterator<Item = (String, &'d Difference)>,
) -> impl Iterator<Item = String> {
    let files: Vec<_> = files.into_iter().collect();
    let are_named = files.len() > 1;
    files.into_iter().flat_map(move |(name, diff)| {
        let head = are_named.then_some(name);
        let lines = diff.lines.iter().map(|line| text::whole_line(line));
        head.into_iter().chain(lines)
    })
}

/// The lines, as far as there is room, and whether some were left out.
pub(super) fn bounded(lines: impl Iterator<Item = String>, bytes: usize) -> (String, bool) {
    let (mut text, mut left_out) = (String::new(), 0);
    for line in lines {
        if left_out > 0 || text.len() + line.len() > bytes {
            left_out += 1;
        } else {
            text.push_str(&line);
            text.push('\n');
        }
    }
    if left_out > 0 {
        let lines = text::counted(left_out, "more line");
        text.push_str(&format!("[{lines} of the diff left out]\n"));
    }
    (text, left_out > 0)
}

fn shortened(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    match line.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
