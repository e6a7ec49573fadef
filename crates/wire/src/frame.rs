//! One event of a stream that we write.

use std::borrow::Cow;

use crate::fields::Fields;
use crate::json::Object;

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

    /// Tells in the event what a header of the answer would have told, in the member that error frames
    /// have for headers (codex-protocol §2.6).
    pub fn put_header(&mut self, name: &str, value: &str) {
        let Some(event) = Fields::of(self.data.as_bytes()) else {
            return;
        };
        let known = event.object("headers").unwrap_or_default();
        let headers = Object::new().put(name, value).merge_all(&known).end();
        let others = event.members().filter(|(name, _)| *name != "headers");
        let told = Object::new().distinct(others).raw("headers", &headers);
        self.data = told.end();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_told_beside_what_an_event_says() {
        for (data, expected) in [
            (
                r#"{"type":"t", "n":1e2}"#,
                r#"{"type":"t","n":1e2,"headers":{"x-a":"\"b\""}}"#,
            ),
            (
                r#"{"headers":{"x-c":"d","x-a":"e"},"type":"t"}"#,
                r#"{"type":"t","headers":{"x-a":"\"b\"","x-c":"d"}}"#,
            ),
            ("[]", "[]"),
        ] {
            let mut frame = Frame::new("t", data.to_owned());
            frame.put_header("x-a", "\"b\"");
            assert_eq!(frame.data, expected);
        }
    }
}
