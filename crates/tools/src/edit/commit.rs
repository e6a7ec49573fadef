//! Writes a plan: every file, or none.
//!
//! All new texts are on the disk, each beside its file, before the first one gets its name. After
//! that only renames are left; one that fails makes the earlier ones be taken back. A program that
//! is killed between two renames leaves some files changed and others not, but each of them whole.

use super::document::Document;
use super::plan::{Plan, Planned};
use crate::disk::Watch;
use crate::draft::{Draft, TEXT_BYTES, Target};
use crate::known::{KnownFiles, Stamp};
use crate::rights::Rights;
use crate::{Root, ToolError, text};

/// One file about to change.
struct Written<'p> {
    planned: &'p Planned,
    target: Target,
    /// Those of the file that it was, if it was one.
    rights: Option<Rights>,
}

/// Writes what the plan comes to, and lets the model know the new texts. Gives what must be said of it.
pub(super) fn commit(
    plan: &Plan<'_>,
    root: &Root,
    watch: &Watch,
    known: &KnownFiles,
) -> Result<String, ToolError> {
    // Not even a folder is made for what is refused.
    is_possible(plan, root)?;
    let mut written = targets(plan, root)?;
    // What is moved has its new name before it loses the old one.
    written.sort_by_key(|file| file.planned.after.is_none());
    let mut drafts = Vec::new();
    for file in &written {
        watch.check()?;
        drafts.push(file.draft()?);
    }
    for file in &written {
        file.is_as_planned(root)?;
    }
    watch.check()?;
    let notes = notes(&written, &drafts);
    put(&written, drafts)?;
    for file in &written {
        match &file.planned.after {
            Some(after) => {
                let resolved = root.resolve(&file.planned.path)?;
                known.remember(&resolved, Stamp::of(&after.content()));
            }
            None => known.forget(&file.planned.key),
        }
    }
    Ok(notes)
}

fn notes(written: &[Written<'_>], drafts: &[Option<Draft<'_>>]) -> String {
    let drafts = written.iter().zip(drafts);
    let told = drafts.filter_map(|(file, draft)| {
        let lost = draft.as_ref()?.lost().told()?;
        Some(format!("[{}: {lost}]\n", text::path(&file.planned.path)))
    });
    told.collect()
}

/// Refuses a plan that would be refused when it is carried out.
pub(super) fn is_possible(plan: &Plan<'_>, root: &Root) -> Result<(), ToolError> {
    for planned in plan.files.iter().filter(|planned| planned.changes()) {
        is_bounded(planned)?;
        Target::would_be_taken(root, &planned.path)?;
    }
    Ok(())
}

/// Gives all texts their names, or none.
fn put(written: &[Written<'_>], drafts: Vec<Option<Draft<'_>>>) -> Result<(), ToolError> {
    for (done, (file, draft)) in written.iter().zip(drafts).enumerate() {
        if let Err(error) = file.put(draft) {
            return Err(taken_back(&written[..done], error));
        }
    }
    Ok(())
}

fn targets<'p>(plan: &'p Plan<'_>, root: &Root) -> Result<Vec<Written<'p>>, ToolError> {
    let changed = plan.files.iter().filter(|planned| planned.changes());
    changed
        .map(|planned| {
            is_bounded(planned)?;
            let target = Target::at(root, &planned.path)?;
            let rights = match plan.origin(planned) {
                Some(from) => Target::at(root, &from.path)?.rights(),
                None => target.rights(),
            };
            Ok(Written {
                planned,
                target,
                rights,
            })
        })
        .collect()
}

fn is_bounded(planned: &Planned) -> Result<(), ToolError> {
    match &planned.after {
        Some(after) if after.content().len() > TEXT_BYTES => Err(ToolError::TooLarge {
            what: text::path(&planned.path),
            limit: TEXT_BYTES,
        }),
        _ => Ok(()),
    }
}

impl Written<'_> {
    /// The new text, down on the disk; nothing for a file that goes.
    fn draft(&self) -> Result<Option<Draft<'_>>, ToolError> {
        match &self.planned.after {
            Some(after) => Ok(Some(
                self.target.draft(&after.content(), self.rights.as_ref())?,
            )),
            None => Ok(None),
        }
    }

    /// Refuses if somebody wrote to the file while the plan was made.
    fn is_as_planned(&self, root: &Root) -> Result<(), ToolError> {
        let path = &self.planned.path;
        let now = match root.read_file(path, TEXT_BYTES) {
            Ok(content) => Some(content),
            Err(ToolError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        match now == self.planned.before.as_ref().map(Document::content) {
            true => Ok(()),
            false => Err(ToolError::Stale {
                path: text::path(path),
            }),
        }
    }

    fn put(&self, draft: Option<Draft<'_>>) -> Result<(), ToolError> {
        match draft {
            Some(draft) => draft.put(),
            None => self.target.remove(),
        }
    }

    /// Makes the file what it was.
    fn take_back(&self) -> Result<(), ToolError> {
        match &self.planned.before {
            Some(before) => {
                let rights = self.target.rights();
                let draft = self.target.draft(&before.content(), rights.as_ref())?;
                draft.put()
            }
            None => self.target.remove(),
        }
    }
}

/// Takes back what was written; what comes of it is in the error.
fn taken_back(written: &[Written<'_>], error: ToolError) -> ToolError {
    let stuck: Vec<String> = written
        .iter()
        .rev()
        .filter(|file| file.take_back().is_err())
        .map(|file| text::path(&file.planned.path))
        .collect();
    match stuck.is_empty() {
        true => error,
        false => ToolError::HalfDone {
            paths: stuck.join(", "),
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Context;
    use crate::disk::on_disk;
    use crate::edit::change::Change;

    fn replace(path: &str) -> Change {
        Change::Replace {
            path: path.to_owned(),
            old: "old".to_owned(),
            new: "new".to_owned(),
            all: false,
        }
    }

    #[tokio::test]
    async fn a_rename_that_fails_makes_the_earlier_ones_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        for name in ["a", "gone", "b"] {
            fs::write(path.join(name), "old").unwrap();
        }
        let context = Context::bare(Root::open(&path).unwrap());
        let inside = path.clone();
        let failed = on_disk(&context, "", move |root, watch| {
            let known = KnownFiles::default();
            let gone = Change::Delete {
                path: "gone".to_owned(),
                hunks: Vec::new(),
            };
            let changes = vec![replace("a"), gone, replace("b")];
            let plan = Plan::of(changes, root, watch, &known)?;
            let written = targets(&plan, root)?;
            let drafts = written
                .iter()
                .map(Written::draft)
                .collect::<Result<_, _>>()?;
            // Somebody puts a folder there in the meantime.
            fs::remove_file(inside.join("b")).unwrap();
            fs::create_dir_all(inside.join("b/full")).unwrap();
            put(&written, drafts)
        });
        assert!(failed.await.is_err());
        for name in ["a", "gone"] {
            assert_eq!(fs::read_to_string(path.join(name)).unwrap(), "old");
        }
        assert_eq!(fs::read_dir(&path).unwrap().count(), 3);
    }
}
