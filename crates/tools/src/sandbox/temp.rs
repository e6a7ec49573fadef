//! The temporary folder of commands: made for one run of the program, and gone with it.
//!
//! A run that is killed leaves its folder behind, and the next one removes it. A run holds a lock on its
//! folder for as long as it lives, which the system gives back however it ends: so nobody goes by the
//! number of a process, which another one may have by then, or which cannot be seen from here.

use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// How its name begins. Nothing else of the user's does.
const PREFIX: &str = "alipes-commands-";

/// How often a folder is made that somebody takes for one that was left, before it is locked.
const TRIES: u32 = 8;

/// A folder of this run's.
#[derive(Debug)]
pub(super) struct Temp {
    // In this order: it is ours until it is gone.
    folder: TempDir,
    _held: Option<File>,
}

impl Temp {
    pub(super) fn within(base: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let folder = made(base)?;
            tries += 1;
            match held(folder.path()) {
                Err(error) if tries == TRIES => return Err(error),
                Err(_removed) => {}
                Ok(held) => {
                    let _held = held;
                    return Ok(Self { folder, _held });
                }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folders beside it whose runs are gone. That may take a while: commands leave much.
    pub(super) fn sweep(&self) -> impl FnOnce() + Send + use<> {
        let own = self.path().to_owned();
        move || sweep(&own)
    }
}

/// A folder that nobody else can look into.
fn made(base: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.prefix(PREFIX).tempdir_in(base)
}

/// The lock on a folder that was just made; nothing where folders cannot be locked.
fn held(folder: &Path) -> io::Result<Option<File>> {
    let file = File::open(folder)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(_unable)) => return Ok(None),
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
    }
    // Somebody may have removed it before it was locked.
    fs::symlink_metadata(folder)?;
    Ok(Some(file))
}

fn sweep(own: &Path) {
    let beside = own.parent().map(fs::read_dir);
    let Some(Ok(beside)) = beside else {
        return;
    };
    for left in beside.flatten().filter_map(|entry| candidate(&entry, own)) {
        // Whoever lives has locked it.
        if let Ok(folder) = File::open(&left)
            && folder.try_lock().is_ok()
        {
            // What cannot be removed stays, as it did before.
            let _ = fs::remove_dir_all(&left);
        }
    }
}

/// The folder, if it could be one that a run of this user's has left.
fn candidate(entry: &DirEntry, own: &Path) -> Option<PathBuf> {
    let path = entry.path();
    let is_named = entry.file_name().to_str()?.starts_with(PREFIX);
    (is_named && path != own && is_as(&path, own)).then_some(path)
}

/// Whether one folder has the owner and the rights of another.
#[cfg(unix)]
fn is_as(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // Not what a link leads to.
    let looked = |path| fs::symlink_metadata(path).ok();
    let Some((one, other)) = looked(one).zip(looked(other)) else {
        return false;
    };
    one.is_dir() && (one.uid(), one.mode()) == (other.uid(), other.mode())
}

#[cfg(not(unix))]
fn is_as(_one: &Path, _other: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder(base: &Path, name: &str, mode: u32) -> PathBuf {
        let path = base.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), "left").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn what_a_killed_run_has_left_goes_and_nothing_else_does() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        let elsewhere = tempfile::tempdir().unwrap();
        let (alive, own) = (Temp::within(base).unwrap(), Temp::within(base).unwrap());
        let killed = folder(base, "alipes-commands-killed", 0o700);
        let others = [
            folder(base, "alipes-commands-shared", 0o755),
            folder(base, "alipes-notes", 0o700),
            folder(elsewhere.path(), "linked", 0o700),
        ];
        symlink(&others[2], base.join("alipes-commands-link")).unwrap();
        own.sweep()();
        assert!(!killed.exists());
        assert!(alive.path().exists() && own.path().exists());
        assert!(others.iter().all(|other| other.join("file").exists()));
        let path = alive.path().to_owned();
        drop(alive);
        assert!(!path.exists());
    }
}
