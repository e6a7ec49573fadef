//! Server-sent events, after the WHATWG HTML standard, §9.2.6 "Interpreting an event stream".
//!
//! Own code because the only crate for it is unmaintained, and because a stream from a stranger must
//! be bounded: a line or an event that grows past its limit is an error, not memory. Any chunking of
//! the same bytes gives the same items (property-tested).

use std::borrow::Cow;
use std::{mem, str};

/// How large a line and an event may become, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct SseLimits {
    /// The longest line.
    pub line: usize,
    /// The longest event: all its `data:` lines together.
    pub event: usize,
}

impl Default for SseLimits {
    fn default() -> Self {
        Self {
            line: 32 << 20,
            event: 32 << 20,
        }
    }
}

/// What a stream is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SseItem {
    /// An event.
    Event {
        /// The `event:` field; empty if there was none.
        name: String,
        /// The `data:` lines, joined with line feeds.
        data: String,
    },
    /// A comment: nothing to read, but the origin is alive.
    Comment,
}

/// The stream broke a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SseError {
    /// A line is too long.
    #[error("a line of the event stream is longer than {0} bytes")]
    LineTooLong(usize),
    /// An event is too large.
    #[error("an event of the stream is larger than {0} bytes")]
    EventTooLarge(usize),
}

/// Turns bytes into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    limits: SseLimits,
    /// The line that has begun but not ended.
    line: Vec<u8>,
    /// The last byte was CR: a LF right after it belongs to the same line end.
    after_cr: bool,
    /// A byte order mark may only stand at the very start.
    started: bool,
    name: String,
    data: String,
    has_data: bool,
}

impl SseDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(limits: SseLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes the next bytes and appends what they complete to `items`.
    ///
    /// # Errors
    /// [`SseError`] if a line or an event breaks its limit; the stream is of no use after that.
    pub fn push(&mut self, mut bytes: &[u8], items: &mut Vec<SseItem>) -> Result<(), SseError> {
        while let Some(&first) = bytes.first() {
            if mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) else {
                return self.extend_line(bytes);
            };
            self.after_cr = bytes[end] == b'\r';
            self.end_line(&bytes[..end], items)?;
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    /// The event that the stream's end cut off before its blank line, if its lines were complete.
    ///
    /// The standard drops it. Some servers forget the last blank line after a terminal event, so a
    /// caller may look at it before it calls the stream cut.
    #[must_use]
    pub fn finish(&mut self) -> Option<SseItem> {
        (self.has_data && self.line.is_empty()).then(|| self.take_event())
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        self.check_line(bytes)?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether the line may grow by these bytes.
    fn check_line(&self, bytes: &[u8]) -> Result<(), SseError> {
        match self.line.len() + bytes.len() > self.limits.line {
            true => Err(SseError::LineTooLong(self.limits.line)),
            false => Ok(()),
        }
    }

    /// Ends the line with these bytes. Most lines come in one piece and are read where they lie.
    fn end_line(&mut self, bytes: &[u8], items: &mut Vec<SseItem>) -> Result<(), SseError> {
        if self.line.is_empty() {
            self.check_line(bytes)?;
            return self.interpret(bytes, items);
        }
        self.extend_line(bytes)?;
        let mut line = mem::take(&mut self.line);
        self.interpret(&line, items)?;
        line.clear();
        self.line = line;
        Ok(())
    }

    fn interpret(&mut self, line: &[u8], items: &mut Vec<SseItem>) -> Result<(), SseError> {
        let line = if mem::replace(&mut self.started, true) {
            line
        } else {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        };
        if line.is_empty() {
            if self.has_data {
                let event = self.take_event();
                items.push(event);
            } else {
                self.name.clear();
            }
            return Ok(());
        }
        let colon = line.iter().position(|b| *b == b':');
        let (field, value) = match colon {
            Some(0) => {
                items.push(SseItem::Comment);
                return Ok(());
            }
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[..0]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = text(value).into_owned(),
            b"data" => self.append_data(value)?,
            // `id` and `retry` serve reconnecting browsers; unknown fields are ignored by rule.
            _ => {}
        }
        Ok(())
    }

    fn append_data(&mut self, value: &[u8]) -> Result<(), SseError> {
        // Decoded before it is measured: a byte that is no UTF-8 becomes three.
        let text = text(value);
        let joint = usize::from(mem::replace(&mut self.has_data, true));
        if self.data.len() + joint + text.len() > self.limits.event {
            return Err(SseError::EventTooLarge(self.limits.event));
        }
        if joint == 1 {
            self.data.push('\n');
        }
        self.data.push_str(&text);
        Ok(())
    }

    fn take_event(&mut self) -> SseItem {
        self.has_data = false;
        SseItem::Event {
            name: mem::take(&mut self.name),
            data: mem::take(&mut self.data),
        }
    }
}

/// The text; what is no UTF-8 in it is replaced. Asked in this order because the replacing is slow
/// even where there is nothing to replace.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(stream: &[u8]) -> Vec<SseItem> {
        let mut items = Vec::new();
        SseDecoder::default().push(stream, &mut items).unwrap();
        items
    }

    fn event(name: &str, data: &str) -> SseItem {
        SseItem::Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn the_standards_examples_decode() {
        // The three examples of WHATWG HTML §9.2.6.
        let stock = b"data: YHOO\ndata: +2\ndata: 10\n\n";
        assert_eq!(decode(stock), [event("", "YHOO\n+2\n10")]);
        let four = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n";
        assert_eq!(
            decode(four),
            [
                SseItem::Comment,
                event("", "first event"),
                event("", "second event")
            ]
        );
        assert_eq!(
            decode(b"data\n\ndata\ndata\n\ndata:"),
            [event("", ""), event("", "\n")]
        );
        assert_eq!(
            decode(b"data:test\n\ndata: test\n\n"),
            [event("", "test"), event("", "test")]
        );
    }

    #[test]
    fn every_line_end_counts() {
        for end in ["\n", "\r", "\r\n"] {
            let stream = format!("event: e{end}data: a{end}data: b{end}{end}");
            assert_eq!(decode(stream.as_bytes()), [event("e", "a\nb")], "{end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_dropped_at_the_start_only() {
        assert_eq!(decode(b"\xEF\xBB\xBFdata: a\n\n"), [event("", "a")]);
        assert_eq!(
            decode(b"data: a\n\n\xEF\xBB\xBFdata: b\n\n"),
            [event("", "a")]
        );
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        assert_eq!(decode(b"data: a\xFFb\n\n"), [event("", "a\u{FFFD}b")]);
    }

    #[test]
    fn a_name_without_data_is_forgotten() {
        assert_eq!(decode(b"event: lost\n\ndata: a\n\n"), [event("", "a")]);
    }

    #[test]
    fn an_unclosed_event_is_offered_at_the_end() {
        let mut decoder = SseDecoder::default();
        let mut items = Vec::new();
        decoder.push(b"data: whole\n", &mut items).unwrap();
        assert_eq!(decoder.finish(), Some(event("", "whole")));
        decoder.push(b"data: half a li", &mut items).unwrap();
        assert_eq!((decoder.finish(), items.len()), (None, 0));
        // The line that was cut off may have belonged to the event.
        let mut decoder = SseDecoder::default();
        decoder.push(b"data: one\ndata: tw", &mut items).unwrap();
        assert_eq!((decoder.finish(), items.len()), (None, 0));
    }

    #[test]
    fn what_grows_past_its_limit_is_an_error() {
        let limits = SseLimits {
            line: 10,
            event: 12,
        };
        let mut items = Vec::new();
        let long = SseDecoder::new(limits).push(b"data: 12345", &mut items);
        assert_eq!(long, Err(SseError::LineTooLong(10)));
        let mut decoder = SseDecoder::new(limits);
        let large = decoder
            .push(b"data: 1234\n", &mut items)
            .and_then(|()| decoder.push(b"data: 1234\ndata: 1234\n", &mut items));
        assert_eq!(large, Err(SseError::EventTooLarge(12)));
        let exact = SseLimits { line: 9, event: 4 };
        let fits = SseDecoder::new(exact).push(b"data:1234\n\n", &mut items);
        assert_eq!((fits, items.pop()), (Ok(()), Some(event("", "1234"))));
    }
}
