//! The file system on which everything is kept: whether it can be written, and how much room it has.

use std::path::Path;

/// Below this nothing that matters can be kept, in bytes.
const FULL: u64 = 1024 * 1024;

/// A file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    /// What this user may still write, in bytes.
    pub(crate) free: u64,
    is_read_only: bool,
}

impl Disk {
    /// The one on which a folder lies, or would lie; `None` where that cannot be told.
    #[cfg(unix)]
    pub(crate) fn beneath(folder: &Path) -> Option<Self> {
        use rustix::fs::{StatVfsMountFlags, statvfs};
        let there = folder.ancestors().find(|folder| folder.exists())?;
        let facts = statvfs(there).ok()?;
        Some(Self {
            free: facts.f_bavail.saturating_mul(facts.f_frsize),
            is_read_only: facts.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn beneath(_folder: &Path) -> Option<Self> {
        None
    }

    /// Why nothing can be kept on it, and what helps.
    pub(crate) fn trouble(self) -> Option<(&'static str, &'static str)> {
        if self.is_read_only {
            let help =
                "make it writable; `alipes exec --ephemeral` keeps nothing and works meanwhile";
            return Some(("its file system is read-only", help));
        }
        let help = "make room; `alipes exec --ephemeral` keeps nothing and works meanwhile";
        (self.free < FULL).then_some(("its file system is full", help))
    }
}
