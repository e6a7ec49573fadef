//! What an edit's answer says: each file in a line, what was passed over to find a place, and the
//! diff.

use super::diff::Difference;
use super::plan::{Plan, Planned};
use crate::{Output, ToolError, text};

/// Most bytes of diff in an answer, some 2,500 tokens.
const DIFF_BYTES: usize = 10 * 1024;

/// The answer to a plan that is carried out. A plan that changes nothing is refused.
pub(super) fn of(plan: &Plan<'_>) -> Result<Output, ToolError> {
    let (mut head, mut diffs) = (String::new(), Vec::new());
    let changed = plan.files.iter().filter(|planned| planned.changes());
    for planned in changed {
        let path = text::path(&planned.path);
        let from = planned.moved_from.and_then(|from| plan.files.get(from));
        let is_source = planned.after.is_none()
            && plan.files.iter().any(|other| {
                let source = other.moved_from.and_then(|from| plan.files.get(from));
                source.is_some_and(|source| source.path == planned.path)
            });
        if is_source {
            // Told with the file that it became.
            continue;
        }
        let before = planned
            .before
            .as_ref()
            .or(from.and_then(|from| from.before.as_ref()));
        head.push_str(&match (before, &planned.after) {
            (Some(before), Some(after)) => {
                let diff = Difference::between(before, after);
                let moved = from.map(|from| format!("{} → ", text::path(&from.path)));
                let line = format!(
                    "edited {}{path} (+{} -{})\n",
                    moved.unwrap_or_default(),
                    diff.added,
                    diff.removed
                );
                diffs.push((path, diff.lines));
                line
            }
            (None, Some(after)) => {
                let lines = after.lines().len() as u64;
                format!("created {path}: {}\n", text::counted(lines, "line"))
            }
            (_, None) => format!("deleted {path}\n"),
        });
        head.push_str(&passed_over(planned));
    }
    if head.is_empty() {
        return Err(ToolError::NoPlace {
            path: plan
                .files
                .first()
                .map_or_else(String::new, |file| text::path(&file.path)),
            problem: "the text would be as it is now".to_owned(),
        });
    }
    let (diff, truncated) = bounded(diffs);
    Ok(Output {
        text: head + &diff,
        truncated,
    })
}

fn passed_over(planned: &Planned) -> String {
    match planned.manner.passed_over() {
        Some(what) => format!("[found by passing over {what}; check the diff]\n"),
        None => String::new(),
    }
}

/// The diffs, as far as there is room.
fn bounded(diffs: Vec<(String, Vec<String>)>) -> (String, bool) {
    let (mut text, mut left_out) = (String::new(), 0);
    for (path, lines) in diffs {
        for line in std::iter::once(format!("--- {path}\n+++ {path}")).chain(lines) {
            if left_out > 0 || text.len() + line.len() > DIFF_BYTES {
                left_out += 1;
            } else {
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    if left_out > 0 {
        let lines = text::counted(left_out, "more line");
        text.push_str(&format!("[{lines} of the diff left out]\n"));
    }
    (text, left_out > 0)
}
