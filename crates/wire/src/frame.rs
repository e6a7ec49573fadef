//! One event of a stream that we write.

use std::borrow::Cow;

/// A server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The `event:` field; empty where the dialect has none.
    pub name: Cow<'static, str>,
    /// The `data:` field, one line.
    pub data: String,
}

impl Frame {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, data: String) -> Self {
        let name = name.into();
        Self { name, data }
    }

    /// The event as it stands in the stream.
    #[must_use]
    pub fn sse(&self) -> String {
        match &*self.name {
            "" => format!("data: {}\n\n", self.data),
            name => format!("event: {name}\ndata: {}\n\n", self.data),
        }
    }
}
