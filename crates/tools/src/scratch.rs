//! A folder of the conversation's own for what is too long for an answer.
//!
//! Made when it is first needed, readable by its owner alone, and removed with the conversation. The
//! tools that read find it by its path, beside the root: `shell` may be confined to see another
//! temporary folder than ours.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_base::Environment;

use crate::Root;

/// Most files that are kept; the oldest makes way.
const FILES: usize = 8;

/// How often another name is tried for the folder: one that was killed has left its own behind.
const NAMES: usize = 64;

/// The folder. Clones share it; the last one removes it.
#[derive(Clone, Debug)]
pub(crate) struct Scratch(Arc<Place>);

#[derive(Debug)]
struct Place {
    parent: PathBuf,
    made: Mutex<Option<Made>>,
}

#[derive(Debug)]
struct Made {
    root: Root,
    files: VecDeque<PathBuf>,
    count: u64,
}

impl Scratch {
    /// A folder that will be made beneath this one.
    pub(crate) fn beneath(parent: PathBuf) -> Self {
        Self(Arc::new(Place {
            parent,
            made: Mutex::default(),
        }))
    }

    /// A folder that will be made where the environment has temporary files.
    pub(crate) fn of(environment: &Environment) -> Self {
        let named = ["TMPDIR", "TEMP"]
            .iter()
            .find_map(|name| environment.path(name));
        let usual = || {
            PathBuf::from(if cfg!(windows) {
                r"C:\Windows\Temp"
            } else {
                "/tmp"
            })
        };
        Self::beneath(
            named
                .filter(|path| path.is_absolute())
                .unwrap_or_else(usual),
        )
    }

    /// A new file in it, and its absolute path.
    pub(crate) fn file(&self) -> io::Result<(File, PathBuf)> {
        let mut made = self.0.made();
        let made = match &mut *made {
            Some(made) => made,
            none => none.insert(Made::beneath(&self.0.parent)?),
        };
        made.count += 1;
        let path = made.root.path().join(format!("output-{}.txt", made.count));
        let file = private(OpenOptions::new().write(true).create_new(true)).open(&path)?;
        if made.files.len() == FILES {
            // One that will not go stays until the folder goes.
            let _ = made.files.pop_front().map(fs::remove_file);
        }
        made.files.push_back(path.clone());
        Ok((file, path))
    }

    /// The folder as a root, if this path leads into it.
    pub(crate) fn holding(&self, given: &str) -> Option<Root> {
        let made = self.0.made();
        let root = &made.as_ref()?.root;
        Path::new(given)
            .starts_with(root.path())
            .then(|| root.clone())
    }
}

impl Place {
    fn made(&self) -> MutexGuard<'_, Option<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    fn beneath(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut taken = io::ErrorKind::AlreadyExists.into();
        for _ in 0..NAMES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("alipes-{}-{number}", std::process::id()));
            // It fails where there is anything of that name, be it a link that somebody else put there.
            match private_folder().create(&path) {
                Ok(()) => {
                    return Ok(Self {
                        root: Root::open(&path).map_err(io::Error::other)?,
                        files: VecDeque::new(),
                        count: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // Nothing more can be done about a folder that will not go.
        let _ = fs::remove_dir_all(self.root.path());
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_bounded_and_goes_with_the_last_who_holds_it() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::beneath(parent.path().to_owned());
        let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
        assert_eq!(names(parent.path()), 0);
        let paths: Vec<PathBuf> = (0..FILES + 3).map(|_| scratch.file().unwrap().1).collect();
        let folder = paths[0].parent().unwrap();
        assert_eq!(names(folder), FILES);
        assert!(!paths[2].exists() && paths[3].exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(folder), mode(&paths[3])), (0o700, 0o600));
        }
        let other = scratch.clone();
        drop(scratch);
        assert!(other.holding(paths[3].to_str().unwrap()).is_some());
        assert!(other.holding("/etc/passwd").is_none());
        drop(other);
        assert_eq!(names(parent.path()), 0);
    }
}
