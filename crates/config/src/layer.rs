//! A value together with where it came from, so that a front can answer "why is it this?".
//!
//! Layers need no machinery: `flag.or(environment).or(file).unwrap_or_else(default)` is the order
//! in which they overrule each other.

use std::fmt;
use std::path::PathBuf;

use alipes_base::Environment;

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything: the program's own default.
    Default,
    /// A built-in profile of this name.
    Builtin(String),
    /// A line of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A command line flag, with its dashes.
    Flag(String),
}

impl<T> Value<T> {
    /// A value that nobody chose.
    pub fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    /// A value from the command line flag `name`, such as `--model`.
    pub fn flag(name: impl Into<String>, value: T) -> Self {
        Self {
            value,
            origin: Origin::Flag(name.into()),
        }
    }

    /// Another value from the same origin.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Value<U> {
        Value {
            value: into(self.value),
            origin: self.origin,
        }
    }
}

impl Value<String> {
    /// The text of an environment variable; `None` if unset, empty or not UTF-8.
    #[must_use]
    pub fn environment(environment: &Environment, name: &str) -> Option<Self> {
        Some(Self {
            value: environment.text(name)?.to_owned(),
            origin: Origin::Environment(name.to_owned()),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Builtin(name) => write!(f, "the built-in profile {name}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_overrules_the_environment_and_each_tells_its_origin() {
        let environment = Environment::new([("ALIPES_MODEL", "b")], PathBuf::new());
        let flag = Some(Value::flag("--model", "a".to_owned()));
        let variable = Value::environment(&environment, "ALIPES_MODEL");
        let chosen = flag
            .or(variable.clone())
            .map(|chosen| chosen.origin.to_string());
        assert_eq!(chosen.as_deref(), Some("the flag --model"));
        let variable = variable.map(|variable| variable.map(|text| text.len()));
        assert_eq!(variable.as_ref().map(|variable| variable.value), Some(1));
        let origin = variable.map(|variable| variable.origin.to_string());
        assert_eq!(
            origin.as_deref(),
            Some("the environment variable ALIPES_MODEL")
        );
        let unset = Value::environment(&environment, "OTHER");
        let value = unset.unwrap_or_else(|| Value::default("c".to_owned()));
        assert_eq!(value.origin.to_string(), "the default");
    }
}
