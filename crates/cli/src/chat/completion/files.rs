//! The files of a folder, as far as they can be meant: without what is ignored or hidden.

use std::path::Path;

use ignore::WalkBuilder;

/// Of a folder with more files than this the rest is not offered.
const MOST: usize = 50_000;

/// The names beneath `folder`, sorted; to be called where waiting for a disk does no harm.
pub(in crate::chat) fn files(folder: &Path) -> Vec<String> {
    let walk = WalkBuilder::new(folder).follow_links(false).build();
    let found = walk
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let names = found.filter_map(|entry| {
        let name = entry.path().strip_prefix(folder).ok()?;
        name.to_str().map(ToOwned::to_owned)
    });
    let mut names: Vec<String> = names.take(MOST).collect();
    names.sort_unstable();
    names
}
