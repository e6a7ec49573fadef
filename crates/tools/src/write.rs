//! `write_file`: a whole file, or none.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::disk::{Watch, on_disk};
use crate::draft::{TEXT_BYTES, Target};
use crate::edit::diff::{self, Difference};
use crate::edit::document::Document;
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::known::{KnownFiles, Stamp};
use crate::preview::{Detail, Preview, Seen, Standing};
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

    async fn preview(mut input: Input, context: &Context) -> Result<Preview, ToolError> {
        let asked = asked_for(&mut input)?;
        let known = context.workbench.known_files.clone();
        on_disk(context, "write a shorter text", move |root, watch| {
            let path = root.relative(&asked.path)?;
            let standing = Old::at(root, watch, &path)?;
            standing.is_known(root, &known, &path)?;
            standing.preview(path, &asked.content)
        })
        .await
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let asked = asked_for(&mut input)?;
        let (known, seen) = (context.workbench.known_files.clone(), context.seen.clone());
        let advice = "read the file to see whether it was written";
        on_disk(context, advice, move |root, watch| {
            let path = root.relative(&asked.path)?;
            write(root, watch, (&known, &seen), &path, &asked.content)
        })
        .await
    }
}

/// What a call asks for.
struct Asked {
    path: String,
    content: String,
}

fn asked_for(input: &mut Input) -> Result<Asked, ToolError> {
    let path = input.text("path")?;
    let content = input.text("content")?;
    if content.len() > TEXT_BYTES {
        return Err(ToolError::TooLarge {
            what: "`content`".to_owned(),
            limit: TEXT_BYTES,
        });
    }
    Ok(Asked { path, content })
}

fn write(
    root: &Root,
    watch: &Watch,
    (known, seen): (&KnownFiles, &Seen),
    path: &Path,
    content: &str,
) -> Result<Output, ToolError> {
    let as_known = || {
        let old = Old::at(root, watch, path)?;
        old.is_known(root, known, path)?;
        seen.check(path, old.standing)?;
        Ok(old)
    };
    // Not even a folder is made for what is refused.
    as_known()?;
    let target = Target::at(root, path)?;
    let draft = target.draft(content.as_bytes(), target.rights().as_ref())?;
    let lost = draft.lost();
    let old = as_known()?;
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
    let mut text = format!("{done} {}: {bytes}, {lines}\n", text::path(path));
    text.extend(lost.told().map(|lost| format!("[{lost}]\n")));
    Ok(Output {
        text,
        truncated: false,
        changes: old.diff(content),
    })
}

/// What a new text takes the place of.
struct Old {
    standing: Standing,
    /// Its text; none of what is not text or not read here.
    text: Option<Document>,
}

impl Old {
    fn nothing() -> Self {
        Self {
            standing: Standing::Nothing,
            text: Some(Document::of_text(String::new())),
        }
    }

    /// What stands there, if something that may be replaced does.
    fn at(root: &Root, watch: &Watch, path: &Path) -> Result<Self, ToolError> {
        match Target::would_be_taken(root, path)? {
            true => Self::read(root, watch, path),
            false => Ok(Self::nothing()),
        }
    }

    fn read(root: &Root, watch: &Watch, path: &Path) -> Result<Self, ToolError> {
        let (standing, content) = Standing::of(root, watch, path)?;
        let text = content.and_then(|content| Document::of(path, content).ok());
        Ok(Self { standing, text })
    }

    /// Refuses to replace a text that the model has read and somebody else has changed since.
    fn is_known(&self, root: &Root, known: &KnownFiles, path: &Path) -> Result<(), ToolError> {
        match self.standing {
            Standing::Content(stamp) => known.check(&root.resolve(path)?, stamp),
            Standing::Nothing => Ok(()),
            Standing::Unread(_) if !known.contains(&root.resolve(path)?) => Ok(()),
            Standing::Unread(_) => root.read_file(path, TEXT_BYTES).map(|_| ()),
        }
    }

    /// What becomes of its text; nothing where that is none.
    fn becomes(&self, content: &str) -> Option<Difference> {
        let old = self.text.as_ref()?;
        Some(Difference::between(&old.text(), content))
    }

    fn diff(&self, content: &str) -> Option<String> {
        let diff = self.becomes(content)?;
        Some(diff::for_people([(String::new(), &diff)]))
    }

    fn preview(&self, path: PathBuf, content: &str) -> Result<Preview, ToolError> {
        let bytes = |count: u64| text::counted(count, "byte");
        let (shown, new) = (text::whole_path(&path), bytes(content.len() as u64));
        let summary = match self.standing {
            Standing::Nothing => format!("write {new} to {shown}, a new file"),
            Standing::Content(stamp) => {
                format!("replace {shown}: {} by {new}", bytes(stamp.length()))
            }
            Standing::Unread(length) => format!("replace {shown}: {} by {new}", bytes(length)),
        };
        let unread = || Self::nothing().becomes(content);
        let diff = self.becomes(content).or_else(unread);
        let diff = diff::whole(diff.iter().map(|diff| (String::new(), diff)))?;
        Ok(Preview {
            summary: Some(summary),
            detail: Some(Detail::Diff(diff)),
            seen: Seen::these([(path, self.standing)]),
        })
    }
}
