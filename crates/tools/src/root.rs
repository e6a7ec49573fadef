//! The directory that file tools stay beneath.
//!
//! It is opened once, and every name is resolved relative to that handle (`openat2` where there is
//! one), so what is checked is what is opened. A link that leads back inside is followed, one that
//! leads out is refused. A file is opened only if it is a regular one, and without blocking, so a
//! FIFO or a device put in its place between the two steps cannot hang the call either.
//!
//! Every use of a name passes [`Root::beneath`], so that is also where the program's own settings and
//! keys are kept out of reach, other programs' credentials, and what a rule hides.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, FileType, Metadata, OpenOptions};

use crate::error::is_escape;
use crate::hidden::Hidden;
use crate::protected::{self, Protected};
use crate::{RootError, ToolError, git, places, text};

/// An opened directory. Clones share the handle.
#[derive(Clone, Debug)]
pub struct Root {
    dir: Arc<Dir>,
    /// As it was given, and without links: both spellings of an absolute path are understood.
    given: PathBuf,
    path: PathBuf,
    protected: Protected,
    hidden: Hidden,
}

impl Root {
    /// Opens the directory.
    ///
    /// # Errors
    /// [`RootError`], with a message for the person who named the folder.
    pub fn open(path: &Path) -> Result<Self, RootError> {
        let failed = |source| RootError::from_io(path, source);
        // The one place where the whole file system is in reach.
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority()).map_err(failed)?;
        Ok(Self {
            dir: Arc::new(dir),
            given: path.to_owned(),
            path: std::fs::canonicalize(path).map_err(failed)?,
            protected: Protected::default(),
            hidden: Hidden::default(),
        })
    }

    /// The same directory, in which no file tool touches these places (absolute paths), nor what is
    /// in them. They are for the program's own folder and for key files; one that does not exist
    /// yet is protected too.
    #[must_use]
    pub fn protecting(self, places: impl IntoIterator<Item = PathBuf>) -> Self {
        let protected = self.protected.with_own(&self.path, places);
        Self { protected, ..self }
    }

    /// The same directory, in which no file tool touches what lies where credentials usually do: the
    /// places that no confined command reads. `home` is the person's. Who works in such a place means it.
    #[must_use]
    pub fn sparing_credentials(self, home: Option<&Path>) -> Self {
        let places = places::of_credentials(home);
        let protected = self.protected.with_credentials(&self.path, places);
        Self { protected, ..self }
    }

    /// The same directory without what is hidden: no file tool opens, lists or writes it. It is asked
    /// with real, absolute paths, once for each file that a search meets.
    #[must_use]
    pub fn hiding(self, is_hidden: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        let hidden = Hidden::those(is_hidden);
        Self { hidden, ..self }
    }

    /// The same with absolute places that are hidden, also outside of the directory: commands cannot be
    /// asked about each file that they open. `are_all` if what is hidden is nothing else.
    #[must_use]
    pub fn hiding_places(self, places: impl IntoIterator<Item = PathBuf>, are_all: bool) -> Self {
        let hidden = self.hidden.at(places.into_iter().collect(), are_all);
        Self { hidden, ..self }
    }

    /// The same directory with nothing hidden in it.
    pub(crate) fn bare(self) -> Self {
        let hidden = Hidden::default();
        Self { hidden, ..self }
    }

    /// What is hidden.
    pub(crate) fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// The absolute path of the directory, without links: for messages and for commands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a real, absolute place may be shown: it is neither the program's own, nor where
    /// credentials usually lie, nor hidden.
    #[must_use]
    pub fn shows(&self, real: &Path) -> bool {
        !self.protected.covers(real) && !self.hidden.covers(real)
    }

    /// A given path as one relative to the root. An absolute path must begin with the root's own.
    /// Where it leads is found out when it is used.
    pub(crate) fn relative(&self, given: &str) -> Result<PathBuf, ToolError> {
        let given = Path::new(given);
        let relative = if given.has_root() || given.is_absolute() {
            given
                .strip_prefix(&self.path)
                .or_else(|_| given.strip_prefix(&self.given))
                .map_err(|_| ToolError::Outside {
                    path: text::path(given),
                })?
        } else {
            given
        };
        Ok(or_here(relative).to_owned())
    }

    /// The path without links and dots; it must exist.
    pub(crate) fn resolve(&self, path: &Path) -> Result<PathBuf, ToolError> {
        self.beneath("find", path, |dir, path| dir.canonicalize(path))
    }

    /// What lies there, a link followed.
    pub(crate) fn metadata(&self, path: &Path) -> Result<Metadata, ToolError> {
        self.beneath("look at", path, |dir, path| dir.metadata(path))
    }

    /// What lies there, be it a link.
    pub(crate) fn link_metadata(&self, path: &Path) -> Result<Metadata, ToolError> {
        self.beneath("look at", path, |dir, path| dir.symlink_metadata(path))
    }

    /// Whether a path without links is the program's own, or where credentials usually lie.
    pub(crate) fn is_protected(&self, resolved: &Path) -> bool {
        self.protected.covers(&self.path.join(resolved))
    }

    /// Whether a rule hides a path without links.
    pub(crate) fn is_hidden(&self, resolved: &Path) -> bool {
        self.hidden.covers(&self.path.join(resolved))
    }

    /// Refuses a path that tools never write to, before anything is made for it.
    pub(crate) fn may_write(&self, path: &Path) -> Result<(), ToolError> {
        let real = match protected::real(&self.path.join(path)) {
            Ok(real) => real,
            Err(source) => {
                // What is wrong beneath the root comes first: the path may lead outside.
                self.link_metadata(path)?;
                return Err(ToolError::from_io("write", path, source));
            }
        };
        self.protected.check(&real, path)?;
        let shown = text::path(path);
        if self.hidden.covers(&real) {
            Err(ToolError::Hidden { path: shown })
        } else if git::names(path) || git::names(&real) || git::holds(&real) {
            Err(ToolError::Git { path: shown })
        } else {
            Ok(())
        }
    }

    /// Opens a directory.
    pub(crate) fn open_dir(&self, path: &Path) -> Result<Dir, ToolError> {
        self.beneath("open", path, |dir, path| dir.open_dir(path))
    }

    /// Opens a directory that is made if it is missing, with its parents.
    pub(crate) fn make_dir(&self, path: &Path) -> Result<Dir, ToolError> {
        let opened = self.open_dir(path);
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return opened;
        };
        // A missing folder behind an absolute link is taken for one outside; its parent is not.
        if !matches!(
            opened,
            Err(ToolError::NotFound { .. } | ToolError::Outside { .. })
        ) {
            return opened;
        }
        let parent = self.make_dir(parent)?;
        match parent.create_dir(name) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => parent.open_dir(name),
        }
        .map_err(|source| ToolError::from_io("create", path, source))
    }

    /// Opens a directory that [`Root::make_dir`] would find; none where it would make one.
    pub(crate) fn find_dir(&self, path: &Path) -> Result<Option<Dir>, ToolError> {
        let opened = self.open_dir(path);
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return opened.map(Some);
        };
        if !matches!(
            opened,
            Err(ToolError::NotFound { .. } | ToolError::Outside { .. })
        ) {
            return opened.map(Some);
        }
        match self.find_dir(parent)? {
            // Something of that name that cannot be opened, a link to nowhere or out of here.
            Some(parent) if parent.symlink_metadata(name).is_ok() => opened.map(Some),
            _ => Ok(None),
        }
    }

    /// Opens a regular file for reading, and tells its size.
    ///
    /// # Errors
    /// [`ToolError`], if there is none beneath the root that may be read.
    pub fn open_file(&self, path: &Path) -> Result<(File, u64), ToolError> {
        // Merely opening some devices does something, so look first; then look at what was opened.
        regular(path, self.metadata(path)?.file_type())?;
        let file = self.beneath("open", path, |dir, path| {
            dir.open_with(path, &reading_without_blocking())
        })?;
        let metadata = file
            .metadata()
            .map_err(|source| ToolError::from_io("look at", path, source))?;
        regular(path, metadata.file_type())?;
        let file = file.into_std();
        if protected::is_of_a_process(&file, &self.path.join(path)) {
            return Err(ToolError::NotAFile {
                path: text::path(path),
                kind: "a look into a process",
            });
        }
        Ok((file, metadata.len()))
    }

    /// The whole of a regular file that has at most `limit` bytes.
    pub(crate) fn read_file(&self, path: &Path, limit: usize) -> Result<Vec<u8>, ToolError> {
        let (file, _) = self.open_file(path)?;
        let mut content = Vec::new();
        file.take(limit as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|source| ToolError::from_io("read", path, source))?;
        if content.len() > limit {
            return Err(ToolError::TooLarge {
                what: text::path(path),
                limit,
            });
        }
        Ok(content)
    }

    /// Looks at or opens a path beneath the root, and says so if the path is not, is the program's
    /// own, or is hidden.
    fn beneath<T>(
        &self,
        action: &'static str,
        path: &Path,
        act: impl Fn(&Dir, &Path) -> io::Result<T>,
    ) -> Result<T, ToolError> {
        let failed = |source| ToolError::from_io(action, path, source);
        let done = act(&self.dir, or_here(path))
            .or_else(|refusal| match self.led_back_inside(&refusal, path) {
                Some(inside) => act(&self.dir, or_here(&inside)),
                None => Err(refusal),
            })
            .map_err(failed)?;
        if self.protected.is_empty() && self.hidden.is_empty() {
            return Ok(done);
        }
        // A place that cannot be told is not handed out.
        let real = protected::real(&self.path.join(path)).map_err(failed)?;
        self.protected.check(&real, path)?;
        match self.hidden.covers(&real) {
            true => Err(ToolError::Hidden {
                path: text::path(path),
            }),
            false => Ok(done),
        }
    }

    /// Where a refused path leads if that is inside after all: `cap-std` refuses every absolute
    /// link. The answer holds no links, and is resolved beneath the root once more.
    fn led_back_inside(&self, refusal: &io::Error, path: &Path) -> Option<PathBuf> {
        let climbs = path.components().any(|part| part == Component::ParentDir);
        if !is_escape(refusal) || climbs {
            return None;
        }
        let real = std::fs::canonicalize(self.path.join(path)).ok()?;
        real.strip_prefix(&self.path).ok().map(Path::to_owned)
    }
}

/// The empty path means the root itself; to the system it would be no path at all.
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// Refuses what is not a regular file.
fn regular(path: &Path, file_type: FileType) -> Result<(), ToolError> {
    if file_type.is_file() {
        return Ok(());
    }
    Err(ToolError::NotAFile {
        path: text::path(path),
        kind: kind(file_type),
    })
}

/// What something is, with its article.
pub(crate) fn kind(file_type: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use cap_std::fs::FileTypeExt as _;
        if file_type.is_fifo() {
            return "a FIFO";
        }
        if file_type.is_socket() {
            return "a socket";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device";
        }
    }
    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_symlink() {
        "a symbolic link"
    } else {
        "something special"
    }
}

fn reading_without_blocking() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt as _;
        use rustix::fs::OFlags;
        // The bits are those of the C type `int`.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    options
}
