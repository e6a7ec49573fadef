//! `edit`: changes in text files, all that a call asks for or none.
//!
//! A model asks in one of two ways: a text and what shall stand in its place, or a patch, for
//! several places and files. Either is read into [`change::Change`]s, worked out in memory
//! ([`plan`]), and only then written ([`commit`]).

mod begin_patch;
mod change;
mod commit;
pub(crate) mod diff;
pub(crate) mod document;
mod hunk;
mod place;
mod plan;
mod replace;
mod report;
#[cfg(test)]
mod tests;
mod unified;

use serde_json::{Value, json};

use self::change::{Change, NotAPatch};
use self::plan::Plan;
use crate::disk::on_disk;
use crate::draft::TEXT_BYTES;
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::{Context, Effect, Output, Preview, Subject, ToolError, ToolSpec};

/// The tool.
pub(crate) struct Edit;

impl Work for Edit {
    const EFFECT: Effect = Effect::Writes;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "edit",
            description: "Change text files, all or nothing; gives the diff. Either path, old and new: old must \
                stand in exactly one place (space at line ends and indentation may differ). Or patch, for several \
                places or files: `*** Begin Patch` with Add/Update/Delete File sections, or a unified diff. \
                A file that changed since you read it must be read again.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "old": {"type": "string", "description": "the text now, with enough around it to be unique"},
                    "new": {"type": "string"},
                    "replace_all": {"type": "boolean", "description": "every place where old stands exactly"},
                    "patch": {"type": "string"}
                },
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        let Some(patch) = peek(input, "patch") else {
            return format!("edit {}", peek(input, "path").unwrap_or("?"));
        };
        match read(patch) {
            Ok(changes) => {
                let paths: Vec<&str> = changes.iter().flat_map(Change::paths).collect();
                format!("edit {}", paths.join(", "))
            }
            Err(_) => "edit files by a patch that cannot be read".to_owned(),
        }
    }

    fn subject(input: &Value) -> Subject {
        let patched = peek(input, "patch").and_then(|patch| read(patch).ok());
        let changes = patched.unwrap_or_default();
        let paths = changes.iter().flat_map(Change::paths).map(str::to_owned);
        let mut subject = Subject::of(input);
        subject.paths.extend(paths);
        subject
    }

    async fn preview(mut input: Input, context: &Context) -> Result<Preview, ToolError> {
        let changes = asked_for(&mut input)?;
        let known = context.workbench.known_files.clone();
        on_disk(context, "change less at once", move |root, watch| {
            let plan = Plan::of(changes, root, watch, &known)?;
            commit::is_possible(&plan, root)?;
            report::preview(&plan)
        })
        .await
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let changes = asked_for(&mut input)?;
        let (known, seen) = (context.workbench.known_files.clone(), context.seen.clone());
        let advice = "read the files to see whether they were changed";
        on_disk(context, advice, move |root, watch| {
            let plan = Plan::of(changes, root, watch, &known)?;
            plan.is_as_shown(&seen)?;
            let mut output = report::of(&plan)?;
            output.text += &commit::commit(&plan, root, watch, &known)?;
            Ok(output)
        })
        .await
    }
}

fn asked_for(input: &mut Input) -> Result<Vec<Change>, ToolError> {
    let patch = input.optional_text("patch")?;
    let path = input.optional_text("path")?;
    let Some(patch) = patch else {
        let Some(path) = path else {
            return Err(input.bad("give `path`, `old` and `new`, or `patch`".to_owned()));
        };
        let (old, new) = (input.text("old")?, input.text("new")?);
        let all = input.flag("replace_all")?;
        if old.is_empty() || old == new {
            return Err(input.bad(
                "`old` must be a text that stands in the file, and differ from `new`; `write_file` creates files"
                    .to_owned(),
            ));
        }
        return Ok(vec![Change::Replace {
            path,
            old,
            new,
            all,
        }]);
    };
    if path.is_some() || input.has("old") || input.has("new") {
        return Err(input.bad("give either `path`, `old` and `new`, or `patch` alone".to_owned()));
    }
    if patch.len() > TEXT_BYTES {
        return Err(ToolError::TooLarge {
            what: "`patch`".to_owned(),
            limit: TEXT_BYTES,
        });
    }
    read(&patch).map_err(|NotAPatch { line, problem }| {
        input.bad(format!(
            "line {line} of the patch: {problem}; nothing was changed"
        ))
    })
}

/// The changes of a patch in either format.
fn read(patch: &str) -> Result<Vec<Change>, NotAPatch> {
    let patch = patch.trim_start_matches(['\n', '\r']);
    if patch.trim_start().starts_with(begin_patch::BEGIN) {
        begin_patch::read(patch.trim_start())
    } else {
        unified::read(patch)
    }
}
