//! What has come in on a socket and is no message yet, as part of what all sockets of a server may hold.
//!
//! Each socket has its own bound, but a thousand sockets at their bounds would be more than a machine has. So what is
//! beyond a little takes room that they share, and whoever finds none is told to come again.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::broken::Broken;

/// What each socket may hold without taking any of the room, in bytes.
const FREE: usize = 16 << 10;

/// What one socket holds. Clones are the same; the default holds without a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding(Option<Arc<Mutex<Held>>>);

#[derive(Debug)]
struct Held {
    room: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    /// Bytes of frames that are not whole.
    raw: usize,
    /// Bytes of a message that is not, inflated.
    unfinished: usize,
}

impl Holding {
    /// As part of `room`, of which each permit is a KiB.
    pub(super) fn within(room: Arc<Semaphore>) -> Self {
        let held = Held {
            room,
            taken: None,
            raw: 0,
            unfinished: 0,
        };
        Self(Some(Arc::new(Mutex::new(held))))
    }

    /// So many bytes have come.
    pub(super) fn came(&self, bytes: usize) -> Result<(), Broken> {
        self.change(|held| held.raw += bytes)
    }

    /// A frame was whole; there are so many bytes now of a message that is not.
    pub(super) fn framed(&self, unfinished: usize) -> Result<(), Broken> {
        self.change(|held| (held.raw, held.unfinished) = (0, unfinished))
    }

    fn change(&self, change: impl FnOnce(&mut Held)) -> Result<(), Broken> {
        let Some(held) = &self.0 else {
            return Ok(());
        };
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut held);
        held.fit()
    }
}

impl Held {
    /// Takes as much room as there has to be, and gives back what is too much.
    fn fit(&mut self) -> Result<(), Broken> {
        let beyond = (self.raw + self.unfinished).saturating_sub(FREE);
        let (needed, taken) = (beyond.div_ceil(1024), self.taken());
        if needed <= taken {
            let _given_back = self
                .taken
                .as_mut()
                .and_then(|all| all.split(taken - needed));
            return Ok(());
        }
        let missing = u32::try_from(needed - taken).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.room).try_acquire_many_owned(missing);
        let more = more.map_err(|_full| Broken::NoRoom)?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }

    fn taken(&self) -> usize {
        self.taken
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_takes_room_and_gives_it_back() {
        let room = Arc::new(Semaphore::new(100));
        let holding = Holding::within(Arc::clone(&room));
        assert_eq!(holding.came(FREE), Ok(()));
        assert_eq!(room.available_permits(), 100);
        assert_eq!(holding.came(60 << 10), Ok(()));
        assert_eq!(room.available_permits(), 40);
        assert_eq!(holding.framed(FREE + (30 << 10)), Ok(()));
        assert_eq!(room.available_permits(), 70);
        assert_eq!(holding.framed(0), Ok(()));
        assert_eq!(room.available_permits(), 100);
    }

    #[test]
    fn all_sockets_together_have_a_bound_and_one_that_ends_gives_its_room_back() {
        let room = Arc::new(Semaphore::new(100));
        let (first, second) = (
            Holding::within(Arc::clone(&room)),
            Holding::within(Arc::clone(&room)),
        );
        assert_eq!(first.came(FREE + (80 << 10)), Ok(()));
        assert_eq!(second.came(FREE + (30 << 10)), Err(Broken::NoRoom));
        drop(first);
        assert_eq!(second.came(0), Ok(()));
    }
}
