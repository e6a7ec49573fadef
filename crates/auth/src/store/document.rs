//! The file's content: a version, and sign-ins by name.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::login::NoLogin;
use super::{Login, StoreError};

/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// The sign-ins, with everything in the file that this version does not know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    fields: Map<String, Value>,
}

impl Document {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, StoreError> {
        let damaged = |problem: String| StoreError::Damaged {
            path: path.to_owned(),
            problem,
        };
        // The parser's own words could repeat a piece of a token; where it stopped says enough.
        let fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            damaged(format!("line {}, column {}", error.line(), error.column()))
        })?;
        let found = fields.get("version").and_then(Value::as_u64);
        match found {
            None => Err(damaged("it names no version".to_owned())),
            Some(found) if found > VERSION => Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: VERSION,
            }),
            Some(_) => Ok(Self { fields }),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut fields = self.fields.clone();
        fields.insert("version".to_owned(), json!(VERSION));
        let mut text = format!("{:#}", Value::Object(fields));
        text.push('\n');
        text
    }

    /// The sign-in of this name.
    pub(super) fn login(&self, path: &Path, name: &str) -> Result<Option<Login>, StoreError> {
        let login = self.logins().and_then(|logins| logins.get(name));
        login.map(Login::from_json).transpose().map_err(|found| {
            let path = path.to_owned();
            match found {
                NoLogin::Damaged(problem) => StoreError::Damaged { path, problem },
                NoLogin::UnknownKind(kind) => StoreError::UnknownKind { path, kind },
            }
        })
    }

    /// The names of the sign-ins, as they stand in the file.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let logins = self.logins().into_iter();
        logins.flat_map(|logins| logins.keys().map(String::as_str))
    }

    /// Puts a sign-in in the place of the one of this name.
    pub(crate) fn set(&mut self, name: &str, login: &Login) {
        let logins = self.fields.entry("logins").or_insert_with(|| json!({}));
        if !logins.is_object() {
            *logins = json!({});
        }
        logins[name] = login.to_json();
    }

    /// Takes the sign-in of this name out.
    pub(crate) fn remove(&mut self, name: &str) {
        let logins = self.fields.get_mut("logins");
        if let Some(logins) = logins.and_then(Value::as_object_mut) {
            logins.shift_remove(name);
        }
    }

    /// Whether there is nothing left that would be missed.
    pub(crate) fn is_empty(&self) -> bool {
        let others = self
            .fields
            .keys()
            .any(|name| name != "version" && name != "logins");
        !others && self.logins().is_none_or(Map::is_empty)
    }

    fn logins(&self) -> Option<&Map<String, Value>> {
        self.fields.get("logins").and_then(Value::as_object)
    }
}
