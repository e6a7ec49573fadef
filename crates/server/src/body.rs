//! A request's body, read within bounds: of its size, of the time it takes, and of what all bodies
//! together may take of memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// How long the next piece of a body may take.
const PIECE: Duration = Duration::from_secs(20);

/// How long a whole body may take.
const WHOLE: Duration = Duration::from_secs(5 * 60);

/// The most that is taken ahead for a body that is announced, in bytes.
const AHEAD: usize = 1 << 20;

/// What the bodies of all requests that are being answered may take together, in KiB.
const TOGETHER: usize = 512 << 10;

/// How much room there is for bodies.
#[derive(Clone, Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// A body, and the room that it takes until this is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) bytes: Bytes,
    #[expect(dead_code, reason = "held")]
    room: Option<OwnedSemaphorePermit>,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(TOGETHER)
    }
}

impl Room {
    pub(crate) fn of(kib: usize) -> Self {
        Self(Arc::new(Semaphore::new(kib)))
    }

    /// The room itself, a permit for each KiB, for what comes in by other ways.
    pub(crate) fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0)
    }

    /// Takes room for so many bytes, until what comes back is dropped; `None`: there is too little left.
    pub(crate) fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(kib).ok()
    }

    /// How much is taken, in bytes.
    pub(crate) fn taken(&self) -> usize {
        TOGETHER.saturating_sub(self.0.available_permits()) << 10
    }

    /// Reads a body of at most `most` bytes.
    pub(crate) async fn read(&self, body: Body, most: usize) -> Result<Kept, Refusal> {
        let whole = tokio::time::timeout(WHOLE, self.pieces(body, most)).await;
        whole.unwrap_or_else(|_elapsed| Err(slow()))
    }

    /// Takes room for a request that has come whole.
    pub(crate) fn hold(&self, bytes: Bytes) -> Result<Kept, Refusal> {
        let mut room = None;
        self.make(&mut room, bytes.len())?;
        Ok(Kept { bytes, room })
    }

    async fn pieces(&self, mut body: Body, most: usize) -> Result<Kept, Refusal> {
        let announced = http_body::Body::size_hint(&body).lower();
        if announced > most as u64 {
            return Err(too_large(most));
        }
        // What is announced costs nothing to announce.
        let mut bytes = BytesMut::with_capacity(AHEAD.min(announced as usize));
        let mut room: Option<OwnedSemaphorePermit> = None;
        loop {
            let piece = tokio::time::timeout(PIECE, body.frame()).await;
            let Some(frame) = piece.map_err(|_elapsed| slow())? else {
                break;
            };
            let frame = frame.map_err(|_broken| Refusal::invalid("the body did not come whole"))?;
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            if bytes.len() + piece.len() > most {
                return Err(too_large(most));
            }
            self.make(&mut room, bytes.len() + piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        let bytes = bytes.freeze();
        Ok(Kept { bytes, room })
    }

    /// Takes room for `bytes` in all.
    fn make(&self, room: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Refusal> {
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(1024).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.0).try_acquire_many_owned(missing);
        let more = more.map_err(|_full| full())?;
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

fn too_large(most: usize) -> Refusal {
    let why =
        format!("the body is larger than {most} bytes; `largest_body` under [serve] is the limit");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", why)
}

fn slow() -> Refusal {
    let why = "the body took too long to come";
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", why)
}

fn full() -> Refusal {
    let why = "too many large requests at once";
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "server_is_overloaded", why);
    refusal.after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{pending, unfold};

    use super::*;

    /// A body of so many pieces of a KiB, each after a wait.
    fn pieces(number: usize, wait: Duration) -> Body {
        Body::from_stream(unfold(0, move |given| async move {
            tokio::time::sleep(wait).await;
            let piece = Bytes::from_static(&[b'x'; 1 << 10]);
            (given < number).then_some((Ok::<_, Infallible>(piece), given + 1))
        }))
    }

    async fn status(room: &Room, body: Body) -> u16 {
        let read = room.read(body, 1 << 20).await;
        read.map_or_else(|refusal| refusal.status.as_u16(), |_kept| 200)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_its_time_as_a_whole_and_for_each_piece() {
        let room = Room::default();
        let silent = Body::from_stream(pending::<Result<Bytes, Infallible>>());
        assert_eq!(status(&room, silent).await, 408);
        assert_eq!(status(&room, pieces(10, PIECE / 2)).await, 200);
        assert_eq!(status(&room, pieces(10, 2 * PIECE)).await, 408);
        assert_eq!(status(&room, pieces(1_000, PIECE / 2)).await, 408);
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_have_a_bound() {
        let room = Room::of(10);
        let piece = |number| pieces(number, Duration::ZERO);
        let first = room.read(piece(6), 1 << 20).await.unwrap();
        let refused = room.read(piece(5), 1 << 20).await.unwrap_err();
        assert_eq!(refused.status.as_u16(), 503);
        assert!(refused.retry_after.is_some());
        let second = room.hold(Bytes::from_static(&[0; 4 << 10])).unwrap();
        assert!(room.hold(Bytes::from_static(b"x")).is_err());
        drop((first, second));
        assert_eq!(status(&room, piece(10)).await, 200);
        assert_eq!(status(&room, piece(11)).await, 503);
        assert_eq!(status(&room, piece(10)).await, 200);
    }

    #[tokio::test]
    async fn a_piece_of_many_small_ones_takes_the_room_of_its_bytes() {
        let room = Room::of(1);
        let small = futures_util::stream::iter((0..1_024).map(|_| Ok::<_, Infallible>("x")));
        assert!(room.read(Body::from_stream(small), 1 << 20).await.is_ok());
    }
}
