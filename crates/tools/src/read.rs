//! `read_file`: a text file, by lines.
//!
//! The text is exact, because the model may write it back. A file of any size can be read, a part
//! at a time.

use std::ops::Range;
use std::path::Path;

use alipes_base::Redactor;
use serde_json::{Value, json};

use crate::disk::{Watch, on_disk};
use crate::draft::TEXT_BYTES;
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::known::KnownFiles;
use crate::lines::{LINE_CHARS, Lines};
use crate::page::Page;
use crate::{Context, Effect, Output, Root, ToolError, ToolSpec, text};

/// Most lines of one call.
const LINES: u64 = 2_000;

/// How far into a file lines are counted beyond those shown.
const COUNTED_BYTES: u64 = 8 * 1024 * 1024;

/// The tool.
pub(crate) struct ReadFile;

impl Work for ReadFile {
    const EFFECT: Effect = Effect::Reads;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "read_file",
            description: "Read a UTF-8 text file. At most 2000 lines or 64 KiB at once, after a heading that \
                says which lines of how many; lines over 2000 characters are cut.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "offset": {"type": "integer", "minimum": 1, "description": "first line, from 1"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 2000, "description": "lines"}
                },
                "required": ["path"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        format!("read {}", peek(input, "path").unwrap_or("?"))
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let path = input.text("path")?;
        let offset = input.optional_number("offset", 1..=u64::MAX)?.unwrap_or(1);
        let limit = input.optional_number("limit", 1..=LINES)?.unwrap_or(LINES);
        let context = &*context.reading(&path);
        let known = context.workbench.known_files.clone();
        let redactor = context.redactor.clone();
        let part = on_disk(context, "read fewer lines", move |root, watch| {
            let path = root.relative(&path)?;
            read(
                root,
                watch,
                (&known, &redactor),
                &path,
                offset..offset.saturating_add(limit),
            )
        });
        match part.await? {
            Part::Shown(output) => Ok(output),
            Part::PastEnd { lines } => Err(input.bad(format!(
                "`offset` {offset} is past the end; the file has {}",
                text::counted(lines, "line")
            ))),
        }
    }
}

/// What came of it; the complaint about a field is made where the input is known.
enum Part {
    Shown(Output),
    PastEnd { lines: u64 },
}

fn read(
    root: &Root,
    watch: &Watch,
    (known, redactor): (&KnownFiles, &Redactor),
    path: &Path,
    wanted: Range<u64>,
) -> Result<Part, ToolError> {
    let (offset, limit) = (wanted.start, wanted.end - wanted.start);
    let mut lines = Lines::open(root, path, watch)?;
    let skipped = lines.skip(offset - 1)?;
    let mut page = Page::default();
    let (mut shown, mut cut, mut is_full) = (0, 0, false);
    while let Some(line) = lines.next()? {
        let (line, is_cut) = line.decode(redactor).ok_or_else(|| lines.binary())?;
        if shown == limit || !page.push(&line) {
            is_full = true;
            break;
        }
        shown += 1;
        cut += u64::from(is_cut);
    }
    if shown == 0 && offset > 1 {
        return Ok(Part::PastEnd { lines: skipped });
    }
    let before = skipped + shown;
    let total = if is_full {
        // The line that found no room has been taken too.
        lines
            .count_rest(COUNTED_BYTES)?
            .map(|left| before + 1 + left)
    } else {
        Some(before)
    };
    if cut > 0 {
        page.note(format!(
            "{} cut at {LINE_CHARS} characters",
            text::counted(cut, "line")
        ));
    }
    if is_full {
        page.note(format!("more follows; continue with offset {}", before + 1));
    }
    // A longer one is not edited, so nothing hangs on it.
    if let Some(stamp) = lines.stamp().filter(|_| lines.size() <= TEXT_BYTES as u64) {
        known.remember(&root.resolve(path)?, stamp);
    }
    let which = match total {
        Some(0) => "empty".to_owned(),
        Some(total) if total == shown => format!("all of {}", text::counted(total, "line")),
        Some(total) => format!("lines {offset}-{before} of {total}"),
        None => format!(
            "lines {offset}-{before} of a file of {} bytes",
            lines.size()
        ),
    };
    Ok(Part::Shown(
        page.finish(&format!("{}: {which}", text::path(path))),
    ))
}
