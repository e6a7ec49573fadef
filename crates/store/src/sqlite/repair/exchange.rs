//! The repaired store takes the place of the damaged one: step by step, each the change of one name.
//!
//! A database and its log are two files, and either beside the other's would be a third store that nobody
//! ever had. So the damaged database first becomes one that needs no log, then its log goes, and then the
//! repaired one takes its name. After each step whoever opens the store sees the damaged one as it was, or
//! the repaired one. Who reads without a lock keeps the files that it has opened.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::sqlite::files::Files;

/// What a damaged database that is kept is called, before the time at which it was put aside.
const KEPT: &str = "alipes.damaged-";

/// One change of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The file gets another name beside its own.
    Keep { file: PathBuf, as_well: PathBuf },
    /// The file takes the name of another, which is gone then.
    Rename { file: PathBuf, to: PathBuf },
    /// The file goes.
    Remove { file: PathBuf },
}

/// What puts the store at `new` in the place of the damaged one, which is kept as `aside`. `folded` is a copy of
/// that which needs no log.
pub(super) fn steps(
    files: &Files,
    (folded, new): (Option<&Path>, &Path),
    aside: &Path,
) -> Vec<Step> {
    let keep = |file: PathBuf, as_well| Step::Keep { file, as_well };
    let put = |file: &Path| Step::Rename {
        file: file.to_path_buf(),
        to: files.database(),
    };
    let mut steps = vec![keep(files.database(), aside.to_path_buf())];
    if files.log().exists() {
        steps.push(keep(files.log(), log_of(aside)));
    }
    steps.extend(folded.map(put));
    // The log before its index: an index that outlives its log is made anew by whoever opens the store next.
    steps.push(Step::Remove { file: files.log() });
    steps.push(Step::Remove {
        file: files.log_index(),
    });
    steps.push(put(new));
    steps
}

impl Step {
    /// Does it. `scratch` is a folder of the same file system.
    pub(super) fn take(&self, scratch: &Path) -> io::Result<()> {
        match self {
            Self::Keep { file, as_well } => {
                fs::hard_link(file, as_well).or_else(|_unsupported| {
                    // A name that is there stands for the whole file.
                    let copy = scratch.join("copy");
                    fs::copy(file, &copy)?;
                    fs::File::open(&copy)?.sync_all()?;
                    fs::rename(&copy, as_well)
                })
            }
            Self::Rename { file, to } => fs::rename(file, to),
            Self::Remove { file } => match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}

/// A name for the damaged database that no file has.
pub(super) fn free_name(files: &Files, now: u64) -> PathBuf {
    let mut names = (now..).map(|number| files.folder().join(format!("{KEPT}{number}")));
    let free = names.find(|name| !name.exists() && !log_of(name).exists());
    free.unwrap_or_else(|| files.folder().join(KEPT))
}

/// What repairs have put aside. One that was cut may have given the store's own files a second name: that
/// is taken away, for those files may still change.
pub(super) fn earlier(files: &Files) -> io::Result<Vec<PathBuf>> {
    let mut earlier = Vec::new();
    for entry in fs::read_dir(files.folder())? {
        let entry = entry?;
        let name = entry.file_name();
        let is_database = |name: &str| {
            name.starts_with(KEPT) && !name.ends_with("-wal") && !name.ends_with("-shm")
        };
        if !name.to_str().is_some_and(is_database) {
            continue;
        }
        let path = entry.path();
        if is_same(&path, &files.database()) {
            Step::Remove {
                file: log_of(&path),
            }
            .take(files.folder())?;
            fs::remove_file(path)?;
        } else {
            earlier.push(path);
        }
    }
    earlier.sort();
    Ok(earlier)
}

fn log_of(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-wal");
    name.into()
}

/// Whether both are names of one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let file = |path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((file(one), file(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether both are names of one file, as far as that can be told here.
#[cfg(not(unix))]
fn is_same(_one: &Path, _other: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;
