//! What can be wrong with the contents of a file that is good TOML, each with its place.

use std::fmt;

use crate::Place;

/// How many problems a message spells out; the rest are counted.
const SHOWN: usize = 20;

/// One thing wrong with the file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands, or should.
    pub place: Place,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong. Names are spelt as a file would spell them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A top-level name that no room knows.
    UnknownSection {
        /// The name in the file.
        found: String,
        /// The section it is likely meant to be.
        nearest: Option<String>,
    },
    /// A key that its table does not have.
    UnknownKey {
        /// The key in the file.
        found: String,
        /// The table, dotted.
        table: String,
        /// The key it is likely meant to be.
        nearest: Option<String>,
    },
    /// A key that its table must have.
    MissingKey {
        /// The key.
        key: String,
        /// The table, dotted.
        table: String,
    },
    /// A text that must be one of a few names.
    UnknownName {
        /// What the name is for: its key, or "item of" its key.
        what: String,
        /// The name in the file, fit to be shown.
        found: String,
        /// The name it is likely meant to be.
        nearest: Option<String>,
        /// All right names.
        choices: Vec<&'static str>,
    },
    /// A value of another type.
    WrongType {
        /// What has the value: a key, or "item of" a key.
        what: String,
        /// The right type, such as "a string".
        expected: &'static str,
        /// The type in the file.
        found: &'static str,
    },
    /// A value of the right type that cannot be used. It is not repeated: it may be a secret.
    BadValue {
        /// What has the value: a key, or "item of" a key.
        what: String,
        /// What it must be, such as "an http or https address".
        expected: String,
    },
    /// A table whose keys are right one by one but not together.
    Refused {
        /// The table, dotted.
        table: String,
        /// Why, as a continuation of the table's name.
        reason: String,
    },
}

/// All problems of what was read, in the order of the file; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// The problems, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(SHOWN).enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{problem}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSection { found, nearest } => {
                write!(f, "unknown section [{found}]")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean [{nearest}]?"),
                    None => Ok(()),
                }
            }
            Self::UnknownKey {
                found,
                table,
                nearest,
            } => {
                write!(f, "unknown key \"{found}\" in [{table}]")?;
                suggest(f, nearest.as_deref())
            }
            Self::MissingKey { key, table } => write!(f, "missing key \"{key}\" in [{table}]"),
            Self::UnknownName {
                what,
                found,
                nearest,
                choices,
            } => {
                write!(f, "unknown {what} \"{found}\"")?;
                suggest(f, nearest.as_deref())?;
                write!(f, " (one of: {})", choices.join(", "))
            }
            Self::WrongType {
                what,
                expected,
                found,
            } => {
                write!(f, "{what} must be {expected}, found {found}")
            }
            Self::BadValue { what, expected } => write!(f, "{what} must be {expected}"),
            Self::Refused { table, reason } => write!(f, "[{table}] {reason}"),
        }
    }
}

fn suggest(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    match nearest {
        Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
        None => Ok(()),
    }
}
