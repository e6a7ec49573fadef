//! Where git keeps what it runs: hooks, and a configuration that names programs. Whoever can write there
//! has the next git command of the person run something.
//!
//! Mostly that is a folder `.git`. But a file of that name may lead to it (gitrepository-layout(5)), as in
//! worktrees, submodules and beside a bare repository, and a bare one has any name: those are known by
//! what git itself knows them by.

use std::fs;
use std::path::{Path, PathBuf};

/// Most bytes of a file that names a folder.
const LONGEST: u64 = 4 * 1024;

/// Whether a path names git's own folder or something in it, in any spelling: not every file system
/// tells `.GIT` from `.git`.
pub(crate) fn names(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
}

/// Whether a real place is a repository of any name or lies in one.
pub(crate) fn holds(real: &Path) -> bool {
    real.ancestors().any(is_repository)
}

/// Whether a folder is a repository, to git: it has a head, objects and references.
pub(crate) fn is_repository(folder: &Path) -> bool {
    folder.join("HEAD").symlink_metadata().is_ok()
        && folder.join("objects").is_dir()
        && folder.join("refs").is_dir()
}

/// The real folders that a file `.git` leads to: its repository, and the one that this shares with others.
pub(crate) fn led_to(file: &Path) -> Vec<PathBuf> {
    let Some(folder) = named_in(file, "gitdir:") else {
        return Vec::new();
    };
    let shared = named_in(&folder.join("commondir"), "");
    std::iter::once(folder).chain(shared).collect()
}

/// The folder that a file names behind a word, seen from where the file is.
fn named_in(file: &Path, word: &str) -> Option<PathBuf> {
    let is_short = fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() <= LONGEST);
    let text = is_short.then(|| fs::read_to_string(file).ok())??;
    let named = text.strip_prefix(word)?.trim();
    fs::canonicalize(file.parent()?.join(named)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_known_by_any_spelling_but_only_as_a_whole_name() {
        for path in [".git", "a/.git/hooks/x", "a/.GIT/config"] {
            assert!(names(Path::new(path)), "{path}");
        }
        for path in [".gitignore", ".github/workflows/a.yml", "a.git"] {
            assert!(!names(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_file_leads_to_its_repository_and_to_the_shared_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(at.join(".bare/worktrees/x")).unwrap();
        fs::create_dir(at.join("x")).unwrap();
        fs::write(at.join("x/.git"), "gitdir: ../.bare/worktrees/x\n").unwrap();
        fs::write(at.join(".bare/worktrees/x/commondir"), "../..\n").unwrap();
        let leads = led_to(&at.join("x/.git"));
        assert_eq!(
            leads,
            [".bare/worktrees/x", ".bare"].map(|name| at.join(name))
        );
        fs::write(at.join("x/.git"), "gitdir: ../gone\n").unwrap();
        assert!(led_to(&at.join("x/.git")).is_empty());
        assert!(led_to(&at.join(".bare")).is_empty());
    }
}
