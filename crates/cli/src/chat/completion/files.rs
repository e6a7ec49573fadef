//! The files of a folder, as far as they can be meant: without what is ignored or hidden, by its name
//! or by a rule of the user's.

use alipes_tools::Root;
use ignore::{DirEntry, WalkBuilder};

/// Of a folder with more files than this the rest is not offered.
const MOST: usize = 50_000;

/// The names beneath `root`, sorted; to be called where waiting for a disk does no harm.
pub(in crate::chat) fn files(root: &Root) -> Vec<String> {
    let folder = root.path();
    let walk = WalkBuilder::new(folder).follow_links(false).build();
    // No link is among them, so each path is a real one.
    let is_file = |entry: &DirEntry| entry.file_type().is_some_and(|kind| kind.is_file());
    let found = walk
        .flatten()
        .filter(|entry| is_file(entry) && root.shows(entry.path()));
    let names = found.filter_map(|entry| {
        let name = entry.path().strip_prefix(folder).ok()?;
        name.to_str().map(ToOwned::to_owned)
    });
    let mut names: Vec<String> = names.take(MOST).collect();
    names.sort_unstable();
    names
}
