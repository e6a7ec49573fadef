//! What is kept: a version, and sign-ins by name.

use serde_json::{Map, Value, json};

use super::login::NoLogin;
use super::{Login, Place, StoreError};

/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

/// The sign-ins, with everything beside them that this version does not know.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document {
    fields: Map<String, Value>,
}

impl Document {
    /// Reads the text that is kept at `place`.
    pub(super) fn parse(place: &Place, text: &str) -> Result<Self, StoreError> {
        let damaged = |problem: String| StoreError::Damaged {
            place: place.clone(),
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
                place: place.clone(),
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
    pub(super) fn login(&self, place: &Place, name: &str) -> Result<Option<Login>, StoreError> {
        let login = self.logins().and_then(|logins| logins.get(name));
        login.map(Login::from_json).transpose().map_err(|found| {
            let place = place.clone();
            match found {
                NoLogin::Damaged(problem) => StoreError::Damaged { place, problem },
                NoLogin::UnknownKind(kind) => StoreError::UnknownKind { place, kind },
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
        self.put(name, login.to_json());
    }

    /// Takes in what was kept elsewhere: of two sign-ins of one name the one whose token came later.
    pub(super) fn take_in(&mut self, moved: Self) {
        let mut moved = moved.fields;
        let logins = moved.shift_remove("logins");
        for (name, value) in moved {
            self.fields.entry(name).or_insert(value);
        }
        let received_at = |login: Option<&Value>| login?["received_at"].as_u64();
        let logins = logins.as_ref().and_then(Value::as_object);
        for (name, login) in logins.into_iter().flatten() {
            let known = self.logins().and_then(|logins| logins.get(name));
            if known.is_none() || received_at(known) <= received_at(Some(login)) {
                self.put(name, login.clone());
            }
        }
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

    fn put(&mut self, name: &str, login: Value) {
        let logins = self.fields.entry("logins").or_insert_with(|| json!({}));
        if !logins.is_object() {
            *logins = json!({});
        }
        logins[name] = login;
    }

    fn logins(&self) -> Option<&Map<String, Value>> {
        self.fields.get("logins").and_then(Value::as_object)
    }
}
