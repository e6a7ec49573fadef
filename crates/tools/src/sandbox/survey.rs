//! One look through the folders that a command writes, for what it must not touch there: repositories,
//! and what patterns forbid. It takes as long as there are items, so never on a thread that others
//! wait for.
//!
//! What lies near the top comes first, and what others have made last. A repository that is not reached
//! is not sealed; a forbidden item that is not reached would be read, so then no command runs.

use std::collections::VecDeque;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::forbidden::{self, MOST};
use crate::{Root, git};

/// How many folders of each place are looked into for a `.git`.
const GIT_FOLDERS: usize = 4_000;

/// How many items of the working folder are looked at for what patterns forbid.
const ITEMS: usize = 200_000;

/// Folders that hold thousands of others and no work of the person's own.
const PASSED_OVER: [&str; 2] = ["node_modules", "target"];

/// What was found, where it really is.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Every repository: what stands there is run by the next git command of the person. One that is made
    /// later is not among them.
    pub(super) repositories: Vec<PathBuf>,
    /// Every `.git` that is a link, which a command could put another one in place of.
    pub(super) links: Vec<PathBuf>,
    /// What patterns forbid beneath the root.
    pub(super) forbidden: Vec<PathBuf>,
}

impl Survey {
    /// Looks through the root, and through further places for repositories.
    pub(super) fn of(root: &Root, writable: &[PathBuf]) -> io::Result<Self> {
        Self::within(root, writable, ITEMS)
    }

    fn within(root: &Root, writable: &[PathBuf], items: usize) -> io::Result<Self> {
        let mut survey = Self::default();
        let patterns = root.hidden().has_patterns().then_some(root);
        survey.look_through(root.path(), patterns, items)?;
        let elsewhere = writable.iter().filter(|at| !at.starts_with(root.path()));
        for place in elsewhere {
            survey.look_through(place, None, items)?;
        }
        // A link that leads out of what is written leads to what is not written anyway.
        survey.repositories.retain(|found| {
            let mut written = writable.iter().map(PathBuf::as_path).chain([root.path()]);
            written.any(|place| found.starts_with(place))
        });
        // Who works in a repository's own folder means it.
        survey
            .repositories
            .retain(|found| !root.path().starts_with(found));
        survey.repositories.sort();
        survey.repositories.dedup();
        Ok(survey)
    }

    fn look_through(
        &mut self,
        top: &Path,
        patterns: Option<&Root>,
        most_items: usize,
    ) -> io::Result<()> {
        let mut near = VecDeque::from([top.to_owned()]);
        // For patterns alone.
        let mut aside = VecDeque::new();
        let (mut folders, mut items) = (0, 0);
        loop {
            let next = near.pop_front().map(|folder| (folder, false));
            let next = next.or_else(|| aside.pop_front().map(|folder| (folder, true)));
            let Some((folder, is_aside)) = next else {
                return Ok(());
            };
            folders += 1;
            let seals = !is_aside && folders <= GIT_FOLDERS;
            if patterns.is_none() && !seals {
                return Ok(());
            }
            if seals && folder != top && git::is_repository(&folder) {
                self.repositories.push(folder.clone());
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                items += 1;
                let is_git = entry.file_name().eq_ignore_ascii_case(".git");
                if is_git && seals {
                    self.seal(&entry);
                }
                if let Some(root) = patterns {
                    if items > most_items {
                        return Err(too_many(most_items));
                    }
                    if self.forbids(&entry, root)? {
                        continue;
                    }
                }
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                let is_passed_over = PASSED_OVER.iter().any(|name| entry.file_name() == *name);
                match is_aside || is_git || is_passed_over {
                    true if patterns.is_some() => aside.push_back(entry.path()),
                    true => {}
                    false => near.push_back(entry.path()),
                }
            }
        }
    }

    /// Keeps a `.git`, be it the folder, a link to it, or a file that leads there.
    fn seal(&mut self, entry: &DirEntry) {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            self.links.push(path.clone());
        }
        if let Ok(real) = fs::canonicalize(&path) {
            self.repositories.extend(git::led_to(&real));
            self.repositories.push(real);
        }
    }

    /// Whether an item is forbidden by a pattern; then it is kept.
    fn forbids(&mut self, entry: &DirEntry, root: &Root) -> io::Result<bool> {
        let path = entry.path();
        let is_forbidden = root.hidden().covers(&path);
        if is_forbidden {
            self.forbidden.extend(forbidden::real(&path, root));
        }
        match self.forbidden.len() > MOST {
            true => Err(forbidden::no_room()),
            false => Ok(is_forbidden),
        }
    }
}

fn too_many(items: usize) -> io::Error {
    io::Error::other(format!(
        "more than {items} items lie in the working folder, too many to look for what patterns of \
         `path` rules forbid; let the rules name places, or work in a folder deeper down"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repository_is_found_however_deep_and_in_each_place_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        for name in [
            "root/.git",
            "root/vendor/a/.git",
            "root/node_modules/b/.git",
            "root/a/b/c/d/.git",
            "root/module",
            "elsewhere/c/.git",
            "unwritten/.git",
        ] {
            fs::create_dir_all(at.join(name)).unwrap();
        }
        fs::write(at.join("root/module/.git"), "gitdir: ../target/real").unwrap();
        fs::create_dir_all(at.join("root/target/real")).unwrap();
        for name in ["objects", "refs"] {
            fs::create_dir_all(at.join("root/any.name").join(name)).unwrap();
        }
        fs::write(at.join("root/any.name/HEAD"), "ref: refs/heads/main").unwrap();
        fs::create_dir(at.join("root/link")).unwrap();
        std::os::unix::fs::symlink("../../unwritten/.git", at.join("root/link/.git")).unwrap();
        let root = Root::open(&at.join("root")).unwrap();
        let found = Survey::of(&root, &[at.join("elsewhere"), at.join("root/a")]).unwrap();
        let sealed = [
            "elsewhere/c/.git",
            "root/.git",
            "root/a/b/c/d/.git",
            "root/any.name",
            "root/module/.git",
            "root/target/real",
            "root/vendor/a/.git",
        ];
        assert_eq!(found.links, [at.join("root/link/.git")]);
        assert_eq!(found.repositories, sealed.map(|name| at.join(name)));
    }

    #[test]
    fn a_pattern_is_looked_up_and_a_link_leads_to_what_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        for name in [
            "a/secret/deep/secret",
            "b/c",
            "target/secret",
            ".git/secret",
        ] {
            fs::create_dir_all(at.join(name)).unwrap();
        }
        fs::write(at.join("b/key"), "").unwrap();
        std::os::unix::fs::symlink("../b/key", at.join("a/secret.txt")).unwrap();
        std::os::unix::fs::symlink("/", at.join("b/secret")).unwrap();
        let root = Root::open(&at).unwrap().hiding(is_secret);
        let mut found = Survey::of(&root, &[]).unwrap().forbidden;
        found.sort();
        let names = [".git/secret", "a/secret", "b/key", "target/secret"];
        assert_eq!(found, names.map(|name| at.join(name)));
    }

    #[test]
    fn where_not_everything_can_be_looked_at_for_a_pattern_no_command_runs() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["target/a", "target/b"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let plain = Root::open(folder.path()).unwrap();
        let ruled = plain.clone().hiding(is_secret);
        assert!(Survey::within(&ruled, &[], 3).is_ok());
        assert!(Survey::within(&plain, &[], 2).is_ok());
        let refused = Survey::within(&ruled, &[], 2).unwrap_err().to_string();
        assert!(refused.contains("more than 2 items"), "{refused}");
    }

    #[test]
    fn more_than_there_is_room_for_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=MOST {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let root = Root::open(folder.path()).unwrap().hiding(|_| true);
        let refused = Survey::of(&root, &[]).unwrap_err().to_string();
        assert!(refused.contains("folders"), "{refused}");
    }

    fn is_secret(path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("secret"))
    }
}
