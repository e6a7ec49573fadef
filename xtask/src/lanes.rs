//! Work that mostly waits, done several at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

/// Does all of it, so many at a time, until it is done or one piece fails. The lanes begin `apart` from each other, so
/// that the start-up of one does not slow down the next.
pub(crate) fn in_lanes<T: Sync>(
    (lanes, apart): (u32, Duration),
    pieces: &[T],
    work: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let rest = Mutex::new(pieces.iter());
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        let lane = |number: u32| {
            std::thread::sleep(apart * number);
            std::iter::from_fn(next).try_for_each(&work)
        };
        let lanes: Vec<_> = (0..lanes)
            .map(|number| scope.spawn(move || lane(number)))
            .collect();
        lanes
            .into_iter()
            .try_for_each(|lane| lane.join().ok().context("a lane broke")?)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn every_piece_is_done_once_and_a_failure_is_told() {
        let done = Mutex::new(Vec::new());
        let pieces: Vec<u32> = (0..20).collect();
        let work = |piece: &u32| {
            done.lock().unwrap().push(*piece);
            Ok(())
        };
        in_lanes((3, Duration::ZERO), &pieces, work).unwrap();
        let mut done = done.into_inner().unwrap();
        done.sort_unstable();
        assert_eq!(done, pieces);
        let error = in_lanes((3, Duration::ZERO), &pieces, |_| bail!("the reason"));
        assert_eq!(error.unwrap_err().to_string(), "the reason");
    }
}
