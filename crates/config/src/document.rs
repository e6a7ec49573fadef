//! One configuration file: its path, its text, and the tree of it with every span.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::field::Field;
use crate::nearest::nearest;
use crate::place::BYTE_ORDER_MARK;
use crate::reader::{Reader, Section, start};
use crate::report::{Report, masked, shown};
use crate::{
    ConfigError, Literal, Obstacle, Place, Position, ProblemKind, SyntaxError, cut, edit, file,
    unset,
};

/// The tree and the text that its spans point into, which is shared and never copied.
pub(crate) type Tree = toml_edit::Document<Arc<str>>;

/// A parsed configuration file.
pub struct Document {
    path: PathBuf,
    tree: Tree,
    /// What the file held when it was last read or saved; `None` if there was no file.
    on_disk: Option<Arc<str>>,
}

impl Document {
    /// Reads a file; a missing one is an empty document.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read, is no regular file, is larger than
    /// [`MAX_BYTES`](crate::MAX_BYTES), or is not UTF-8 text in TOML.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let on_disk: Option<Arc<str>> = file::read(&path)?.map(Arc::from);
        let tree = parse_tree(&path, on_disk.clone().unwrap_or_default())?;
        Ok(Self {
            path,
            tree,
            on_disk,
        })
    }

    /// Takes `text` for the contents of a file that is still to be created at `path`.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] or [`ConfigError::TooLarge`].
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, ConfigError> {
        let path = path.into();
        let tree = parse_tree(&path, text.into())?;
        Ok(Self {
            path,
            tree,
            on_disk: None,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text, with all edits.
    #[must_use]
    pub fn text(&self) -> &str {
        self.tree.raw()
    }

    /// Reads one top-level table into its room's type; an absent table is read as an empty one.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with everything that is wrong in the table.
    pub fn section<T: Section>(&self) -> Result<T, ConfigError> {
        let report = Report::new(&self.path, self.text());
        let read = match self.tree.as_table().get(T::NAME) {
            Some(item) => Field::of_item(&report, "", T::NAME, Some(item)).table(T::read),
            None => T::read(Reader::absent(&report, T::NAME)).into_inner(),
        };
        report.conclude(read)
    }

    /// Checks that every top-level name is one of these.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every name that is not.
    pub fn check_sections(&self, names: &[&str]) -> Result<(), ConfigError> {
        let report = Report::new(&self.path, self.text());
        let root = self.tree.as_table();
        for (name, _) in root.iter().filter(|(name, _)| !names.contains(name)) {
            let kind = ProblemKind::UnknownSection {
                found: shown(name),
                nearest: nearest(name, names.iter().copied()).map(str::to_owned),
            };
            report.add(root.key(name).and_then(start), kind);
        }
        report.conclude(Some(()))
    }

    /// Sets the value of a dotted key, such as `providers.work.base_url`, and leaves every other
    /// byte of the text as it is. A name with a dot in it is quoted: `providers."my.host".profile`.
    ///
    /// # Errors
    /// [`ConfigError::Unsettable`] or [`ConfigError::TooLarge`]; the document is unchanged then.
    pub fn set(&mut self, key: &str, value: impl Into<Literal>) -> Result<(), ConfigError> {
        let text = edit::set(&self.tree, key, value.into());
        self.replace_text(key, text)
    }

    /// Takes the table of a dotted name out, with the tables beneath it, and leaves every other byte
    /// of the text as it is. One that is not there is no failure.
    ///
    /// # Errors
    /// [`ConfigError::Unsettable`] if it is not written as a table with a header; the document is
    /// unchanged then.
    pub fn remove(&mut self, key: &str) -> Result<(), ConfigError> {
        let text = cut::remove(&self.tree, key);
        self.replace_text(key, text)
    }

    /// Takes the value of a dotted key out with its lines. One that is not there is no failure.
    ///
    /// # Errors
    /// [`ConfigError::Unsettable`] if it is a table, or stands in braces; the document is unchanged then.
    pub fn unset(&mut self, key: &str) -> Result<(), ConfigError> {
        let text = unset::unset(&self.tree, key);
        self.replace_text(key, text)
    }

    fn replace_text(
        &mut self,
        key: &str,
        text: Result<String, Obstacle>,
    ) -> Result<(), ConfigError> {
        let text = text.map_err(|obstacle| ConfigError::Unsettable {
            path: self.path.clone(),
            key: shown(key),
            obstacle,
        })?;
        self.tree = parse_tree(&self.path, text.into())?;
        Ok(())
    }

    /// Saves the text if it was changed: all or nothing, under the file's old mode, a new file for
    /// its owner only (0600). Follows a link.
    ///
    /// # Errors
    /// [`ConfigError::Changed`] if the file is no longer as it was read, else
    /// [`ConfigError::Unwritable`]. The file is untouched then.
    pub fn save(&mut self) -> Result<(), ConfigError> {
        if self.on_disk.as_deref() == Some(self.text()) {
            return Ok(());
        }
        file::replace(&self.path, self.on_disk.as_deref(), self.text())?;
        self.on_disk = Some(self.text().into());
        Ok(())
    }
}

fn parse_tree(path: &Path, text: Arc<str>) -> Result<Tree, ConfigError> {
    file::check_size(path, text.len())?;
    Tree::parse(Arc::clone(&text)).map_err(|error| syntax_error(path, &text, &error))
}

fn syntax_error(path: &Path, text: &str, error: &toml_edit::TomlError) -> ConfigError {
    let position = error.span().map(|span| Position::of(text, span.start));
    let line = position.and_then(|position| text.lines().nth(position.line - 1));
    ConfigError::Syntax(Box::new(SyntaxError {
        place: Place {
            path: path.to_owned(),
            position,
        },
        message: error.message().to_owned(),
        line: masked(line.unwrap_or_default().trim_start_matches(BYTE_ORDER_MARK)),
    }))
}

/// Not the text: it may hold keys.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
