//! What rules of the person's forbid by path, as places: a sandbox knows no patterns. They are looked up
//! when a command begins; what it makes itself meanwhile is its own.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Root;

/// More places have no room on a command line.
pub(super) const MOST: usize = 1_000;

/// Where they really are: those that rules name, and those that were found beneath the root.
pub(super) fn places(root: &Root, found: Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let named = root.hidden().places().iter();
    let mut places: Vec<PathBuf> = named.filter_map(|place| real(place, root)).collect();
    places.extend(found);
    match places.len() > MOST {
        true => Err(no_room()),
        false => Ok(places),
    }
}

pub(super) fn no_room() -> io::Error {
    io::Error::other(format!(
        "rules forbid more than {MOST} paths here one by one; forbid their folders instead"
    ))
}

/// Where a path leads; nowhere, if it leads to what the root itself lies in.
pub(super) fn real(path: &Path, root: &Root) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    (!root.path().starts_with(&real)).then_some(real)
}

#[cfg(test)]
mod tests {
    use super::super::survey::Survey;
    use super::*;

    #[test]
    fn where_places_are_named_nothing_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap();
        fs::write(at.join("key"), "").unwrap();
        let root = Root::open(&at).unwrap().hiding(|_| panic!("it was asked"));
        let root = root.hiding_places([at.join("key"), at.join("missing")], true);
        let found = Survey::of(&root, &[]).unwrap().forbidden;
        assert_eq!(places(&root, found).unwrap(), [at.join("key")]);
    }
}
