//! One value being read: each method takes it as one type, or reports why it is not.
//!
//! All answer `None` for "absent" and for "reported": a room need not tell them apart, because
//! nothing of a section with a problem is ever used.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml_edit::{Item, TableLike};

use crate::nearest::nearest;
use crate::reader::{Checked, Reader, dotted};
use crate::report::{Report, masked, shown};
use crate::{ProblemKind, Value};

/// A value of the file, or its absence.
pub struct Field<'a> {
    report: &'a Report<'a>,
    /// How messages call it: its key, or "item of" its key.
    label: String,
    /// Its dotted name, as the header of a table would spell it.
    name: String,
    content: Option<Content<'a>>,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    Value(&'a toml_edit::Value),
    Table(&'a toml_edit::Table),
    Tables(&'a toml_edit::ArrayOfTables),
}

impl<'a> Field<'a> {
    /// The value of `key` in the table of this dotted name.
    pub(crate) fn of_item(
        report: &'a Report<'a>,
        table: &str,
        key: &str,
        item: Option<&'a Item>,
    ) -> Self {
        Self {
            report,
            label: shown(key),
            name: dotted(table, key),
            content: item.and_then(Content::of_item),
        }
    }

    /// Whether the file does not have it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.content.is_none()
    }

    /// A text.
    #[must_use]
    pub fn string(self) -> Option<String> {
        self.text("a string").map(str::to_owned)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        self.pick("a boolean", toml_edit::Value::as_bool)
    }

    /// A whole number in a range.
    #[must_use]
    pub fn integer(self, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.pick("an integer", toml_edit::Value::as_integer)?;
        if !range.contains(&number) {
            self.bad(format!("from {} to {}", range.start(), range.end()));
            return None;
        }
        Some(number)
    }

    /// A path; a relative one is taken from the folder of the configuration file.
    #[must_use]
    pub fn path(self) -> Option<PathBuf> {
        let text = self.text("a path")?;
        if text.is_empty() {
            self.bad("a path".to_owned());
            return None;
        }
        let folder = self.report.path().parent().unwrap_or(Path::new(""));
        Some(folder.join(text))
    }

    /// A text that the room understands, such as an address or a duration. `expected` completes
    /// "must be".
    #[must_use]
    pub fn parsed<T>(
        self,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.checked(expected, |text| parse(text).ok_or(expected))
    }

    /// The same where more than one thing can be wrong with a text: the error completes "must be".
    #[must_use]
    pub fn checked<T>(
        self,
        expected: &'static str,
        check: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let checked = check(self.text(expected)?);
        checked
            .map_err(|expected| self.bad(expected.to_owned()))
            .ok()
    }

    /// One of a few names, as what it stands for.
    #[must_use]
    pub fn one_of<T: Clone>(self, choices: &[(&'static str, T)]) -> Option<T> {
        let found = self.text("a string")?;
        let choice = choices.iter().find(|(name, _)| *name == found);
        if choice.is_none() {
            let names: Vec<&'static str> = choices.iter().map(|(name, _)| *name).collect();
            let kind = ProblemKind::UnknownName {
                what: self.label.clone(),
                found: masked(found),
                nearest: nearest(found, names.iter().copied()).map(str::to_owned),
                choices: names,
            };
            self.report.add(self.start(), kind);
        }
        choice.map(|(_, meaning)| meaning.clone())
    }

    /// A list of texts.
    #[must_use]
    pub fn strings(self) -> Option<Vec<String>> {
        self.list("a list of strings", Field::string)
    }

    /// A list of names out of a few, as what they stand for.
    #[must_use]
    pub fn each_of<T: Clone>(self, choices: &[(&'static str, T)]) -> Option<Vec<T>> {
        self.list("a list of strings", |item| item.one_of(choices))
    }

    /// A table, in the room's own type.
    #[must_use]
    pub fn table<T>(self, read: impl FnOnce(Reader<'a>) -> Checked<T>) -> Option<T> {
        let content = self.content?;
        let Some(table) = content.as_table() else {
            return self.wrong_type("a table");
        };
        let at = self.start();
        let names = (self.label, self.name);
        read(Reader::new(self.report, names, at, table)).into_inner()
    }

    /// The value together with its line: `field.with_origin(Field::string)`.
    #[must_use]
    pub fn with_origin<T>(self, read: impl FnOnce(Self) -> Option<T>) -> Option<Value<T>> {
        let origin = self.report.origin(self.start()?);
        read(self).map(|value| Value { value, origin })
    }

    /// A list, each item read by itself; `None` if one of them was reported. `expected` completes
    /// "must be".
    #[must_use]
    pub fn list<T>(
        self,
        expected: &'static str,
        read: impl FnMut(Field<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.pick(expected, toml_edit::Value::as_array)?;
        let item = |value| Field {
            report: self.report,
            label: format!("item of {}", self.label),
            name: self.name.clone(),
            content: Some(Content::Value(value)),
        };
        let read: Vec<Option<T>> = list.iter().map(item).map(read).collect();
        read.into_iter().collect()
    }

    fn text(&self, expected: &'static str) -> Option<&'a str> {
        self.pick(expected, toml_edit::Value::as_str)
    }

    /// What `pick` finds in the value; reports a value in which it finds nothing.
    fn pick<T>(
        &self,
        expected: &'static str,
        pick: impl FnOnce(&'a toml_edit::Value) -> Option<T>,
    ) -> Option<T> {
        let picked = match self.content? {
            Content::Value(value) => pick(value),
            Content::Table(_) | Content::Tables(_) => None,
        };
        picked.or_else(|| self.wrong_type(expected))
    }

    fn wrong_type<T>(&self, expected: &'static str) -> Option<T> {
        let kind = ProblemKind::WrongType {
            what: self.label.clone(),
            expected,
            found: self.content?.type_name(),
        };
        self.report.add(self.start(), kind);
        None
    }

    fn bad(&self, expected: String) {
        let what = self.label.clone();
        self.report
            .add(self.start(), ProblemKind::BadValue { what, expected });
    }

    fn start(&self) -> Option<usize> {
        self.content?.start()
    }
}

impl<'a> Content<'a> {
    fn of_item(item: &'a Item) -> Option<Self> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(Self::Value(value)),
            Item::Table(table) => Some(Self::Table(table)),
            Item::ArrayOfTables(tables) => Some(Self::Tables(tables)),
        }
    }

    fn as_table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
            Self::Table(table) => Some(table),
            Self::Tables(_) => None,
        }
    }

    fn start(self) -> Option<usize> {
        let span = match self {
            Self::Value(value) => value.span(),
            Self::Table(table) => table.span(),
            Self::Tables(tables) => tables.span(),
        };
        span.map(|span| span.start)
    }

    fn type_name(self) -> &'static str {
        use toml_edit::Value;
        match self {
            Self::Value(Value::String(_)) => "a string",
            Self::Value(Value::Integer(_)) => "an integer",
            Self::Value(Value::Float(_)) => "a float",
            Self::Value(Value::Boolean(_)) => "a boolean",
            Self::Value(Value::Datetime(_)) => "a date or time",
            Self::Value(Value::Array(_)) => "a list",
            Self::Value(Value::InlineTable(_)) | Self::Table(_) => "a table",
            Self::Tables(_) => "a list of tables",
        }
    }
}
