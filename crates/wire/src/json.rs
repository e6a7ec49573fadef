//! JSON text, written member by member.
//!
//! What a provider sent is put in as the text it was: a number keeps its digits, a signature its
//! bytes. A tree of values would take it apart and spell it anew.

use serde::Serialize;

use crate::fields::Fields;

/// A JSON object that is being written. Of two members with one name, the first stays.
#[derive(Debug)]
pub(crate) struct Object {
    json: String,
    names: Vec<Box<str>>,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self {
            json: "{".to_owned(),
            names: Vec::new(),
        }
    }

    /// An object whose first member is its `type`.
    pub(crate) fn of_type(kind: &str) -> Self {
        Self::new().put("type", kind)
    }

    /// A member that is encoded.
    pub(crate) fn put(self, name: &str, value: impl Serialize) -> Self {
        // Strings, numbers and maps with string keys cannot fail to encode.
        let json = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.raw(name, &json)
    }

    /// A member, if there is something to put.
    pub(crate) fn put_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// A member that is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        if !self.names.iter().any(|known| **known == *name) {
            self.names.push(name.into());
            self.write(name, json);
        }
        self
    }

    /// A member that is JSON already, if there is something to put.
    pub(crate) fn raw_some(self, name: &str, json: Option<&str>) -> Self {
        match json {
            Some(json) => self.raw(name, json),
            None => self,
        }
    }

    /// A member that is a list of JSON texts.
    pub(crate) fn list(self, name: &str, items: &[String]) -> Self {
        self.raw(name, &list(items))
    }

    /// The members of another object, unless they are here already.
    pub(crate) fn merge(self, other: Option<&Fields<'_>>) -> Self {
        self.distinct(other.into_iter().flat_map(Fields::iter))
    }

    /// The members of another object, also those that are null, unless they are here already.
    pub(crate) fn merge_all(self, other: &Fields<'_>) -> Self {
        self.distinct(other.members())
    }

    /// Members no two of which have one name, unless they are here already. There may be many, of a
    /// stranger's making, so they are not compared with each other.
    pub(crate) fn distinct<'m>(
        mut self,
        members: impl Iterator<Item = (&'m str, &'m str)>,
    ) -> Self {
        let mut added = Vec::new();
        for (name, json) in members {
            if !self.names.iter().any(|known| **known == *name) {
                self.write(name, json);
                added.push(name.into());
            }
        }
        self.names.extend(added);
        self
    }

    fn write(&mut self, name: &str, json: &str) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
        self.json.push_str(&quoted(name));
        self.json.push(':');
        self.json.push_str(json);
    }

    pub(crate) fn end(mut self) -> String {
        self.json.push('}');
        self.json
    }
}

/// A list of JSON texts.
pub(crate) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_as_text_stays_that_text() {
        let other = Fields::of(br#"{"big":123456789012345678901234567890,"a":0}"#).unwrap();
        let json = Object::of_type("t\"")
            .raw("a", "1e2")
            .put_some("none", None::<u64>)
            .merge(Some(&other))
            .list("l", &["1".to_owned(), "{}".to_owned()])
            .end();
        let expected = r#"{"type":"t\"","a":1e2,"big":123456789012345678901234567890,"l":[1,{}]}"#;
        assert_eq!(json, expected);
    }
}
