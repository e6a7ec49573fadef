//! Frames become messages: text is known to be UTF-8 as far as it has come, so that what can become no text any more is
//! refused at once and not at its end (RFC 6455, section 8.1).
//!
//! The order of the frames has been judged before (`headers`).

use bytes::{Bytes, BytesMut};
use yawc::OpCode;

use super::broken::Broken;

/// A message that has not ended.
#[derive(Debug)]
pub(super) struct Assembly {
    kind: OpCode,
    payload: BytesMut,
    /// How much of it is text.
    checked: usize,
    /// The longest message, in bytes.
    largest: usize,
}

impl Assembly {
    pub(super) fn new(largest: usize) -> Self {
        Self {
            kind: OpCode::Text,
            payload: BytesMut::new(),
            checked: 0,
            largest,
        }
    }

    /// How many bytes there are of a message that has not ended.
    pub(super) fn unfinished(&self) -> usize {
        self.payload.len()
    }

    /// Takes the next frame of data; gives the message that it ends.
    pub(super) fn push(
        &mut self,
        kind: OpCode,
        is_last: bool,
        payload: Bytes,
    ) -> Result<Option<(OpCode, Bytes)>, Broken> {
        let begins = kind != OpCode::Continuation;
        if begins && is_last {
            let is_good = kind != OpCode::Text || std::str::from_utf8(&payload).is_ok();
            return is_good
                .then_some(Some((kind, payload)))
                .ok_or(Broken::NotText);
        }
        if begins {
            self.kind = kind;
            self.checked = 0;
        }
        if payload.len() > self.largest - self.payload.len().min(self.largest) {
            return Err(Broken::TooLarge);
        }
        self.payload.extend_from_slice(&payload);
        if self.kind == OpCode::Text {
            self.check(is_last)?;
        }
        if !is_last {
            return Ok(None);
        }
        // All of it is given away: a part would keep the memory of the whole.
        let payload = std::mem::take(&mut self.payload).freeze();
        Ok(Some((self.kind, payload)))
    }

    fn check(&mut self, is_last: bool) -> Result<(), Broken> {
        match std::str::from_utf8(&self.payload[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            // A letter may end in the next frame.
            Err(error) if error.error_len().is_none() && !is_last => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(Broken::NotText),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of one byte per frame.
    fn assembled(text: &[u8]) -> Result<Option<(OpCode, Bytes)>, (usize, Broken)> {
        let mut assembly = Assembly::new(9);
        let last = text.len() - 1;
        for (at, byte) in text.iter().enumerate() {
            let kind = [OpCode::Text, OpCode::Continuation][at.min(1)];
            let payload = Bytes::copy_from_slice(&[*byte]);
            let pushed = assembly.push(kind, at == last, payload);
            if let Some(message) = pushed.map_err(|broken| (at, broken))? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_letter_may_lie_in_several_frames() {
        let (kind, payload) = assembled("µ€🦊".as_bytes()).unwrap().unwrap();
        assert_eq!((kind, &payload[..]), (OpCode::Text, "µ€🦊".as_bytes()));
    }

    #[test]
    fn what_can_be_no_text_any_more_is_refused_at_that_byte() {
        for (text, at) in [
            (&b"ab\x80cdef"[..], 2),
            (b"\xed\xa0\x80cdef", 1),
            (b"\xf4\x90\x80\x80", 1),
            (b"abc\xce", 3),
        ] {
            assert_eq!(assembled(text), Err((at, Broken::NotText)), "{text:x?}");
        }
    }

    #[test]
    fn a_message_is_as_long_as_its_bound_and_no_longer() {
        assert!(assembled(b"123456789").is_ok());
        assert_eq!(assembled(b"1234567890"), Err((9, Broken::TooLarge)));
    }
}
