//! A whole new text for a file, or none.
//!
//! The text goes into a new file beside the old one, which takes the old one's name when it is
//! complete. So a reader sees the old text or the new one, a crash leaves no half, and whatever
//! stood under that name (a hard link, a link put there meanwhile) is replaced, not written
//! through.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, Metadata, OpenOptions};

use crate::rights::{Lost, Rights, may_write};
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
    old: Option<Rights>,
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

    /// The rights of the file that stands there.
    pub(crate) fn rights(&self) -> Option<Rights> {
        self.old.clone()
    }

    /// Writes the text down to the disk, under a name of its own. It gets these rights, or those of new
    /// files.
    pub(crate) fn draft(
        &self,
        content: &[u8],
        rights: Option<&Rights>,
    ) -> Result<Draft<'_>, ToolError> {
        let written = Draft::create(self, rights.is_some()).and_then(|mut draft| {
            draft.fill(content, rights)?;
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

/// The rights of the file that stands there, if one does.
fn old(folder: &Dir, name: &Path, path: &Path) -> Result<Option<Rights>, ToolError> {
    match folder.symlink_metadata(name) {
        Ok(metadata) => {
            let rights = replaceable(path, &metadata)?;
            match rights.are_read_only() || !may_write(folder, name) {
                true => Err(ToolError::ReadOnly {
                    path: text::path(path),
                }),
                false => Ok(Some(rights)),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ToolError::from_io("write", path, error)),
    }
}

/// The rights to keep, if what is there may be replaced.
fn replaceable(path: &Path, metadata: &Metadata) -> Result<Rights, ToolError> {
    let shown = text::path(path);
    let file_type = metadata.file_type();
    if file_type.is_symlink() {
        Err(ToolError::Link { path: shown })
    } else if !file_type.is_file() {
        Err(ToolError::NotAFile {
            path: shown,
            kind: kind(file_type),
        })
    } else {
        Ok(Rights::of(metadata))
    }
}

/// A file that has no proper name yet, and is removed unless it gets one.
pub(crate) struct Draft<'t> {
    target: &'t Target,
    file: File,
    name: Option<String>,
    lost: Lost,
}

impl<'t> Draft<'t> {
    /// `is_private`: nobody else may read it, not even until it has its rights.
    fn create(target: &'t Target, is_private: bool) -> io::Result<Self> {
        // A name is never an existing one (`create_new`), so it need not be hard to guess.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if is_private {
            use cap_std::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        #[cfg(not(unix))]
        let _ = is_private;
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
                        lost: Lost::Nothing,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    fn fill(&mut self, content: &[u8], rights: Option<&Rights>) -> io::Result<()> {
        self.file.write_all(content)?;
        if let Some(rights) = rights {
            // Last: to write to a file takes bits of its mode away (write(2)).
            self.lost = rights.give(&self.file)?;
        }
        self.file.sync_all()
    }

    /// What of the old file's rights it does not have.
    pub(crate) fn lost(&self) -> Lost {
        self.lost
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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

    use rustix::process::geteuid;
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

    use super::*;

    /// A folder with a file of this mode, which belongs to somebody else where only root can see to that.
    fn folder(mode: u32) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        if geteuid().is_root() {
            chown(&file, Some(1234), Some(1235)).unwrap();
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let root = Root::open(folder.path()).unwrap();
        (folder, root)
    }

    fn replaced(root: &Root) -> Result<Lost, ToolError> {
        let target = Target::at(root, Path::new("file"))?;
        let draft = target.draft(b"new", target.rights().as_ref())?;
        let lost = draft.lost();
        draft.put()?;
        Ok(lost)
    }

    /// Without what makes root more than another user: only this thread is.
    fn as_nobody_special<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let without = CapabilitySets {
            effective: CapabilitySet::empty(),
            permitted: CapabilitySet::empty(),
            inheritable: CapabilitySet::empty(),
        };
        let thread = std::thread::spawn(move || {
            set_capabilities(None, without).unwrap();
            work()
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_owner_its_group_and_its_mode() {
        let (folder, root) = folder(0o4750);
        let old = fs::metadata(folder.path().join("file")).unwrap();
        assert_eq!(replaced(&root).unwrap(), Lost::Nothing);
        let new = fs::metadata(folder.path().join("file")).unwrap();
        let rights = |file: &fs::Metadata| (file.uid(), file.gid(), file.mode() & 0o7777);
        assert_eq!(rights(&new), rights(&old));
        assert_ne!(new.ino(), old.ino());
    }

    #[test]
    fn what_this_user_may_not_write_is_not_replaced_although_others_may_write_it() {
        // Of one's own file the owner's bits count, of another's the last ones.
        let (folder, root) = folder(0o464);
        let refused = as_nobody_special(move || replaced(&root)).unwrap_err();
        assert!(matches!(refused, ToolError::ReadOnly { .. }), "{refused}");
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"old");
    }

    #[test]
    fn who_cannot_give_a_file_back_to_its_owner_says_so_and_lends_nobodys_rights() {
        let (folder, root) = folder(0o6777);
        let lost = as_nobody_special(move || replaced(&root)).unwrap();
        let new = fs::metadata(folder.path().join("file")).unwrap();
        // Only root can see to it that it is somebody else's.
        let is_ours = !geteuid().is_root();
        assert_eq!(lost == Lost::Nothing, is_ours);
        let lending = if is_ours { 0o6000 } else { 0 };
        assert_eq!(new.mode() & 0o7777, 0o777 | lending);
    }
}
