//! `list_files`: what is in a folder.

use std::path::Path;

use ignore::overrides::Override;
use serde_json::{Value, json};

use crate::disk::{Watch, on_disk};
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::page::Page;
use crate::root::kind;
use crate::walk::{Entry, Walk};
use crate::{Context, Effect, Output, Root, ToolError, ToolSpec, text};

/// Most items shown.
const SHOWN: u64 = 500;

/// Most items counted; a walk of more ends there.
const COUNTED: usize = 100_000;

/// Levels that are listed unless the call says otherwise.
const DEPTH: u64 = 2;

/// The tool.
pub(crate) struct ListFiles;

impl Work for ListFiles {
    const EFFECT: Effect = Effect::Reads;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "list_files",
            description: "List a folder, sorted, with sizes in bytes; folders end in /. \
                Hidden and .gitignore'd items are left out unless named by path. At most 500 items.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "folder; default: the working folder"},
                    "depth": {"type": "integer", "minimum": 1, "maximum": 5, "description": "levels; default 2"}
                },
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        format!("list {}", peek(input, "path").unwrap_or("."))
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let path = input.optional_text("path")?.unwrap_or_default();
        let depth = input.optional_number("depth", 1..=5)?.unwrap_or(DEPTH);
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        on_disk(context, "list a smaller folder", move |root, watch| {
            list(root, watch, &root.relative(&path)?, depth)
        })
        .await
    }
}

fn list(root: &Root, watch: &Watch, path: &Path, depth: usize) -> Result<Output, ToolError> {
    let base = root.resolve(path)?;
    let mut walk = Walk::new(root, watch, &base, depth, Override::empty())?;
    let mut page = Page::default();
    let (mut shown, mut found) = (0, 0);
    for entry in walk.by_ref().take(COUNTED) {
        // Once one is left out all that follow are, or the list would have holes.
        if shown == found && shown < SHOWN && page.push(&line(root, &entry)) {
            shown += 1;
        }
        found += 1;
    }
    if found > shown {
        let at_least = if found == COUNTED as u64 {
            "at least "
        } else {
            ""
        };
        let left_out = text::counted(found - shown, "more item");
        page.note(format!(
            "{at_least}{left_out} left out; list a folder below, or fewer levels"
        ));
    }
    walk.notes().into_iter().for_each(|note| page.note(note));
    let (name, items) = (text::path(path), text::counted(shown, "item"));
    Ok(page.finish(&format!("{name}: {items}")))
}

/// One entry as it is shown. What cannot be looked at is named all the same.
fn line(root: &Root, entry: &Entry) -> String {
    let name = text::path(&entry.path);
    if entry.file_type.is_dir() {
        format!("{name}/")
    } else if entry.file_type.is_file() {
        match root.link_metadata(&entry.path) {
            Ok(metadata) => format!("{name} ({})", metadata.len()),
            Err(_) => name,
        }
    } else {
        format!("{name} ({})", kind(entry.file_type))
    }
}
