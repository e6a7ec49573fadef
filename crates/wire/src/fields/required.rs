//! Fields of a client's request. A provider's odd value is passed over; a client's is its mistake, and is
//! named.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Fields, elements};
use crate::NotARequest;

impl<'a> Fields<'a> {
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

    /// The texts of a list that a client may leave out; `wanted` is what may stand there.
    ///
    /// # Errors
    /// [`NotARequest`] if it is there and no list of texts, or has more than anybody reads.
    pub(crate) fn said_texts(&self, name: &str, wanted: &str) -> Result<Vec<String>, NotARequest> {
        if self.json(name).is_none() {
            return Ok(Vec::new());
        }
        let unfit = || NotARequest::shape(format!("`{name}` is not {wanted}")).at(name);
        self.texts(name)?.ok_or_else(unfit)
    }

    /// The texts of a list; `None` if it is missing or something else.
    ///
    /// # Errors
    /// [`NotARequest`] if it has more than anybody reads.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, NotARequest> {
        self.json(name)
            .map_or(Ok(None), |json| elements(json, name))
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

    /// The elements of a field that must be a list.
    ///
    /// # Errors
    /// [`NotARequest`] if it is missing, is something else, or has more elements than anybody reads.
    pub(crate) fn required_list(&self, name: &str) -> Result<Vec<&'a RawValue>, NotARequest> {
        let none = || NotARequest::shape(format!("`{name}` is missing or is no list")).at(name);
        elements(self.json(name).ok_or_else(none)?, name)?.ok_or_else(none)
    }
}
