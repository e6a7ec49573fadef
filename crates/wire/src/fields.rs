//! The fields of a JSON object, each read by itself.
//!
//! Providers send `null` for nothing, `300.0` for 300 and `"429"` for 429. Read as one typed struct,
//! a field that nobody needs would take its neighbours with it, and a failure its code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::NotARequest;
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

/// Most elements of a list that a client sends: far more than conversations have. However short, each
/// takes some hundred bytes once it has been read.
const MOST_ELEMENTS: usize = 100_000;

/// The elements of the list in `json`, the member `name` of a request; `None` if that is something
/// else, or one of them is.
///
/// # Errors
/// [`NotARequest`] if there are more than anybody reads.
pub(crate) fn elements<'a, T: Deserialize<'a>>(
    json: &'a str,
    name: &str,
) -> Result<Option<Vec<T>>, NotARequest> {
    let Ok(Elements(elements)) = serde_json::from_str(json) else {
        return Ok(None);
    };
    if elements.len() > MOST_ELEMENTS {
        let why = format!("`{name}` has more than {MOST_ELEMENTS} elements");
        return Err(NotARequest::shape(why).at(name));
    }
    Ok(Some(elements))
}

/// Whether the list in `json`, the member `name` of a request, is one that anybody reads.
///
/// # Errors
/// [`NotARequest`] if it has more elements than that.
pub(crate) fn is_bounded(json: &str, name: &str) -> Result<(), NotARequest> {
    // There are no more elements than commas and one, and those are counted in no time.
    let commas = || memchr::memchr_iter(b',', json.as_bytes()).count();
    if json.len() > MOST_ELEMENTS && commas() >= MOST_ELEMENTS {
        elements::<IgnoredAny>(json, name)?;
    }
    Ok(())
}

/// The elements of a list, one more than there may be at most.
struct Elements<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Counting(PhantomData))
    }
}

struct Counting<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Counting<T> {
    type Value = Elements<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Elements<T>, S::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
            if elements.len() > MOST_ELEMENTS {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(Elements(elements))
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

/// Reads one member of an object as an object itself. Of two with one name, the last counts.
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Fields<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut member = None;
        while let Some(Name(name)) = map.next_key()? {
            match name == self.0 {
                true => member = Some(map.next_value()?),
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(member)
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
        let json = std::str::from_utf8(json).ok()?;
        let mut json = serde_json::Deserializer::from_str(json);
        json.deserialize_map(Member(name)).ok()?
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

    /// What `read` makes of a field that a client may leave out; `None` if it is missing or null.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and is something else than `wanted`.
    pub(crate) fn said<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Result<Option<T>, NotARequest> {
        if self.json(name).is_none() {
            return Ok(None);
        }
        let unfit = || NotARequest::shape(format!("`{name}` is not {wanted}")).at(name);
        read(self, name).map(Some).ok_or_else(unfit)
    }

    /// A number that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no number.
    pub(crate) fn said_number(&self, name: &str) -> Result<Option<f64>, NotARequest> {
        self.said(name, "a number", Self::number)
    }

    /// A whole number from zero up that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no such number.
    pub(crate) fn said_whole(&self, name: &str) -> Result<Option<u64>, NotARequest> {
        self.said(name, "a whole number", Self::whole)
    }

    /// A text that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no text.
    pub(crate) fn said_text(&self, name: &str) -> Result<Option<String>, NotARequest> {
        self.said(name, "a text", Self::string)
    }

    /// A truth value that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and none.
    pub(crate) fn said_flag(&self, name: &str) -> Result<Option<bool>, NotARequest> {
        self.said(name, "true or false", Self::read)
    }

    /// An object that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no object.
    pub(crate) fn said_object(&self, name: &str) -> Result<Option<Self>, NotARequest> {
        self.said(name, "an object", Self::object)
    }

    /// The objects of a list that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no list of objects, or has more than anybody reads.
    pub(crate) fn said_objects(&self, name: &str) -> Result<Vec<Self>, NotARequest> {
        let Some(json) = self.json(name) else {
            return Ok(Vec::new());
        };
        let unfit = || NotARequest::shape(format!("`{name}` is not a list of objects")).at(name);
        elements(json, name)?.ok_or_else(unfit)
    }

    /// A schema that a client may leave out.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and cannot be said anew.
    pub(crate) fn said_schema(&self, name: &str) -> Result<Value, NotARequest> {
        // The limit is the one of the reader (`serde_json`), and of those that most providers have.
        let wanted =
            "a schema that can be read: at most 127 levels, whole texts, no endless number";
        let said = self.said(name, wanted, Self::read)?;
        Ok(said.unwrap_or_default())
    }

    /// The elements of a field that is a list.
    pub(crate) fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.read(name).unwrap_or_default()
    }

    /// The elements of a field that must be a list.
    ///
    /// # Errors
    /// [`NotARequest`] if it is missing, is something else, or has more elements than anybody reads.
    pub(crate) fn required_list(&self, name: &str) -> Result<Vec<&'a RawValue>, NotARequest> {
        let none = || NotARequest::shape(format!("`{name}` is missing or is no list")).at(name);
        elements(self.json(name).ok_or_else(none)?, name)?.ok_or_else(none)
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
