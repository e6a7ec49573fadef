//! `write_file`: a whole file, or none.

use std::path::Path;

use serde_json::{Value, json};

use crate::disk::{Watch, on_disk};
use crate::draft::{TEXT_BYTES, Target};
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::known::{KnownFiles, Stamp};
use crate::{Context, Effect, Output, Root, ToolError, ToolSpec, text};

/// The tool.
pub(crate) struct WriteFile;

impl Work for WriteFile {
    const EFFECT: Effect = Effect::Writes;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "write_file",
            description: "Create or replace a whole text file, with missing parent folders. \
                All or nothing; an existing file keeps its mode. At most 4 MiB. Not through symlinks, not in .git.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "content": {"type": "string", "description": "the complete new text"}
                },
                "required": ["path", "content"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        let length = peek(input, "content").map_or(0, str::len);
        let bytes = text::counted(length as u64, "byte");
        let path = peek(input, "path").unwrap_or("?");
        format!("write {bytes} to {path}")
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let path = input.text("path")?;
        let content = input.text("content")?;
        if content.len() > TEXT_BYTES {
            return Err(ToolError::TooLarge {
                what: "`content`".to_owned(),
                limit: TEXT_BYTES,
            });
        }
        let known = context.workbench.known_files.clone();
        let advice = "read the file to see whether it was written";
        on_disk(context, advice, move |root, watch| {
            write(root, watch, &known, &root.relative(&path)?, &content)
        })
        .await
    }
}

fn write(
    root: &Root,
    watch: &Watch,
    known: &KnownFiles,
    path: &Path,
    content: &str,
) -> Result<Output, ToolError> {
    let target = Target::at(root, path)?;
    if target.is_taken() {
        not_stale(root, known, path)?;
    }
    let draft = target.draft(content.as_bytes(), target.mode())?;
    watch.check()?;
    draft.put()?;
    known.remember(&root.resolve(path)?, Stamp::of(content.as_bytes()));
    let done = if target.is_taken() {
        "replaced"
    } else {
        "created"
    };
    let bytes = text::counted(content.len() as u64, "byte");
    let lines = text::counted(content.lines().count() as u64, "line");
    Ok(Output {
        text: format!("{done} {}: {bytes}, {lines}\n", text::path(path)),
        truncated: false,
    })
}

/// Refuses to replace a text that the model has read and somebody else has changed since.
fn not_stale(root: &Root, known: &KnownFiles, path: &Path) -> Result<(), ToolError> {
    let resolved = root.resolve(path)?;
    if !known.contains(&resolved) {
        return Ok(());
    }
    let content = root.read_file(path, TEXT_BYTES)?;
    known.check(&resolved, Stamp::of(&content))
}
