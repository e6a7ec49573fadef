//! What a call's changes come to, worked out in memory before any file is touched.
//!
//! A later change sees what an earlier one made of a file. So a call whose last hunk fits nowhere
//! has changed nothing, and there is one text to write for each file.

use std::path::{Path, PathBuf};

use super::change::Change;
use super::document::Document;
use super::hunk::carry_out;
use super::place::Manner;
use super::replace::replaced;
use crate::disk::Watch;
use crate::draft::TEXT_BYTES;
use crate::known::{KnownFiles, Stamp};
use crate::preview::{Seen, Standing};
use crate::{Root, ToolError, text};

/// Most files of one call.
const FILES: usize = 100;

/// Why a file is not deleted by a patch that names what it holds.
const MORE_STANDS_THERE: &str = "more stands there than the patch removes; read the file again";

/// A file before and after.
pub(super) struct Planned {
    /// As it was given first.
    pub(super) path: PathBuf,
    /// What the root finds it by.
    pub(super) key: PathBuf,
    pub(super) before: Option<Document>,
    pub(super) after: Option<Document>,
    /// Where among the files the one is that it was.
    moved_from: Option<usize>,
    /// How loosely a place in it was found.
    pub(super) manner: Manner,
}

/// The files of one call.
pub(super) struct Plan<'a> {
    root: &'a Root,
    watch: &'a Watch,
    known: &'a KnownFiles,
    pub(super) files: Vec<Planned>,
}

impl<'a> Plan<'a> {
    /// What these changes come to.
    pub(super) fn of(
        changes: Vec<Change>,
        root: &'a Root,
        watch: &'a Watch,
        known: &'a KnownFiles,
    ) -> Result<Self, ToolError> {
        let mut plan = Self {
            root,
            watch,
            known,
            files: Vec::new(),
        };
        for change in changes {
            plan.take(change)?;
        }
        Ok(plan)
    }

    /// Refuses if somebody was shown what comes of other texts than these.
    pub(super) fn is_as_shown(&self, seen: &Seen) -> Result<(), ToolError> {
        let mut files = self.files.iter().map(Planned::standing_before);
        files.try_for_each(|(path, standing)| seen.check(&path, standing))
    }

    /// The file whose text and mode this one takes over.
    pub(super) fn origin(&self, planned: &Planned) -> Option<&Planned> {
        planned.moved_from.and_then(|from| self.files.get(from))
    }

    /// Whether another file that is written takes this one's text and mode over.
    pub(super) fn is_moved(&self, planned: &Planned) -> bool {
        let written = self.files.iter();
        let written = written.filter(|file| file.after.is_some() && file.changes());
        let mut origins = written.filter_map(|file| self.origin(file));
        origins.any(|origin| origin.key == planned.key)
    }

    fn take(&mut self, change: Change) -> Result<(), ToolError> {
        match change {
            Change::Replace {
                path,
                old,
                new,
                all,
            } => {
                let (index, document) = self.text_of(&path)?;
                let done = replaced(&document, (&old, &new), all, self.watch)?;
                self.becomes(index, done.map_err(|problem| no_place(&path, problem))?);
            }
            Change::Add { path, text } => {
                let index = self.free(&path)?;
                self.files[index].after = Some(Document::of_text(text));
            }
            Change::Delete { path, hunks } => {
                let (index, document) = self.text_of(&path)?;
                match carry_out(&document, &hunks, self.watch) {
                    Ok((left, _)) if hunks.is_empty() || left.body().is_empty() => {}
                    Ok(_) => return Err(no_place(&path, MORE_STANDS_THERE.to_owned())),
                    Err(missing) => return Err(no_place(&path, missing.told()?)),
                }
                self.files[index].after = None;
                self.files[index].moved_from = None;
            }
            Change::Update {
                path,
                moved_to,
                hunks,
            } => {
                let (index, document) = self.text_of(&path)?;
                match carry_out(&document, &hunks, self.watch) {
                    Ok(done) => self.becomes(index, done),
                    Err(missing) => return Err(no_place(&path, missing.told()?)),
                }
                if let Some(other) = moved_to {
                    let to = self.free(&other)?;
                    self.files[to].after = self.files[index].after.take();
                    // Of one that was moved before, the name in between never was on the disk.
                    let origin = self.files[index].moved_from.take().unwrap_or(index);
                    self.files[to].moved_from = (origin != to).then_some(origin);
                }
            }
        }
        Ok(())
    }

    fn becomes(&mut self, index: usize, (document, manner): (Document, Manner)) {
        let file = &mut self.files[index];
        file.after = Some(document);
        file.manner = file.manner.max(manner);
    }

    /// A file that is there, and its text by now.
    fn text_of(&mut self, path: &str) -> Result<(usize, Document), ToolError> {
        let index = self.find(path)?;
        match &self.files[index].after {
            Some(document) => Ok((index, document.clone())),
            None => Err(ToolError::NotFound {
                path: text::path(Path::new(path)),
            }),
        }
    }

    /// A file that is not there.
    fn free(&mut self, path: &str) -> Result<usize, ToolError> {
        let index = self.find(path)?;
        match &self.files[index].after {
            None => Ok(index),
            Some(_) => Err(no_place(
                path,
                "it is there already; update it instead".to_owned(),
            )),
        }
    }

    /// The entry of a path, made and read if this is the first change of it.
    fn find(&mut self, given: &str) -> Result<usize, ToolError> {
        let path = self.root.relative(given)?;
        self.root.may_write(&path)?;
        let found = match self.root.link_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(ToolError::Link {
                    path: text::path(&path),
                });
            }
            Ok(_) => true,
            Err(ToolError::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
        let key = match found {
            true => self.root.resolve(&path)?,
            false => path.components().collect(),
        };
        if let Some(index) = self.files.iter().position(|file| file.key == key) {
            return Ok(index);
        }
        if self.files.len() == FILES {
            return Err(no_place(
                given,
                format!("at most {FILES} files are changed at once"),
            ));
        }
        let before = match found {
            true => Some(self.read(&path, &key)?),
            false => None,
        };
        self.files.push(Planned {
            path,
            key,
            after: before.clone(),
            before,
            moved_from: None,
            manner: Manner::Exact,
        });
        Ok(self.files.len() - 1)
    }

    fn read(&self, path: &Path, key: &Path) -> Result<Document, ToolError> {
        self.watch.check()?;
        let content = self.root.read_file(path, TEXT_BYTES)?;
        self.known.check(key, Stamp::of(&content))?;
        Document::of(path, content)
    }
}

impl Planned {
    /// Whether anything is to be written.
    pub(super) fn changes(&self) -> bool {
        self.before != self.after
    }

    /// What stood under its name when it was read.
    pub(super) fn standing_before(&self) -> (PathBuf, Standing) {
        let standing = match &self.before {
            Some(before) => Standing::Content(Stamp::of(&before.content())),
            None => Standing::Nothing,
        };
        (self.path.clone(), standing)
    }
}

fn no_place(path: &str, problem: String) -> ToolError {
    ToolError::NoPlace {
        path: text::path(Path::new(path)),
        problem,
    }
}
