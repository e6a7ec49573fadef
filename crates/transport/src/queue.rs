//! Updates between a request's driver and its reader, who polls the driver.
//!
//! Both run in one task, so a reader that finds nothing has nobody to wait for: it drives the request. A
//! channel between tasks would cost more than most of what goes through it, and hold memory for many
//! more updates than ever wait.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::Update;

/// How many updates may wait for a slow reader.
const MOST: usize = 64;

/// What waits for one reader.
#[derive(Default)]
pub(crate) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Update>,
    /// Who waits for room.
    blocked: Vec<Waker>,
    /// Nobody reads: nothing is kept.
    is_nobodys: bool,
}

impl Queue {
    /// A queue that nobody reads.
    pub(crate) fn nobodys() -> Self {
        Self(Mutex::new(State {
            is_nobodys: true,
            ..State::default()
        }))
    }

    /// The next update, if one waits.
    pub(crate) fn take(&self) -> Option<Update> {
        let mut state = self.state();
        let update = state.waiting.pop_front();
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        blocked.into_iter().for_each(Waker::wake);
        update
    }

    /// Adds an update where there is room; gives it back where there is none.
    pub(crate) fn offer(&self, update: Update) -> Result<(), Update> {
        self.state().offer(update)
    }

    /// Adds an update, waiting for room.
    pub(crate) async fn put(&self, update: Update) {
        let mut left = Some(update);
        poll_fn(|cx| {
            let mut state = self.state();
            let Some(update) = left.take() else {
                return Poll::Ready(());
            };
            match state.offer(update) {
                Ok(()) => Poll::Ready(()),
                Err(update) => {
                    left = Some(update);
                    if !state
                        .blocked
                        .iter()
                        .any(|known| known.will_wake(cx.waker()))
                    {
                        state.blocked.push(cx.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn offer(&mut self, update: Update) -> Result<(), Update> {
        if self.is_nobodys {
            return Ok(());
        }
        if self.waiting.len() >= MOST {
            return Err(update);
        }
        self.waiting.push_back(update);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const ANEW: Update = Update::Restarted { delivered: false };

    #[tokio::test]
    async fn a_full_queue_is_waited_for_until_its_reader_has_read() {
        let queue = Queue::default();
        for _ in 0..MOST {
            assert!(queue.put(ANEW).now_or_never().is_some());
        }
        assert!(queue.offer(ANEW).is_err());
        let read = async {
            tokio::task::yield_now().await;
            assert!(queue.take().is_some());
        };
        tokio::join!(queue.put(ANEW), read);
        let left = std::iter::from_fn(|| queue.take()).count();
        assert_eq!(left, MOST);
    }

    #[test]
    fn what_nobody_reads_is_not_kept() {
        let queue = Queue::nobodys();
        for _ in 0..2 * MOST {
            assert!(queue.put(ANEW).now_or_never().is_some());
        }
        assert!(queue.take().is_none());
    }
}
