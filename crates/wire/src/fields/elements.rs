//! Lists that a client sends: read to a bound, because each element costs far more than its bytes.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::NotARequest;

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
