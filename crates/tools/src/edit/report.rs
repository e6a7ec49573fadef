//! What a plan comes to, for the model that asked for it and for the people who watch: each file in a
//! line, what was passed over to find a place, and the diff.

use std::path::Path;

use super::diff::{Difference, bounded, for_people, whole};
use super::document::Document;
use super::plan::{Plan, Planned};
use crate::preview::{Detail, Preview, Seen};
use crate::{Output, ToolError, text};

/// Most bytes of diff in an answer, some 2,500 tokens.
const DIFF_BYTES: usize = 10 * 1024;

/// The answer to a plan that is carried out. A plan that changes nothing is refused.
pub(super) fn of(plan: &Plan<'_>) -> Result<Output, ToolError> {
    let told = told_all(plan)?;
    let head: String = told.iter().map(Told::for_the_model).collect();
    let edited = told.iter().filter(|told| told.is_edited);
    let lines = edited.flat_map(|told| {
        let path = text::path(&told.planned.path);
        std::iter::once(format!("--- {path}\n+++ {path}")).chain(told.diff.brief())
    });
    let (diff, truncated) = bounded(lines, DIFF_BYTES);
    Ok(Output {
        text: head + &diff,
        truncated,
        changes: Some(for_people(named(&told))),
    })
}

/// What somebody is shown before the plan is carried out.
pub(super) fn preview(plan: &Plan<'_>) -> Result<Preview, ToolError> {
    let told = told_all(plan)?;
    let lines: Vec<&str> = told.iter().map(|told| told.line.as_str()).collect();
    let over = told.iter().filter_map(|told| told.passed_over);
    let over: String = over
        .map(|what| format!("; found by passing over {what}"))
        .collect();
    Ok(Preview {
        summary: Some(lines.join("; ") + &over),
        detail: Some(Detail::Diff(whole(named(&told))?)),
        seen: Seen::these(plan.files.iter().map(Planned::standing_before)),
    })
}

fn named<'t>(told: &'t [Told<'_>]) -> impl Iterator<Item = (String, &'t Difference)> {
    let files = told.iter();
    files.map(|told| (format!("--- {}", told.name), &told.diff))
}

/// One file, for everybody.
struct Told<'p> {
    planned: &'p Planned,
    /// `a.txt`, or `a.txt → b.txt` of one that is moved, whole.
    name: String,
    /// The same as the model reads it.
    brief_name: String,
    /// What will have become of it: `edit a.txt (+1 -1)`.
    line: String,
    is_edited: bool,
    diff: Difference,
    passed_over: Option<&'static str>,
}

fn told_all<'p>(plan: &'p Plan<'_>) -> Result<Vec<Told<'p>>, ToolError> {
    let changed = plan.files.iter().filter(|planned| planned.changes());
    let told: Vec<Told<'_>> = changed.filter_map(|planned| told(plan, planned)).collect();
    if told.is_empty() {
        let path = plan.files.first().map(|file| text::path(&file.path));
        return Err(ToolError::NoPlace {
            path: path.unwrap_or_default(),
            problem: "the text would be as it is now".to_owned(),
        });
    }
    Ok(told)
}

/// One file; nothing of one that is moved, which is told with the file that it becomes.
fn told<'p>(plan: &'p Plan<'_>, planned: &'p Planned) -> Option<Told<'p>> {
    if planned.after.is_none() && plan.is_moved(planned) {
        return None;
    }
    let from = plan.origin(planned);
    let before = planned.before.as_ref();
    let before = before.or(from.and_then(|from| from.before.as_ref()));
    let body = |document: Option<&Document>| document.map_or("", Document::body).to_owned();
    let diff = Difference::between(&body(before), &body(planned.after.as_ref()));
    let name = |spelt: fn(&Path) -> String| match from {
        Some(from) => format!("{} → {}", spelt(&from.path), spelt(&planned.path)),
        None => spelt(&planned.path),
    };
    let (name, brief_name) = (name(text::whole_path), name(text::path));
    let (added, removed) = (diff.added, diff.removed);
    let lines = |count: usize| text::counted(count as u64, "line");
    let line = match (before, &planned.after) {
        (Some(_), Some(_)) => format!("edit {name} (+{added} -{removed})"),
        (None, _) => format!("create {name}: {}", lines(added)),
        (_, None) => format!("delete {name}: {}", lines(removed)),
    };
    Some(Told {
        planned,
        name,
        brief_name,
        line,
        is_edited: before.is_some() && planned.after.is_some(),
        diff,
        passed_over: from.unwrap_or(planned).manner.passed_over(),
    })
}

impl Told<'_> {
    fn for_the_model(&self) -> String {
        let (name, diff) = (&self.brief_name, &self.diff);
        let over = self.passed_over;
        let over = over.map(|what| format!("[found by passing over {what}; check the diff]\n"));
        match (&self.planned.after, self.is_edited) {
            (_, true) => format!(
                "edited {name} (+{} -{})\n{}",
                diff.added,
                diff.removed,
                over.unwrap_or_default()
            ),
            (Some(after), _) => {
                let lines = text::counted(after.lines().len() as u64, "line");
                format!("created {name}: {lines}\n")
            }
            (None, _) => format!("deleted {name}\n"),
        }
    }
}
