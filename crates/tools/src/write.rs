//! `write_file`: a whole file, or none.
//!
//! The text goes into a new file beside the old one, which takes the old one's name when it is
//! complete. So a reader sees the old text or the new one, a crash leaves no half, and whatever
//! stood under that name (a hard link, a link put there meanwhile) is replaced, not written
//! through.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::disk::{Watch, on_disk};
use crate::input::{Input, peek};
use crate::root::kind;
use crate::{Context, Effect, Output, Root, Tool, ToolError, ToolSpec, text};

/// Largest text taken.
const BYTES: usize = 4 * 1024 * 1024;

/// How often another name is tried for the new file.
const NAMES: usize = 16;

/// The tool.
pub(crate) struct WriteFile {
    spec: ToolSpec,
}

impl WriteFile {
    pub(crate) fn new() -> Self {
        let spec = ToolSpec {
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
        };
        Self { spec }
    }
}

impl Tool for WriteFile {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effect(&self) -> Effect {
        Effect::Writes
    }

    fn summary(&self, input: &Value) -> String {
        let length = peek(input, "content").map_or(0, str::len);
        let bytes = text::counted(length as u64, "byte");
        let path = peek(input, "path").unwrap_or("?");
        text::summary(&format!("write {bytes} to {path}"))
    }

    fn run<'a>(
        &'a self,
        input: Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        async move {
            let mut input = Input::new(&self.spec, input)?;
            let path = input.text("path")?;
            let content = input.text("content")?;
            if content.len() > BYTES {
                return Err(ToolError::TooLarge {
                    what: "`content`".to_owned(),
                    limit: BYTES,
                });
            }
            let advice = "read the file to see whether it was written";
            on_disk(context, advice, move |root, watch| {
                write(root, watch, &root.relative(&path)?, &content)
            })
            .await
        }
        .boxed()
    }
}

fn write(root: &Root, watch: &Watch, path: &Path, content: &str) -> Result<Output, ToolError> {
    let failed = |source| ToolError::from_io("write", path, source);
    let names_a_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let (false, Some(name), Some(parent)) = (names_a_folder, path.file_name(), path.parent())
    else {
        return Err(ToolError::NotAFile {
            path: text::path(path),
            kind: "a directory",
        });
    };
    root.may_write(path)?;
    let folder = root.make_dir(parent)?;
    let name = Path::new(name);
    let old = match folder.symlink_metadata(name) {
        Ok(metadata) => Some(replaceable(path, &metadata)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let is_new = old.is_none();
    let mut draft = Draft::create(&folder).map_err(failed)?;
    draft.fill(content, old).map_err(failed)?;
    watch.check()?;
    draft.rename(name).map_err(failed)?;
    let done = if is_new { "created" } else { "replaced" };
    let bytes = text::counted(content.len() as u64, "byte");
    let lines = text::counted(content.lines().count() as u64, "line");
    Ok(Output {
        text: format!("{done} {}: {bytes}, {lines}\n", text::path(path)),
        truncated: false,
    })
}

/// The permissions to keep, if what is there may be replaced.
fn replaceable(path: &Path, metadata: &Metadata) -> Result<Permissions, ToolError> {
    let shown = text::path(path);
    let file_type = metadata.file_type();
    if file_type.is_symlink() {
        Err(ToolError::Link { path: shown })
    } else if !file_type.is_file() {
        Err(ToolError::NotAFile {
            path: shown,
            kind: kind(file_type),
        })
    } else if metadata.permissions().readonly() {
        Err(ToolError::ReadOnly { path: shown })
    } else {
        Ok(metadata.permissions())
    }
}

/// A file that has no proper name yet, and is removed unless it gets one.
struct Draft<'a> {
    folder: &'a Dir,
    file: File,
    name: Option<String>,
}

impl<'a> Draft<'a> {
    fn create(folder: &'a Dir) -> io::Result<Self> {
        // A name is never an existing one (`create_new`), so it need not be hard to guess.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut taken = io::ErrorKind::AlreadyExists.into();
        for _ in 0..NAMES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".alipes-{}-{number}.tmp", std::process::id());
            match folder.open_with(&name, &options) {
                Ok(file) => {
                    return Ok(Self {
                        folder,
                        file,
                        name: Some(name),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    /// Writes the text down to the disk. The mode comes first: a private text must not be readable
    /// by others even for a moment.
    fn fill(&mut self, content: &str, mode: Option<Permissions>) -> io::Result<()> {
        if let Some(mode) = mode {
            self.file.set_permissions(mode)?;
        }
        self.file.write_all(content.as_bytes())?;
        self.file.sync_all()
    }

    fn rename(mut self, name: &Path) -> io::Result<()> {
        if let Some(draft) = self.name.take() {
            self.folder
                .rename(&draft, self.folder, name)
                .inspect_err(|_| {
                    self.name = Some(draft);
                })?;
        }
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nothing more can be done about a draft that will not go.
            let _ = self.folder.remove_file(name);
        }
    }
}
