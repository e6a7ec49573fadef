//! An HTTP/2 connection that takes no request, as of a server that is full, or that is about to restart.
//!
//! It promises that it has not looked at the request (RFC 9113, section 8.7), which the library above
//! says of nothing it was asked. So the few frames that it takes are written here.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::http::Connection;
use crate::seen::Seen;

/// What it says instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwilling {
    /// `REFUSED_STREAM`, to every request.
    Stream,
    /// `GOAWAY` without an error, and that not even the first request is looked at.
    Connection,
}

/// RFC 9113, sections 3.4, 4.1, 6 and 7.
const PREFACE: u64 = 24;
const HEADER: usize = 9;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const REFUSED_STREAM: u32 = 7;

/// Serves until the client leaves.
pub(crate) async fn serve<S>(io: S, how: Unwilling, connection: &Connection, fault: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // However it ends, it is over.
    let _ended = turn_away(io, how, || {
        connection
            .backend
            .saw(Seen::unread(connection.number, fault));
    })
    .await;
}

async fn turn_away<S>(mut io: S, how: Unwilling, saw: impl Fn()) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    skip(&mut io, PREFACE).await?;
    io.write_all(&frame(SETTINGS, 0, [0; 4], &[])).await?;
    loop {
        let mut header = [0; HEADER];
        io.read_exact(&mut header).await?;
        let [a, b, c, kind, flags, stream @ ..] = header;
        let length = u32::from_be_bytes([0, a, b, c]);
        let answer = match kind {
            PING if length == 8 && flags & ACK == 0 => {
                let mut question = [0; 8];
                io.read_exact(&mut question).await?;
                frame(PING, ACK, [0; 4], &question)
            }
            _ => {
                skip(&mut io, length.into()).await?;
                match (kind, how) {
                    (SETTINGS, _) if flags & ACK == 0 => frame(SETTINGS, ACK, [0; 4], &[]),
                    (HEADERS, Unwilling::Stream) => {
                        saw();
                        frame(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes())
                    }
                    (HEADERS, Unwilling::Connection) => {
                        saw();
                        frame(GOAWAY, 0, [0; 4], &[0; 8])
                    }
                    _ => continue,
                }
            }
        };
        io.write_all(&answer).await?;
        io.flush().await?;
    }
}

/// A frame of a few bytes.
fn frame(kind: u8, flags: u8, stream: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or_default();
    [&[0, 0, length, kind, flags], &stream[..], payload].concat()
}

async fn skip(io: &mut (impl AsyncRead + Unpin), length: u64) -> io::Result<()> {
    let skipped = tokio::io::copy(&mut io.take(length), &mut tokio::io::sink()).await?;
    match skipped == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
