//! One event of an answer on its way to the client: the same for a stream and for a WebSocket.

use std::borrow::Cow;

use alipes_wire::Frame;
use bytes::Bytes;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; empty where the dialect has none.
    pub(crate) name: Cow<'static, str>,
    /// Its JSON, in one line.
    pub(crate) data: Bytes,
}

impl Event {
    /// The event as it stands in a stream of server-sent events, behind what is there.
    pub(crate) fn write(&self, stream: &mut Vec<u8>) {
        if !self.name.is_empty() {
            stream.extend_from_slice(b"event: ");
            stream.extend_from_slice(self.name.as_bytes());
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"data: ");
        stream.extend(self.data.iter().map(|byte| match byte {
            // Between the members of JSON a line break is a blank; within a text it is never raw.
            b'\n' | b'\r' => b' ',
            other => *other,
        }));
        stream.extend_from_slice(b"\n\n");
    }
}

impl From<Frame> for Event {
    fn from(frame: Frame) -> Self {
        Self {
            name: frame.name,
            data: frame.data.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_an_event_is_another_one() {
        let event = Event {
            name: "a".into(),
            data: Bytes::from_static(b"{\n\"x\":\r\n1}"),
        };
        let mut stream = Vec::new();
        event.write(&mut stream);
        assert_eq!(stream, b"event: a\ndata: { \"x\":  1}\n\n");
    }
}
