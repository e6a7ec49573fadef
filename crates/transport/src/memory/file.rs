//! Endpoint memory as one file, shared by all processes of a home.
//!
//! Who writes holds a lock, reads what is there, adds its own, and puts the whole in place with a
//! rename: so nobody loses what another has written, and nobody ever reads half of it. The lock is on
//! a file beside it, because the file itself is replaced. Readers need none.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::snapshot::Unread;
use super::{MemoryProblem, MemoryStore, MemoryWarning, Snapshot};

/// A larger file is not ours: every part of a snapshot is bounded.
const LARGEST: u64 = 8 << 20;

/// How long a lock is waited for, in looks.
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(20);

/// A store in a file.
#[derive(Clone, Debug)]
pub struct MemoryFile {
    path: PathBuf,
}

impl MemoryFile {
    /// The store in `folder`, which is made when there is something to keep.
    #[must_use]
    pub fn within(folder: &Path) -> Self {
        Self {
            path: folder.join("endpoints.json"),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn warning(&self, problem: MemoryProblem) -> MemoryWarning {
        MemoryWarning {
            path: self.path.clone(),
            problem,
        }
    }

    fn read(&self) -> Result<Snapshot, MemoryProblem> {
        let text = match read_bounded(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Snapshot::default()),
            Err(error) => return Err(MemoryProblem::Unreadable(error)),
        };
        Snapshot::read(&text).map_err(|unread| match unread {
            Unread::Corrupt => MemoryProblem::Corrupt,
            Unread::Newer { version } => MemoryProblem::Newer { version },
        })
    }

    fn merge(&self, ours: Snapshot, now: SystemTime) -> Result<Snapshot, MemoryProblem> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(MemoryProblem::Unwritable)?;
        let lock = private()
            .create(true)
            .truncate(false)
            .open(self.path.with_extension("lock"))
            .map_err(MemoryProblem::Unwritable)?;
        hold(&lock)?;
        // What cannot be used was told when it was loaded, and is rebuilt now.
        let mut merged = self.read().unwrap_or_default();
        merged.merge(ours, now);
        self.replace(&merged.write())
            .map_err(MemoryProblem::Unwritable)?;
        Ok(merged)
    }

    /// Puts `text` in place in one step. The new file's name is nobody else's: we hold the lock.
    fn replace(&self, text: &str) -> io::Result<()> {
        let new = self.path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().create_new(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &self.path)
    }
}

impl MemoryStore for MemoryFile {
    fn load(&self) -> Result<Snapshot, MemoryWarning> {
        self.read().map_err(|problem| self.warning(problem))
    }

    fn save(&self, ours: Snapshot, now: SystemTime) -> Result<Snapshot, MemoryWarning> {
        self.merge(ours, now)
            .map_err(|problem| self.warning(problem))
    }
}

/// Writable by its owner alone, and readable by nobody else.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO would be waited for, a device would never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(length) if length <= LARGEST => Ok(text),
        _ => Err(io::Error::other("it is too large")),
    }
}

/// Takes the lock, within a bounded time: a process that was stopped while it held it must not stop
/// us too. It is free again when the file is closed.
fn hold(lock: &File) -> Result<(), MemoryProblem> {
    for _ in 0..LOOKS {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
            Err(TryLockError::Error(error)) => return Err(MemoryProblem::Unwritable(error)),
        }
    }
    Err(MemoryProblem::Busy)
}
