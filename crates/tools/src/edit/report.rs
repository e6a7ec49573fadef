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
    for planned in plan.files.iter().filter(|planned| planned.changes()) {
        head.push_str(&told(plan, planned, &mut diffs));
    }
    if head.is_empty() {
        let path = plan.files.first().map(|file| text::path(&file.path));
        return Err(ToolError::NoPlace {
            path: path.unwrap_or_default(),
            problem: "the text would be as it is now".to_owned(),
        });
    }
    let (diff, truncated) = bounded(diffs);
    Ok(Output {
        text: head + &diff,
        truncated,
    })
}

/// One file in a line, and its diff among the others.
fn told(plan: &Plan<'_>, planned: &Planned, diffs: &mut Vec<(String, Vec<String>)>) -> String {
    let path = text::path(&planned.path);
    let from = plan.origin(planned);
    let before = planned.before.as_ref();
    let before = before.or(from.and_then(|from| from.before.as_ref()));
    match (before, &planned.after) {
        (Some(before), Some(after)) => {
            let diff = Difference::between(before, after);
            let moved = from.map(|from| format!("{} → ", text::path(&from.path)));
            let (moved, over) = (
                moved.unwrap_or_default(),
                passed_over(from.unwrap_or(planned)),
            );
            let (added, removed) = (diff.added, diff.removed);
            let line = format!("edited {moved}{path} (+{added} -{removed})\n{over}");
            diffs.push((path, diff.lines));
            line
        }
        (None, Some(after)) => {
            let lines = after.lines().len() as u64;
            format!("created {path}: {}\n", text::counted(lines, "line"))
        }
        // One that was moved is told with the file that it became.
        (_, None) if plan.is_moved(planned) => String::new(),
        (_, None) => format!("deleted {path}\n"),
    }
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
