//! What lies beneath the root and is left alone all the same.
//!
//! Leave to read or write the working folder must not grow into more: the program's own settings and
//! keys decide what the next run may do, and other programs' keys open what nobody meant to.
//!
//! Places are compared where they really are, so that no link and no `..` leads around. This is
//! looked at beside the opening, not by it: only a program that already runs with the person's
//! rights could swap a link in between, and it can reach the keys without our help.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{ToolError, text};

/// Where keys are. Clones share the lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Protected {
    /// The program's own, and its settings.
    own: Arc<[PathBuf]>,
    /// Those of other programs.
    credentials: Arc<[PathBuf]>,
}

impl Protected {
    /// The same with these as the program's own, as far as they matter to a root: a link out of it is
    /// refused anyway.
    pub(crate) fn with_own(self, root: &Path, places: impl IntoIterator<Item = PathBuf>) -> Self {
        let matters = |place: &PathBuf| place.starts_with(root) || root.starts_with(place);
        let own = reals(places).filter(matters).collect();
        Self { own, ..self }
    }

    /// The same with these as other programs'. Who works in such a place means it.
    pub(crate) fn with_credentials(
        self,
        root: &Path,
        places: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let matters = |place: &PathBuf| place.starts_with(root) && place != root;
        let credentials = reals(places).filter(matters).collect();
        Self {
            credentials,
            ..self
        }
    }

    /// Whether a real place is one of these, or lies in one.
    pub(crate) fn covers(&self, real: &Path) -> bool {
        holds(&self.own, real) || holds(&self.credentials, real)
    }

    /// Refuses a real place that is one of these, which the call has as `named`.
    pub(crate) fn check(&self, real: &Path, named: &Path) -> Result<(), ToolError> {
        let path = || text::path(named);
        if holds(&self.own, real) {
            return Err(ToolError::Protected { path: path() });
        }
        match holds(&self.credentials, real) {
            true => Err(ToolError::Credentials { path: path() }),
            false => Ok(()),
        }
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.credentials.is_empty()
    }
}

fn reals(places: impl IntoIterator<Item = PathBuf>) -> impl Iterator<Item = PathBuf> {
    let places = places.into_iter();
    places.map(|place| real(&place).unwrap_or(place))
}

fn holds(places: &[PathBuf], real: &Path) -> bool {
    places.iter().any(|place| real.starts_with(place))
}

/// Where a path leads, links followed; what does not exist yet will stand in its folder.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let missing = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => error,
        found_or_failed => return found_or_failed,
    };
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(real(parent)?.join(name)),
        _ => Err(missing),
    }
}

/// Whether a file tells of a process, as `/proc/7/environ` does of its keys (proc(5)). Such a file is
/// beneath the root where somebody works in `/`.
#[cfg(target_os = "linux")]
pub(crate) fn is_of_a_process(file: &fs::File, path: &Path) -> bool {
    /// `PROC_SUPER_MAGIC` (statfs(2)).
    const PROC: i64 = 0x9fa0;
    let is_proc = rustix::fs::fstatfs(file).is_ok_and(|system| system.f_type == PROC);
    let is_number = |part: &std::ffi::OsStr| part.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    // One that cannot be found any more has ended meanwhile, and is told of all the same.
    is_proc && fs::canonicalize(path).map_or(true, |real| real.iter().any(is_number))
}

/// The same where no files tell of processes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_of_a_process(_file: &fs::File, _path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_yet_is_protected_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let config = root.join("home/config");
        let protected = Protected::default().with_own(&root, [config.clone()]);
        assert!(protected.covers(&real(&config.join("a/b.toml")).unwrap()));
        assert!(!protected.covers(&real(&root.join("home/config2")).unwrap()));
    }

    #[test]
    fn places_that_the_root_cannot_reach_are_not_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let inner = root.join("project");
        let own = |place| Protected::default().with_own(&inner, [place]);
        assert!(own(root.join("config")).is_empty());
        assert!(own(root).covers(&inner.join("a.txt")));
    }
}
