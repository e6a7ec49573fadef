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
        let mut stream = String::with_capacity(self.data.len() + 80);
        self.write(&mut stream);
        stream
    }

    /// Writes the event behind what is there of a stream.
    pub fn write(&self, stream: &mut String) {
        if !self.name.is_empty() {
            stream.push_str("event: ");
            stream.push_str(&self.name);
            stream.push('\n');
        }
        stream.push_str("data: ");
        stream.push_str(&self.data);
        stream.push_str("\n\n");
    }
}
