//! A sorted walk over the files beneath the root, without hidden ones and what `.gitignore` leaves
//! out.
//!
//! The `ignore` crate has a walker, but it goes by path names: a directory swapped for a link in
//! mid-walk would lead it out, and it looks at files above the root and at the user's own ignore
//! list. So only its rules are used here, and every directory is opened beneath the root. Links are
//! named, never followed. What is asked for by name is shown even if a rule or a dot hides it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use cap_std::fs::{DirEntry, FileType};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::Override;

use crate::disk::Watch;
use crate::{Root, ToolError, text};

/// Most entries taken from one directory, so that sorting them stays cheap.
const ENTRIES_PER_FOLDER: usize = 50_000;

/// Most bytes read of one `.gitignore`.
const RULES_BYTES: u64 = 256 * 1024;

/// Something found.
pub(crate) struct Entry {
    /// Relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) file_type: FileType,
}

/// Gives entries in the order of their names, each directory before what is in it.
pub(crate) struct Walk<'a> {
    root: &'a Root,
    watch: &'a Watch,
    globs: Override,
    depth: usize,
    open: Vec<Folder>,
    unread: u64,
    overfull: u64,
    protected: u64,
    hidden: u64,
}

/// A directory being walked: what is left of it, and the rules that hold in it, innermost first.
struct Folder {
    entries: vec::IntoIter<Entry>,
    rules: Rules,
}

type Rules = Vec<Arc<Gitignore>>;

impl<'a> Walk<'a> {
    /// Walks `base` (resolved already) to `depth` levels; files must also satisfy the globs.
    pub(crate) fn new(
        root: &'a Root,
        watch: &'a Watch,
        base: &Path,
        depth: usize,
        globs: Override,
    ) -> Result<Self, ToolError> {
        let mut walk = Self {
            root,
            watch,
            globs,
            depth,
            open: Vec::new(),
            unread: 0,
            overfull: 0,
            protected: 0,
            hidden: 0,
        };
        let base = base.strip_prefix(".").unwrap_or(base);
        let above = base.ancestors().skip(1);
        let rules = above.filter_map(|folder| walk.rules_of(folder)).collect();
        walk.enter(base, rules)?;
        Ok(walk)
    }

    /// What the walk did not see, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unread > 0 {
            let folders = text::counted(self.unread, "folder");
            notes.push(format!("{folders} could not be read"));
        }
        if self.overfull > 0 {
            let folders = text::counted(self.overfull, "folder");
            notes.push(format!(
                "of {folders} only {ENTRIES_PER_FOLDER} items were looked at"
            ));
        }
        if self.protected > 0 {
            let items = text::counted(self.protected, "item");
            notes.push(format!(
                "{items} with alipes' own settings or credentials left out"
            ));
        }
        if self.hidden > 0 {
            let items = text::counted(self.hidden, "item");
            notes.push(format!(
                "{items} that a rule forbids or asks about left out"
            ));
        }
        if self.watch.is_over() {
            notes.push(self.watch.why());
        }
        notes
    }

    /// Reads a directory and its rules, and makes it the one being walked.
    fn enter(&mut self, folder: &Path, mut rules: Rules) -> Result<(), ToolError> {
        let failed = |source| ToolError::from_io("list", folder, source);
        let opened = self.root.open_dir(folder)?;
        if let Some(own) = self.rules_of(folder) {
            rules.insert(0, own);
        }
        let mut found: Vec<(OsString, FileType)> = opened
            .entries()
            .map_err(failed)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.file_name(), type_of(&entry)?))
            })
            .filter(|(name, _)| !name.as_encoded_bytes().starts_with(b"."))
            .take(ENTRIES_PER_FOLDER + 1)
            .collect();
        if found.len() > ENTRIES_PER_FOLDER {
            self.overfull += 1;
            found.truncate(ENTRIES_PER_FOLDER);
        }
        found.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let entries: Vec<Entry> = found
            .into_iter()
            .map(|(name, file_type)| Entry {
                path: folder.join(name),
                file_type,
            })
            .collect();
        self.open.push(Folder {
            entries: entries.into_iter(),
            rules,
        });
        Ok(())
    }

    /// The rules that a directory's own `.gitignore` holds. A line that is no pattern is passed
    /// over, as git does.
    fn rules_of(&self, folder: &Path) -> Option<Arc<Gitignore>> {
        let (file, _) = self.root.open_file(&folder.join(".gitignore")).ok()?;
        let mut builder = GitignoreBuilder::new(folder);
        let lines = BufReader::new(file.take(RULES_BYTES)).lines();
        for line in lines.map_while(Result::ok) {
            let _ = builder.add_line(None, &line);
        }
        builder.build().ok().map(Arc::new)
    }
}

impl Iterator for Walk<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            if self.watch.is_over() {
                return None;
            }
            let level = self.open.len();
            let folder = self.open.last_mut()?;
            let Some(entry) = folder.entries.next() else {
                self.open.pop();
                continue;
            };
            if is_left_out(&entry, &folder.rules, &self.globs) {
                continue;
            }
            // The walk began at a resolved path and follows no links.
            if self.root.is_protected(&entry.path) {
                self.protected += 1;
                continue;
            }
            if self.root.is_hidden(&entry.path) {
                self.hidden += 1;
                continue;
            }
            if entry.file_type.is_dir() && level < self.depth {
                let rules = folder.rules.clone();
                if self.enter(&entry.path, rules).is_err() {
                    self.unread += 1;
                }
            }
            return Some(entry);
        }
    }
}

/// What an entry is. Some file systems do not say so in the listing, only when asked.
fn type_of(entry: &DirEntry) -> Option<FileType> {
    let listed = entry.file_type().ok()?;
    if listed.is_file() || listed.is_dir() || listed.is_symlink() {
        return Some(listed);
    }
    entry.metadata().ok().map(|metadata| metadata.file_type())
}

/// The innermost rule that says something about the entry decides.
fn is_left_out(entry: &Entry, rules: &Rules, globs: &Override) -> bool {
    let is_dir = entry.file_type.is_dir();
    let by_rule = rules
        .iter()
        .map(|rules| rules.matched(&entry.path, is_dir))
        .find(|matched| !matched.is_none());
    by_rule.is_some_and(|matched| matched.is_ignore())
        || globs.matched(&entry.path, is_dir).is_ignore()
}
