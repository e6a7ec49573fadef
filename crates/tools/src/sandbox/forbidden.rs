//! What rules of the person's forbid by path, as places: a sandbox knows no patterns. They are looked up
//! when a command begins; what it makes itself meanwhile is its own.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Root;

/// How much of the working folder is looked at for what a pattern forbids, that near its top first.
const LOOKED_AT: usize = 50_000;

/// More places have no room on a command line.
const MOST: usize = 1_000;

/// Where they really are.
pub(super) fn places(root: &Root) -> io::Result<Vec<PathBuf>> {
    let named = root.hidden().places().iter();
    let mut found: Vec<PathBuf> = named.filter_map(|place| real(place, root)).collect();
    if root.hidden().has_patterns() {
        found.extend(matching(root));
    }
    match found.len() > MOST {
        true => Err(io::Error::other(format!(
            "rules forbid more than {MOST} paths here one by one; forbid their folders instead"
        ))),
        false => Ok(found),
    }
}

/// Those beneath the root that the patterns are about.
fn matching(root: &Root) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = VecDeque::from([root.path().to_owned()]);
    let mut looked_at = 0;
    while let Some(folder) = folders.pop_front() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            looked_at += 1;
            if found.len() > MOST || looked_at > LOOKED_AT {
                return found;
            }
            if root.hidden().covers(&path) {
                found.extend(real(&path, root));
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push_back(path);
            }
        }
    }
    found
}

/// Where a path leads; nowhere, if it leads to what the root itself lies in.
fn real(path: &Path, root: &Root) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    (!root.path().starts_with(&real)).then_some(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_looked_up_and_a_link_leads_to_what_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        for name in ["a/secret/deep/secret", "b/c"] {
            fs::create_dir_all(at.join(name)).unwrap();
        }
        fs::write(at.join("b/key"), "").unwrap();
        std::os::unix::fs::symlink("../b/key", at.join("a/secret.txt")).unwrap();
        std::os::unix::fs::symlink("/", at.join("b/secret")).unwrap();
        let root = Root::open(&at).unwrap().hiding(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("secret")
        });
        let mut found = places(&root).unwrap();
        found.sort();
        assert_eq!(found, ["a/secret", "b/key"].map(|name| at.join(name)));
    }

    #[test]
    fn where_places_are_named_nothing_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        fs::write(at.join("key"), "").unwrap();
        let root = Root::open(&at).unwrap().hiding(|_| panic!("it was asked"));
        let root = root.hiding_places([at.join("key"), at.join("missing")], true);
        assert_eq!(places(&root).unwrap(), [at.join("key")]);
    }

    #[test]
    fn more_than_there_is_room_for_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=MOST {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let root = Root::open(folder.path()).unwrap().hiding(|_| true);
        assert!(places(&root).unwrap_err().to_string().contains("folders"));
    }
}
