//! A stream that loses the client's pings, and nothing else.
//!
//! The libraries above answer pings by themselves, so a server that withholds its answers is one that
//! never hears the questions: they are taken out of what it reads, below HTTP/2 or WebSocket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How pings look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// RFC 9113, sections 3.4 and 4.1.
    Http2,
    /// RFC 6455, section 5.2.
    WebSocket,
}

/// The client's preface, before its first frame.
const PREFACE: usize = 24;

/// Bytes read at a time.
const PIECE: usize = 8 << 10;

/// What is read from it has no pings; what is written to it passes.
pub(crate) struct Deaf<S> {
    inner: S,
    sieve: Sieve,
    /// What has passed the sieve and not been read yet.
    passed: Vec<u8>,
}

impl<S> Deaf<S> {
    pub(crate) fn new(inner: S, framing: Framing) -> Self {
        Self {
            inner,
            sieve: Sieve::new(framing),
            passed: Vec::new(),
        }
    }
}

/// Takes pings out of a stream of frames that arrives in pieces.
#[derive(Debug)]
struct Sieve {
    framing: Framing,
    /// The beginning of a frame whose header is not complete.
    header: Vec<u8>,
    /// Bytes of the current frame that are still to come.
    rest: u64,
    drops: bool,
}

/// A frame, as its header tells.
struct Frame {
    is_ping: bool,
    /// Bytes after the header.
    length: u64,
}

impl Sieve {
    fn new(framing: Framing) -> Self {
        let rest = match framing {
            Framing::Http2 => PREFACE as u64,
            Framing::WebSocket => 0,
        };
        Self {
            framing,
            header: Vec::new(),
            rest,
            drops: false,
        }
    }

    /// Adds what passes to `passed`.
    fn sift(&mut self, mut bytes: &[u8], passed: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let length = usize::try_from(self.rest).unwrap_or(usize::MAX);
                let (now, later) = bytes.split_at(length.min(bytes.len()));
                self.rest -= now.len() as u64;
                if !self.drops {
                    passed.extend_from_slice(now);
                }
                bytes = later;
            } else if let Some((first, later)) = bytes.split_first() {
                self.header.push(*first);
                bytes = later;
                if let Some(frame) = self.framing.frame(&self.header) {
                    self.drops = frame.is_ping;
                    self.rest = frame.length;
                    if !frame.is_ping {
                        passed.extend_from_slice(&self.header);
                    }
                    self.header.clear();
                }
            }
        }
    }
}

impl Framing {
    /// The frame that begins so, once its header is complete.
    fn frame(self, header: &[u8]) -> Option<Frame> {
        match (self, header) {
            (Self::Http2, [a, b, c, kind, flags, _, _, _, _]) => Some(Frame {
                // Type 6; flag 1 marks an answer to a ping of ours.
                is_ping: *kind == 6 && flags & 1 == 0,
                length: u64::from(u32::from_be_bytes([0, *a, *b, *c])),
            }),
            (Self::WebSocket, [first, second, extended @ ..]) => {
                let length = match (second & 0x7f, extended) {
                    (126, [a, b]) => u64::from(u16::from_be_bytes([*a, *b])),
                    (127, extended) => u64::from_be_bytes(extended.try_into().ok()?),
                    (126, _) => return None,
                    (length, _) => u64::from(length),
                };
                let mask = if second & 0x80 == 0 { 0 } else { 4 };
                Some(Frame {
                    is_ping: first & 0x0f == 9,
                    length: length.saturating_add(mask),
                })
            }
            _ => None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deaf<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.passed.is_empty() {
            let mut piece = [0; PIECE];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.sieve.sift(piece.filled(), &mut this.passed);
        }
        let length = this.passed.len().min(buffer.remaining());
        buffer.put_slice(this.passed.drain(..length).as_slice());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deaf<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
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

    /// What is left, with the stream in one piece and byte by byte.
    fn left(framing: Framing, stream: &[u8]) -> Vec<u8> {
        let (mut whole, mut single) = (Vec::new(), Vec::new());
        Sieve::new(framing).sift(stream, &mut whole);
        let mut sieve = Sieve::new(framing);
        for byte in stream {
            sieve.sift(std::slice::from_ref(byte), &mut single);
        }
        assert_eq!(whole, single);
        whole
    }

    #[test]
    fn only_the_clients_pings_are_taken_out_of_http_2() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], b"question"].concat();
        let answer = [&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], b"answered"].concat();
        let data = [&[0, 0, 3, 0, 1, 0, 0, 0, 1][..], b"\x06\x06\x06"].concat();
        let stream = [preface, &settings[..], &ping, &data, &ping, &answer].concat();
        let expected = [preface, &settings[..], &data, &answer].concat();
        assert_eq!(left(Framing::Http2, &stream), expected);
    }

    #[test]
    fn only_pings_are_taken_out_of_a_websocket() {
        let ping = b"\x89\x82maskhi";
        let pong = b"\x8a\x80mask";
        let text = b"\x81\x82mask\x89\x89";
        let long = [&b"\x82\xfe\x01\x00mask"[..], &[0x89; 256]].concat();
        let longer = [&b"\x82\xff\0\0\0\0\0\x01\0\0mask"[..], &[0x89; 65_536]].concat();
        let stream = [ping, &text[..], &long, &ping[..], pong, &longer, ping].concat();
        let expected = [&text[..], &long, pong, &longer].concat();
        assert_eq!(left(Framing::WebSocket, &stream), expected);
    }
}
