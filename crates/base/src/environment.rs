//! The process environment as data, read once by the front and handed down.
//!
//! Rooms that never call `std::env` can be tested side by side in one process, and it is plain from
//! a signature which of them depend on the environment at all.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables and the working directory, as the front found them.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    current_dir: PathBuf,
}

impl Environment {
    /// An environment of these variables and this working directory.
    pub fn new<K, V>(variables: impl IntoIterator<Item = (K, V)>, current_dir: PathBuf) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            current_dir,
        }
    }

    /// A variable's text; `None` if unset, empty, or not UTF-8. Empty counts as unset because that
    /// is how shells and service files take a variable back.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
            .filter(|value| !value.is_empty())
    }

    /// A variable as a path; `None` if unset or empty.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables
            .get(OsStr::new(name))
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    }

    /// All variables, in the order of their names.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The working directory of the process.
    #[must_use]
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::new([("A", ""), ("B", "b")], PathBuf::from("/"));
        assert_eq!(environment.text("A"), None);
        assert_eq!(environment.path("A"), None);
        assert_eq!(environment.text("B"), Some("b"));
    }
}
