//! The fields of a JSON object, each read by itself.
//!
//! Providers send `null` for nothing, `300.0` for 300 and `"429"` for 429. Read as one typed struct,
//! a field that nobody needs would take its neighbours with it, and a failure its code.

mod elements;
mod required;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) use elements::{elements, is_bounded};

use crate::json::Object;

/// The fields of one object, not read yet, in the order they came. Of two with one name, the last
/// counts.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(Vec<Field<'a>>);

/// A name, and the JSON behind it.
type Field<'a> = (Cow<'a, str>, &'a str);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading)
    }
}

/// Reads an object's fields into a list: a map would order them, and cost three times as much.
struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some(Name(name)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            fields.push((name, value.get()));
        }
        Ok(Fields(fields))
    }
}

/// Reads one member of an object as an object itself, or a member of that one, and so on. Of two with one
/// name, the last counts.
#[derive(Clone, Copy)]
struct Member<'n>(&'n [&'n str]);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Fields<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut member = None;
        while let Some(Name(name)) = map.next_key()? {
            match self.0 {
                [wanted] if name == *wanted => member = Some(map.next_value()?),
                [outer, inner @ ..] if name == *outer => {
                    member = map.next_value_seed(Member(inner))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(member)
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<Fields<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// Where the fields of an object stand in its JSON: what was read once need not be read again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Vec<(Box<str>, Range<usize>)>);

impl Places {
    /// The fields in `json`, the text that they were found in.
    pub(crate) fn fields<'a>(&'a self, json: &'a [u8]) -> Fields<'a> {
        let field = |(name, place): &'a (Box<str>, Range<usize>)| {
            let json = std::str::from_utf8(json.get(place.clone())?).ok()?;
            Some((Cow::Borrowed(&**name), json))
        };
        Fields(self.0.iter().filter_map(field).collect())
    }
}

/// A name, borrowed where it has no escapes in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Fields<'a> {
    /// The fields of the object in `json`; `None` if it is no object.
    pub(crate) fn of(json: &'a [u8]) -> Option<Self> {
        // Looked at once as a whole, and not text by text.
        let json = std::str::from_utf8(json).ok()?;
        serde_json::from_str(json).ok()
    }

    /// The fields of the object in one member of the object in `json`; the other members are passed over.
    pub(crate) fn of_member(json: &'a [u8], name: &str) -> Option<Self> {
        Self::within(json, &[name])
    }

    /// The same in a member of that member, and so on along the path.
    pub(crate) fn within(json: &'a [u8], path: &[&str]) -> Option<Self> {
        let json = std::str::from_utf8(json).ok()?;
        let mut json = serde_json::Deserializer::from_str(json);
        Member(path).deserialize(&mut json).ok()?
    }

    /// Where they stand in `json`, which they were read from.
    pub(crate) fn places(&self, json: &[u8]) -> Places {
        let place = |(name, value): &Field<'_>| {
            let start = (value.as_ptr() as usize).checked_sub(json.as_ptr() as usize)?;
            Some((name.as_ref().into(), start..start + value.len()))
        };
        Places(self.0.iter().filter_map(place).collect())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let field = self.0.iter().rev().find(|(known, _)| known == name);
        field.map(|(_, json)| *json)
    }

    /// A field as `T`; `None` if it is missing or does not fit.
    pub(crate) fn read<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// A field's JSON; `None` if it is missing or null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|json| *json != "null")
    }

    /// The elements of a field that is a list.
    pub(crate) fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.read(name).unwrap_or_default()
    }

    /// The fields of each object in a field that is a list.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        let of = |element: &'a RawValue| serde_json::from_str(element.get()).ok();
        self.list(name).into_iter().filter_map(of).collect()
    }

    /// The fields of a field that is an object itself.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// A string's content, or a number or truth value as it was spelt.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let json = self.get(name)?;
        match json.as_bytes().first()? {
            b'"' => serde_json::from_str(json).ok(),
            b'{' | b'[' | b'n' => None,
            _ => Some(json.to_owned()),
        }
    }

    /// A number, also one in a string.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let number: f64 = self.text(name)?.trim().parse().ok()?;
        number.is_finite().then_some(number)
    }

    /// A whole number from zero up, also spelt `300.0` or in a string.
    pub(crate) fn whole(&self, name: &str) -> Option<u64> {
        let whole = self.text(name)?.trim().parse().ok();
        whole.or_else(|| {
            let number = self.number(name)?;
            (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
        })
    }

    /// A string's content.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        self.read(name)
    }

    /// All fields that say something, with their JSON, ordered by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        let said: BTreeMap<&str, &'a str> =
            self.0.iter().map(|(name, json)| (&**name, *json)).collect();
        said.into_iter().filter(|(_, json)| *json != "null")
    }

    /// An object of the fields that are not among `known`; `None` if there are none.
    pub(crate) fn rest(&self, known: &[&str]) -> Option<String> {
        let is_unknown = |(name, _): &(&str, &str)| !known.contains(name);
        let mut unknown = self.iter().filter(is_unknown).peekable();
        unknown.peek()?;
        Some(Object::new().distinct(unknown).end())
    }

    /// All members with their JSON, as they came: in their order, and also those that say nothing.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, json)| (&**name, *json))
    }

    /// A name that stands more than once.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        self.names().find(|name| !seen.insert(*name))
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_spelt() {
        let table = [
            ("300", Some(300), Some(300.0)),
            ("300.0", Some(300), Some(300.0)),
            ("\"300\"", Some(300), Some(300.0)),
            ("12.5", None, Some(12.5)),
            ("-1", None, Some(-1.0)),
            ("1e999", None, None),
            ("\"inf\"", None, None),
            ("null", None, None),
            ("true", None, None),
            ("[300]", None, None),
        ];
        for (spelt, whole, number) in table {
            let json = format!(r#"{{"n":{spelt}}}"#);
            let fields = Fields::of(json.as_bytes()).unwrap();
            assert_eq!(
                (fields.whole("n"), fields.number("n")),
                (whole, number),
                "{spelt}"
            );
        }
    }

    #[test]
    fn fields_are_found_again_where_they_were() {
        let json = br#" {"a" : [1, 2],"\u0062":{"c":null}, "d":"\u00e9" } "#;
        let found = Fields::of(json).unwrap();
        let places = found.places(json);
        let again = places.fields(json);
        assert!(found.members().eq(again.members()));
        assert_eq!(again.json("b"), Some(r#"{"c":null}"#));
    }

    #[test]
    fn a_member_is_read_without_the_others() {
        let json = br#"{"a":{"b":[1e999]},"r":{"id":"x"},"c":null,"r":{"id":"y","n":2}}"#;
        let member = Fields::of_member(json, "r").unwrap();
        assert_eq!(member.string("id").as_deref(), Some("y"));
        let json = br#"{"r":{"u":{"n":1}},"u":{"n":2},"r":{"a":{"u":7},"u":{"n":3}}}"#;
        assert_eq!(
            Fields::within(json, &["r", "u"]).unwrap().whole("n"),
            Some(3)
        );
        for json in [
            &br#"{"r":{}}"#[..],
            br#"{"r":{"u":null}}"#,
            br#"{"r":null}"#,
        ] {
            assert!(Fields::within(json, &["r", "u"]).is_none());
        }
        for (json, name) in [
            (&b"{}"[..], "r"),
            (br#"{"r":7}"#, "r"),
            (b"[]", "r"),
            (br#"{"r":{}"#, "r"),
        ] {
            assert!(Fields::of_member(json, name).is_none());
        }
    }

    #[test]
    fn a_list_has_no_fields() {
        for json in ["[1]", "null", "7", "\"text\"", ""] {
            assert!(Fields::of(json.as_bytes()).is_none(), "{json}");
        }
        let fields = Fields::of(br#"{"a":[{"b":1}],"c":1,"c":2}"#).unwrap();
        assert!(fields.object("a").is_none());
        assert_eq!(fields.whole("c"), Some(2));
    }
}
