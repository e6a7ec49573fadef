//! A whole new text for a file, or none.
//!
//! The text goes into a new file beside the old one, which takes the old one's name when it is
//! complete. So a reader sees the old text or the new one, a crash leaves no half, and whatever
//! stood under that name (a hard link, a link put there meanwhile) is replaced, not written
//! through.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};

use crate::root::kind;
use crate::{Root, ToolError, text};

/// Largest text that is written, and that is edited, in bytes.
pub(crate) const TEXT_BYTES: usize = 4 * 1024 * 1024;

/// How often another name is tried for the new file.
const NAMES: usize = 16;

/// A name in a folder that may be given to a new text.
pub(crate) struct Target {
    folder: Dir,
    name: PathBuf,
    /// As it was given, for messages.
    path: PathBuf,
    old: Option<Permissions>,
}

impl Target {
    /// The place at `path`, if a regular file may stand there. Missing folders are made.
    pub(crate) fn at(root: &Root, path: &Path) -> Result<Self, ToolError> {
        let (parent, name) = placed(path)?;
        root.may_write(path)?;
        let folder = root.make_dir(parent)?;
        let old = old(&folder, name, path)?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            path: path.to_owned(),
            old,
        })
    }

    /// Whether a file stands where [`Target::at`] would look, if that would find a place at all. Nothing
    /// is made.
    pub(crate) fn would_be_taken(root: &Root, path: &Path) -> Result<bool, ToolError> {
        let (parent, name) = placed(path)?;
        root.may_write(path)?;
        match root.find_dir(parent)? {
            Some(folder) => Ok(old(&folder, name, path)?.is_some()),
            None => Ok(false),
        }
    }

    /// Whether a file stands there.
    pub(crate) fn is_taken(&self) -> bool {
        self.old.is_some()
    }

    /// The mode of the file that stands there.
    pub(crate) fn mode(&self) -> Option<Permissions> {
        self.old.clone()
    }

    /// Writes the text down to the disk, under a name of its own. It gets `mode`, or what new files
    /// get.
    pub(crate) fn draft(
        &self,
        content: &[u8],
        mode: Option<Permissions>,
    ) -> Result<Draft<'_>, ToolError> {
        let written = Draft::create(self).and_then(|mut draft| {
            draft.fill(content, mode)?;
            Ok(draft)
        });
        written.map_err(|error| self.failed(error))
    }

    /// Takes the file away that stands there.
    pub(crate) fn remove(&self) -> Result<(), ToolError> {
        let removed = self.folder.remove_file(&self.name);
        removed.map_err(|error| ToolError::from_io("delete", &self.path, error))
    }

    fn failed(&self, error: io::Error) -> ToolError {
        ToolError::from_io("write", &self.path, error)
    }
}

/// The folder that a path is in, and its name there.
fn placed(path: &Path) -> Result<(&Path, &Path), ToolError> {
    let names_a_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    match (names_a_folder, path.parent(), path.file_name()) {
        (false, Some(parent), Some(name)) => Ok((parent, Path::new(name))),
        _ => Err(ToolError::NotAFile {
            path: text::path(path),
            kind: "a directory",
        }),
    }
}

/// The mode of the file that stands there, if one does.
fn old(folder: &Dir, name: &Path, path: &Path) -> Result<Option<Permissions>, ToolError> {
    match folder.symlink_metadata(name) {
        Ok(metadata) => Ok(Some(replaceable(path, &metadata)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ToolError::from_io("write", path, error)),
    }
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
pub(crate) struct Draft<'t> {
    target: &'t Target,
    file: File,
    name: Option<String>,
}

impl<'t> Draft<'t> {
    fn create(target: &'t Target) -> io::Result<Self> {
        // A name is never an existing one (`create_new`), so it need not be hard to guess.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut taken = io::ErrorKind::AlreadyExists.into();
        for _ in 0..NAMES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".alipes-{}-{number}.tmp", std::process::id());
            match target.folder.open_with(&name, &options) {
                Ok(file) => {
                    return Ok(Self {
                        target,
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

    /// The mode comes first: a private text must not be readable by others even for a moment.
    fn fill(&mut self, content: &[u8], mode: Option<Permissions>) -> io::Result<()> {
        if let Some(mode) = mode {
            self.file.set_permissions(mode)?;
        }
        self.file.write_all(content)?;
        self.file.sync_all()
    }

    /// Gives the text its name.
    pub(crate) fn put(mut self) -> Result<(), ToolError> {
        let Target { folder, name, .. } = self.target;
        let Some(draft) = self.name.take() else {
            return Ok(());
        };
        folder.rename(&draft, folder, name).map_err(|error| {
            self.name = Some(draft);
            self.target.failed(error)
        })
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nothing more can be done about a draft that will not go.
            let _ = self.target.folder.remove_file(name);
        }
    }
}
