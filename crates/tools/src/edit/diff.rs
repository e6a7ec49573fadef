//! What an edit changed, as a unified diff: bounded, because a person and a model read it.

use std::time::Duration;

use similar::TextDiff;

use super::document::Document;

/// Lines shown around a change.
const AROUND: usize = 2;

/// Longer lines are cut, in characters.
const LINE_CHARS: usize = 300;

/// Most time to look for the shortest diff; after that a longer one is as true.
const SEARCH: Duration = Duration::from_secs(1);

/// The difference between two texts of a file.
pub(super) struct Difference {
    pub(super) added: usize,
    pub(super) removed: usize,
    /// Hunks with their `@@` lines, without the file's name.
    pub(super) lines: Vec<String>,
}

impl Difference {
    pub(super) fn between(old: &Document, new: &Document) -> Self {
        let diff = TextDiff::configure()
            .timeout(SEARCH)
            .diff_lines(old.body(), new.body());
        let text = diff.unified_diff().context_radius(AROUND).to_string();
        let lines: Vec<String> = text.lines().map(shown).collect();
        let begins = |mark| lines.iter().filter(|line| line.starts_with(mark)).count();
        Self {
            added: begins('+'),
            removed: begins('-'),
            lines,
        }
    }
}

fn shown(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    match line.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
