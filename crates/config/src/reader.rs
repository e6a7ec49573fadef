//! How a room describes a section: it names the keys of a table and gets their values.
//!
//! Reading never stops at the first problem. A [`Field`] answers `None` after it has reported one,
//! so a room collects all its fields first, and opens them with `?` only in the closure that it
//! hands to [`Reader::finish`]. By then every key has been named, which is what makes "unknown key"
//! and "did you mean" exact. [`Checked`] comes from `finish` alone, so it cannot be forgotten.

use toml_edit::{Item, Key, TableLike};

use crate::ProblemKind;
use crate::field::Field;
use crate::nearest::nearest;
use crate::report::{Report, shown};

/// A top-level table of the file, in the type of the room it belongs to.
///
/// ```
/// use alipes_config::{Checked, Document, Reader, Section};
///
/// struct Model {
///     default: String,
///     fallback: Vec<String>,
/// }
///
/// impl Section for Model {
///     const NAME: &'static str = "model";
///
///     fn read(mut reader: Reader<'_>) -> Checked<Self> {
///         let default = reader.required("default").string();
///         let fallback = reader.optional("fallback").strings().unwrap_or_default();
///         reader.finish(|| Some(Self { default: default?, fallback }))
///     }
/// }
///
/// # fn main() -> Result<(), alipes_config::ConfigError> {
/// let text = "[model]\ndefault = \"work/gpt-x\"\n";
/// let model: Model = Document::parse("config.toml", text)?.section()?;
/// assert_eq!(model.default, "work/gpt-x");
/// assert!(model.fallback.is_empty());
/// # Ok(())
/// # }
/// ```
pub trait Section: Sized {
    /// The table's name in the file.
    const NAME: &'static str;

    /// Reads the table; an absent table is read as an empty one.
    fn read(reader: Reader<'_>) -> Checked<Self>;
}

/// A table being read.
pub struct Reader<'a> {
    report: &'a Report<'a>,
    /// The table; `None` if the file has none of this name.
    table: Option<&'a dyn TableLike>,
    /// The table's own name.
    key: String,
    /// Its dotted name, as a header would spell it.
    name: String,
    /// Where the table starts.
    at: Option<usize>,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    refusals: Vec<String>,
    /// How many problems the file had before this table.
    problems_before: usize,
}

/// A table whose every key has been accounted for; empty if a problem was reported.
#[must_use]
pub struct Checked<T>(Option<T>);

impl<T> Checked<T> {
    pub(crate) fn into_inner(self) -> Option<T> {
        self.0
    }
}

impl<'a> Reader<'a> {
    /// A table of these names: its own, and the dotted one.
    pub(crate) fn new(
        report: &'a Report<'a>,
        (key, name): (String, String),
        at: Option<usize>,
        table: &'a dyn TableLike,
    ) -> Self {
        Self {
            table: Some(table),
            key,
            name,
            at,
            ..Self::absent(report, "")
        }
    }

    /// A top-level table that the file does not have.
    pub(crate) fn absent(report: &'a Report<'a>, name: &str) -> Self {
        Self {
            report,
            table: None,
            key: name.to_owned(),
            name: name.to_owned(),
            at: None,
            asked: Vec::new(),
            missing: Vec::new(),
            refusals: Vec::new(),
            problems_before: report.len(),
        }
    }

    /// The table's own name, such as `work` in `[providers.work]`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A key that must be there.
    #[must_use]
    pub fn required(&mut self, key: &'static str) -> Field<'a> {
        let field = self.optional(key);
        if field.is_absent() {
            self.missing.push(key);
        }
        field
    }

    /// A key that may be left out.
    #[must_use]
    pub fn optional(&mut self, key: &'static str) -> Field<'a> {
        self.asked.push(key);
        let item = self.table.and_then(|table| table.get(key));
        Field::of_item(self.report, &self.name, key, item)
    }

    /// The tables under names that the user chooses, such as `[providers.NAME]`, in the order of
    /// the file. Takes every key not asked for so far, so it comes last.
    #[must_use]
    pub fn tables<T>(
        &mut self,
        mut read: impl FnMut(Reader<'a>) -> Checked<T>,
    ) -> Vec<(String, T)> {
        let mut entries = self.unasked();
        entries.sort_by_key(|(key, _)| start(key));
        let (report, name) = (self.report, self.name.clone());
        // From here on nothing is unknown, and nothing is left to take.
        self.table = None;
        let read_one = |(key, item): (&Key, &'a Item)| {
            let table = Field::of_item(report, &name, key.get(), Some(item)).table(&mut read)?;
            Some((key.get().to_owned(), table))
        };
        entries.into_iter().filter_map(read_one).collect()
    }

    /// The values under names that the user chooses, each read by itself, in the order of the file.
    /// Takes every key not asked for so far, so it comes last.
    #[must_use]
    pub fn entries<T>(&mut self, mut read: impl FnMut(Field<'a>) -> Option<T>) -> Vec<(String, T)> {
        let mut entries = self.unasked();
        entries.sort_by_key(|(key, _)| start(key));
        // From here on nothing is unknown, and nothing is left to take.
        self.table = None;
        let read_one = |(key, item): (&Key, &'a Item)| {
            let field = Field::of_item(self.report, &self.name, key.get(), Some(item));
            Some((key.get().to_owned(), read(field)?))
        };
        entries.into_iter().filter_map(read_one).collect()
    }

    /// Refuses values that are right one by one but do not go together. `reason` continues the
    /// table's name: "needs either env or file". Not told if the table has another problem, which
    /// is likely the cause.
    pub fn refuse(&mut self, reason: impl Into<String>) {
        self.refusals.push(reason.into());
    }

    /// Reports every key that was not asked for and every required one that is not there; then
    /// builds the room's value. `build` opens the fields with `?`: a `None` has been reported.
    pub fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Checked<T> {
        for (key, _) in self.unasked() {
            self.report_unknown(key);
        }
        self.report_missing();
        let built = build();
        if built.is_none() && self.refusals.is_empty() {
            self.refuse("is not complete");
        }
        self.report_refusals();
        Checked(built)
    }

    fn report_unknown(&mut self, key: &Key) {
        let nearest = nearest(key.get(), self.asked.iter().copied());
        // A misspelt required key is one mistake, told where it was made.
        self.missing.retain(|missing| Some(*missing) != nearest);
        let kind = ProblemKind::UnknownKey {
            found: shown(key.get()),
            table: self.name.clone(),
            nearest: nearest.map(str::to_owned),
        };
        self.report.add(start(key), kind);
    }

    fn report_missing(&self) {
        for key in &self.missing {
            let kind = ProblemKind::MissingKey {
                key: (*key).to_owned(),
                table: self.name.clone(),
            };
            self.report.add(self.at, kind);
        }
    }

    fn report_refusals(self) {
        if self.report.len() > self.problems_before {
            return;
        }
        for reason in self.refusals {
            let kind = ProblemKind::Refused {
                table: self.name.clone(),
                reason,
            };
            self.report.add(self.at, kind);
        }
    }

    fn unasked(&self) -> Vec<(&'a Key, &'a Item)> {
        let Some(table) = self.table else {
            return Vec::new();
        };
        let asked = |name: &str| self.asked.contains(&name);
        let names = table
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !asked(name));
        names.filter_map(|name| table.get_key_value(name)).collect()
    }
}

/// Where a key starts.
pub(crate) fn start(key: &Key) -> Option<usize> {
    key.span().map(|span| span.start)
}

/// A name as it stands in a dotted key: in quotes where it needs them.
#[must_use]
pub fn quoted_key(name: &str) -> String {
    Key::new(name).to_string()
}

/// The dotted name of a table's key, quoted where a file would have to quote it.
pub(crate) fn dotted(table: &str, key: &str) -> String {
    let key = Key::new(key);
    if table.is_empty() {
        key.to_string()
    } else {
        format!("{table}.{key}")
    }
}
