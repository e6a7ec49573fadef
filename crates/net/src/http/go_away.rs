//! Hears an HTTP/2 server ask for calm, whatever comes after it.
//!
//! A server that is pinged too often says GOAWAY with `ENHANCE_YOUR_CALM` and hangs up, often without
//! the closing words of TLS. h2 keeps only the last of what went wrong on a connection, and then that
//! is the end of the stream. So the frames are looked at on their way in; nothing is changed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// RFC 9113, sections 4.1, 6.8 and 7.
const HEADER: usize = 9;
const GOAWAY: u8 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// The last stream's id and the error code of a GOAWAY.
const WORD: usize = 8;

/// A stream of HTTP/2 frames that calls `on_calm` when the server asks for it.
pub(super) struct CalmWatch<S, F> {
    inner: S,
    frames: Frames,
    on_calm: Option<F>,
}

impl<S, F: FnOnce()> CalmWatch<S, F> {
    pub(super) fn new(inner: S, on_calm: F) -> Self {
        Self {
            inner,
            frames: Frames::default(),
            on_calm: Some(on_calm),
        }
    }
}

/// Follows frames that arrive in pieces.
#[derive(Debug, Default)]
struct Frames {
    /// The beginning of the current frame: its header, and a GOAWAY's word.
    begun: Vec<u8>,
    /// Bytes of it that are passed over.
    rest: usize,
}

impl Frames {
    /// Whether the server asks for calm in what came next.
    fn ask_for_calm(&mut self, mut bytes: &[u8]) -> bool {
        let mut asked = false;
        while let Some((first, later)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            self.begun.push(*first);
            bytes = later;
            if let Some(rest) = rest(&self.begun) {
                asked |= asks_for_calm(&self.begun);
                self.rest = rest;
                self.begun.clear();
            }
        }
        asked
    }
}

/// How many bytes follow that need not be looked at, once enough of a frame is there.
fn rest(begun: &[u8]) -> Option<usize> {
    let [a, b, c, kind, ..] = begun else {
        return None;
    };
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    let wanted = if *kind == GOAWAY { WORD.min(length) } else { 0 };
    (begun.len() >= HEADER + wanted).then_some(length - wanted)
}

fn asks_for_calm(begun: &[u8]) -> bool {
    let code = begun.last_chunk().map(|code| u32::from_be_bytes(*code));
    begun.len() == HEADER + WORD && code == Some(ENHANCE_YOUR_CALM)
}

impl<S, F> AsyncRead for CalmWatch<S, F>
where
    S: AsyncRead + Unpin,
    F: FnOnce() + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        if this.frames.ask_for_calm(&buffer.filled()[before..])
            && let Some(on_calm) = this.on_calm.take()
        {
            on_calm();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, F: Unpin> AsyncWrite for CalmWatch<S, F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the stream asks, in one piece and byte by byte.
    fn asks(stream: &[u8]) -> bool {
        let whole = Frames::default().ask_for_calm(stream);
        let mut frames = Frames::default();
        let mut pieces = stream.chunks(1).map(|byte| frames.ask_for_calm(byte));
        assert_eq!(whole, pieces.any(|asked| asked));
        whole
    }

    fn go_away(code: u8, words: &[u8]) -> Vec<u8> {
        let length = u8::try_from(WORD + words.len()).unwrap();
        let head = [
            0, 0, length, GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, code,
        ];
        [&head, words].concat()
    }

    #[test]
    fn only_a_goaway_with_that_code_asks_for_calm() {
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        // Data that looks like the frame we look for.
        let data = [&[0, 0, 17, 0, 1, 0, 0, 0, 1][..], &go_away(11, b"")].concat();
        // RST_STREAM with the same code is about one request.
        let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 11];
        let others = [&settings[..], &data, &reset, &go_away(0, b"bye")].concat();
        assert!(!asks(&others));
        assert!(asks(
            &[&others[..], &go_away(11, b"too_many_pings")].concat()
        ));
    }
}
