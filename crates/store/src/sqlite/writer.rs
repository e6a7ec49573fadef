//! The queue of the thread that writes, and what it is given: work of any type, as a [`Job`].
//!
//! The queue is bounded by places, which are waited for without holding up a thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::failure::Failure;
use super::thread::{Desk, Thread};
use crate::StoreError;

/// How much work may wait; whoever brings more waits before it.
const QUEUE: usize = 256;

/// Whether what is written must be on disk before anybody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    Durable,
    /// The same, and what it deletes is not left behind in the log for long.
    Erased,
    /// A crash of the machine may undo it, in order and as a whole.
    Lazy,
    /// The same, and it is committed behind the others and apart from them: SQLite undoes a whole
    /// transaction where the disk is full (<https://www.sqlite.org/lang_transaction.html>).
    Apart,
    /// The same, and not at once: nobody waits for it, and more of it comes.
    Gathered,
}

/// Hands work to the thread; dropping it waits until the thread has done what it was given.
pub(super) struct Writer {
    jobs: Option<Sender<Ticket>>,
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// Work that waits, and the place it takes in the queue.
pub(super) struct Ticket {
    pub(super) job: Box<dyn Job>,
    pub(super) safety: Safety,
    _place: OwnedSemaphorePermit,
}

/// Work, whatever it gives.
pub(super) trait Job: Send {
    /// Does it.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;

    /// Tells whoever waits how it and the commit went.
    fn tell(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Task<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    path: PathBuf,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        let work = self.work.take().ok_or(StoreError::Closed)?;
        let outcome = work(db).map_err(|failure| failure.of(&self.path));
        let told = outcome.as_ref().map(|_given| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        told
    }

    fn tell(self: Box<Self>, commit: Result<(), StoreError>) {
        let told = match (self.outcome, commit) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error),
            (Some(Ok(given)), Ok(())) => Ok(given),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Whoever asked may have gone; what is stored is stored.
        let _ = self.answer.send(told);
    }
}

impl Writer {
    pub(super) fn start(desk: Desk) -> Result<Self, StoreError> {
        let path = desk.path.clone();
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || Thread::of(desk).run(&queue))
            .map_err(|error| StoreError::Unusable {
                path: path.clone(),
                what: error.to_string(),
            })?;
        Ok(Self {
            jobs: Some(jobs),
            room: Arc::new(Semaphore::new(QUEUE)),
            thread: Some(thread),
            path,
        })
    }

    /// Does `work` in a transaction, and gives what it gave when that is committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        safety: Safety,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.room).acquire_owned().await;
        let place = place.map_err(|_closed| StoreError::Closed)?;
        let answer = self.hand(safety, place, work);
        answer.await.map_err(|_gone| StoreError::Closed)?
    }

    /// The same without waiting, where there is room.
    pub(super) fn post(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), Failure> + Send + 'static,
    ) {
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            drop(self.hand(Safety::Lazy, place, work));
        }
    }

    /// Hands over a job that nobody waits for, without waiting; whether there was room.
    pub(super) fn offer(&self, job: Box<dyn Job>) -> bool {
        match Arc::clone(&self.room).try_acquire_owned() {
            Ok(place) => {
                self.send(Safety::Gathered, place, job);
                true
            }
            Err(_full) => false,
        }
    }

    /// The same, waiting for room; it is done at once.
    pub(super) async fn bring(&self, job: Box<dyn Job>) {
        if let Ok(place) = Arc::clone(&self.room).acquire_owned().await {
            self.send(Safety::Apart, place, job);
        }
    }

    fn hand<T: Send + 'static>(
        &self,
        safety: Safety,
        place: OwnedSemaphorePermit,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, StoreError>> {
        let (answer, receiver) = oneshot::channel();
        let task = Task {
            work: Some(work),
            outcome: None,
            answer,
            path: self.path.clone(),
        };
        self.send(safety, place, Box::new(task));
        receiver
    }

    fn send(&self, safety: Safety, place: OwnedSemaphorePermit, job: Box<dyn Job>) {
        let ticket = Ticket {
            job,
            safety,
            _place: place,
        };
        // If the thread has gone the job is dropped, and that tells.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(ticket);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
