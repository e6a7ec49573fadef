//! The bytes of a connection that go one way, and how that way ends. Pure: it is told the time.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::{Buf as _, Bytes};
use tokio::io::ReadBuf;
use tokio::time::Instant;

/// Bytes that wait before their writer has to wait.
pub(super) const QUEUE: usize = 64 * 1024;

/// One way of a connection.
#[derive(Default)]
pub(super) struct Direction {
    chunks: VecDeque<(Instant, Bytes)>,
    queued: usize,
    /// How it ends after its last chunk, and from when on that is seen.
    end: Option<(Instant, Ending)>,
    /// The end will be a reset, whatever comes first.
    pub(super) resets: bool,
    pub(super) reader_gone: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

/// How a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Fin,
    Reset,
}

/// What a reader finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Bytes(usize),
    End(Ending),
    OnItsWay(Instant),
    Nothing,
}

impl Direction {
    /// Moves what has arrived into `buffer`.
    pub(super) fn read(&mut self, now: Instant, buffer: &mut ReadBuf<'_>) -> Found {
        let mut moved = 0;
        while let Some((_, bytes)) = self.chunks.front_mut().filter(|(due, _)| *due <= now) {
            let part = bytes.len().min(buffer.remaining());
            buffer.put_slice(&bytes[..part]);
            bytes.advance(part);
            moved += part;
            if !bytes.is_empty() {
                break;
            }
            self.chunks.pop_front();
        }
        if moved > 0 || buffer.remaining() == 0 {
            self.queued -= moved;
            wake(&mut self.writer);
            return Found::Bytes(moved);
        }
        let next = self.chunks.front().map(|(due, _)| *due);
        match (next, self.end) {
            (Some(due), _) => Found::OnItsWay(due),
            (None, Some((due, _))) if due > now => Found::OnItsWay(due),
            (None, Some((_, ending))) => Found::End(ending),
            (None, None) => Found::Nothing,
        }
    }

    /// Takes what there is room for, to arrive when it is `due`.
    pub(super) fn write(&mut self, due: Instant, bytes: &[u8]) -> usize {
        let part = bytes.len().min(QUEUE - self.queued);
        if part > 0 {
            self.queued += part;
            self.chunks
                .push_back((due, Bytes::copy_from_slice(&bytes[..part])));
            wake(&mut self.reader);
        }
        part
    }

    /// Ends it; the first end counts.
    pub(super) fn end(&mut self, due: Instant, ending: Ending) {
        self.end.get_or_insert((due, ending));
        wake(&mut self.reader);
        // Whoever writes against a reset learns it at once.
        wake(&mut self.writer);
    }

    /// Whether its writer has ended it.
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether its reader knows by now that it was reset.
    pub(super) fn was_reset(&self, now: Instant) -> bool {
        self.end
            .is_some_and(|(due, ending)| due <= now && ending == Ending::Reset)
    }

    /// Its reader has gone; how much was left unread.
    pub(super) fn abandon(&mut self) -> usize {
        self.reader_gone = true;
        wake(&mut self.writer);
        self.discard()
    }

    /// Forgets what is queued; how much that was.
    pub(super) fn discard(&mut self) -> usize {
        self.chunks.clear();
        std::mem::take(&mut self.queued)
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
