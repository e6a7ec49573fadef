//! Updates between a request's driver and its reader, who polls the driver.
//!
//! Both run in one task, so a reader that finds nothing has nobody to wait for: it drives the request. A
//! channel between tasks would cost more than most of what goes through it, and hold memory for many
//! more updates than ever wait.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use alipes_wire::{RawEvent, Signal};

use crate::shown::Shown;
use crate::{Reader, Update};

/// How many updates may wait for a slow reader.
const MOST: usize = 64;

/// What waits for one reader.
pub(crate) struct Queue(Mutex<State>);

struct State {
    waiting: VecDeque<Update>,
    shown: Shown,
    /// Who waits for room.
    blocked: Vec<Waker>,
    /// Nobody reads: nothing is kept.
    is_nobodys: bool,
}

impl Queue {
    /// A queue to this reader.
    pub(crate) fn to(reader: Reader) -> Self {
        Self(Mutex::new(State {
            waiting: VecDeque::new(),
            shown: Shown::new(reader),
            blocked: Vec::new(),
            is_nobodys: false,
        }))
    }

    /// A queue that nobody reads.
    pub(crate) fn nobodys() -> Self {
        let queue = Self::to(Reader::Replaces);
        queue.state().is_nobodys = true;
        queue
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

    /// What the reader has of the answer.
    pub(crate) fn shown<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.state().shown)
    }

    /// Adds an update where there is room; gives it back where there is none.
    pub(crate) fn offer(&self, update: Update) -> Result<(), Update> {
        self.state().offer(update)
    }

    /// Adds an update, waiting for room.
    pub(crate) async fn put(&self, update: Update) {
        self.wait_for_room(update, State::offer).await;
    }

    /// Adds an event of this attempt, waiting for room; before it the word to begin anew, where the
    /// reader has events of another one.
    pub(crate) async fn put_event(&self, attempt: u32, event: RawEvent, signal: Signal) {
        let offer = |state: &mut State, event| state.offer_event(attempt, event, signal);
        self.wait_for_room(event, offer).await;
    }

    async fn wait_for_room<T: Unpin>(
        &self,
        left: T,
        offer: impl Fn(&mut State, T) -> Result<(), T>,
    ) {
        let mut left = Some(left);
        poll_fn(|cx| {
            let mut state = self.state();
            let Some(update) = left.take() else {
                return Poll::Ready(());
            };
            match offer(&mut state, update) {
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

    /// Both words go in together: whoever is dropped while it waits for room has changed nothing.
    fn offer_event(
        &mut self,
        attempt: u32,
        event: RawEvent,
        signal: Signal,
    ) -> Result<(), RawEvent> {
        if self.is_nobodys {
            return Ok(());
        }
        if self.waiting.len() >= MOST {
            return Err(event);
        }
        self.waiting.extend(self.shown.event(attempt, signal));
        self.waiting.push_back(Update::Event(event));
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
        let queue = Queue::to(Reader::Replaces);
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

    #[tokio::test]
    async fn an_attempt_that_is_dropped_while_it_waits_for_room_has_shown_nothing() {
        let queue = Queue::to(Reader::KeepsOutput);
        let event = || RawEvent::parse(r#"{"type":"response.output_item.added"}"#.into()).unwrap();
        for _ in 0..MOST {
            queue.put(ANEW).await;
        }
        let waiting = queue.put_event(1, event(), Signal::Reasoning);
        assert!(waiting.now_or_never().is_none());
        assert!(queue.shown(|shown| shown.begins_anew().is_none() && shown.may_begin_anew()));
        queue.take();
        queue.put_event(2, event(), Signal::Reasoning).await;
        assert!(queue.shown(|shown| shown.begins_anew().is_some() && !shown.may_begin_anew()));
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
