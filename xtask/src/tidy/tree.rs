//! The files that the rules look at: all text that git would track, whether it was added yet or not.

use std::path::{Path, PathBuf};

use anyhow::Result;
use ignore::WalkBuilder;

use super::Finding;

/// Larger files are data, not something that people wrote.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A folder's text files.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) files: Vec<File>,
}

/// A text file.
#[derive(Debug)]
pub(super) struct File {
    /// Below the tree's root.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Tree {
    /// Reads what lies below `root` and is not ignored there.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .parents(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .max_filesize(Some(LARGEST))
            .filter_entry(|entry| entry.file_name() != ".git")
            .sort_by_file_path(Path::cmp)
            .build();
        let mut files = Vec::new();
        for entry in walk {
            let entry = entry?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let Ok(text) = String::from_utf8(std::fs::read(entry.path())?) else {
                continue;
            };
            let path = entry.path().strip_prefix(root)?.to_path_buf();
            files.push(File { path, text });
        }
        let root = root.to_path_buf();
        Ok(Self { root, files })
    }

    /// The Rust sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| {
            file.path
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
    }
}

impl File {
    /// Findings for those lines of which `judge` has something to say.
    pub(super) fn judge_lines(
        &self,
        remedy: &'static str,
        judge: impl Fn(&str) -> Option<String>,
    ) -> impl Iterator<Item = Finding> {
        self.text
            .lines()
            .enumerate()
            .filter_map(move |(index, line)| {
                judge(line).map(|what| Finding {
                    path: self.path.clone(),
                    line: index + 1,
                    what,
                    remedy,
                })
            })
    }
}

/// A folder of its own with these files, for a rule's test.
#[cfg(test)]
pub(super) fn planted(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Tree::read(folder.path()).unwrap();
    (folder, tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_are_read_and_ignored_or_binary_ones_are_not() {
        let (_folder, tree) = planted(&[
            (".gitignore", "/target/\n"),
            (".ci/run", "x"),
            ("target/a.rs", "x"),
            ("a.rs", "x"),
            (".git/config", "x"),
        ]);
        let paths: Vec<_> = tree
            .files
            .iter()
            .map(|file| file.path.to_str().unwrap())
            .collect();
        assert_eq!(paths, [".ci/run", ".gitignore", "a.rs"]);
    }
}
