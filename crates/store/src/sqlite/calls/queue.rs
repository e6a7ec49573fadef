//! The way from a call to the store: a bounded queue that the writing thread empties.
//!
//! A call takes a lock, a place in the queue, and goes on. Everything else happens on the writing
//! thread: whoever finds it idle asks it to come, and it takes all that has gathered by then. What
//! cannot be kept, because more comes than can be written or because the store fails, is counted and
//! told once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_base::Clock;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::SqliteStore;
use super::super::failure::Failure;
use super::super::prune::Daily;
use super::super::writer::{Job, Safety};
use super::insert::{self, Pen};
use super::prune;
use crate::{CallBounds, Recorder, RecorderWarning, StoreError, Unwritten};

/// How many calls may wait, and how much memory they may hold.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 32 << 20;

/// So many are written without waiting for more: what a transaction costs is shared by enough.
const LOT: usize = 256;

/// How often room is made after one batch. What is left is for the next one.
const ROUNDS: usize = 4;

/// When the age of records was last looked after.
const PRUNED: &str = "calls_pruned_ms";

/// Keeps calls in a store.
pub struct CallQueue {
    store: Arc<SqliteStore>,
    shared: Arc<Shared>,
}

struct Shared {
    bounds: CallBounds,
    clock: Clock,
    path: std::path::PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Unwritten>,
    bytes: usize,
    /// The writing thread has been asked to come.
    called: bool,
    lost: u64,
    why: Option<StoreError>,
    told: bool,
}

/// One visit of the writing thread.
struct Visit {
    shared: Arc<Shared>,
    taken: u64,
    failure: Option<StoreError>,
    done: Option<oneshot::Sender<()>>,
}

impl CallQueue {
    /// A queue before `store`.
    #[must_use]
    pub fn new(store: Arc<SqliteStore>, bounds: CallBounds) -> Self {
        let shared = Shared {
            bounds,
            clock: store.clock.clone(),
            path: store.path(),
            state: Mutex::default(),
        };
        Self {
            store,
            shared: Arc::new(shared),
        }
    }

    /// Waits until everything that was recorded so far is written, or lost.
    pub async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if let Some(writer) = &self.store.writer {
            writer.bring(Box::new(self.visit(Some(done)))).await;
            let _gone = settled.await;
        }
    }

    /// That calls were lost, if they were and it has not been told yet.
    #[must_use]
    pub fn warning(&self) -> Option<RecorderWarning> {
        let mut state = self.shared.state();
        if state.lost == 0 || std::mem::replace(&mut state.told, true) {
            return None;
        }
        Some(RecorderWarning {
            lost: state.lost,
            why: state.why.clone(),
        })
    }

    /// Looks after the age of records, once a day.
    ///
    /// # Errors
    /// [`StoreError`] if that could not be done.
    pub async fn prune_daily(&self) -> Result<(), StoreError> {
        if self.store.daily(PRUNED).await? != Daily::Due {
            return Ok(());
        }
        let (now, bounds) = (self.shared.clock.unix_ms(), self.shared.bounds);
        // Piece by piece, so that nobody waits long for the writer.
        while self
            .store
            .write(Safety::Lazy, move |db| prune::to_age(db, now, &bounds))
            .await?
        {}
        Ok(())
    }

    fn visit(&self, done: Option<oneshot::Sender<()>>) -> Visit {
        Visit {
            shared: Arc::clone(&self.shared),
            taken: 0,
            failure: None,
            done,
        }
    }
}

impl Recorder for CallQueue {
    fn record(&self, call: Unwritten) {
        let mut state = self.shared.state();
        if state.waiting.len() >= MOST || state.bytes + call.size > MOST_BYTES {
            state.lost += 1;
        } else {
            state.bytes += call.size;
            state.waiting.push(call);
        }
        // A second job of the kind that gathers ends the gathering.
        if state.called && state.waiting.len() != LOT {
            return;
        }
        let offered = self
            .store
            .writer
            .as_ref()
            .map(|writer| writer.offer(Box::new(self.visit(None))));
        // Where the thread has no room for one more job, the next call asks again.
        state.called = offered == Some(true);
    }
}

impl State {
    /// What waits; whatever comes from now on calls the thread again.
    fn take(&mut self) -> Vec<Unwritten> {
        (self.called, self.bytes) = (false, 0);
        std::mem::take(&mut self.waiting)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    fn write(&mut self, db: &Connection) -> Result<(), Failure> {
        let taken = self.shared.state().take();
        self.taken = taken.len() as u64;
        if taken.is_empty() {
            return Ok(());
        }
        let bounds = &self.shared.bounds;
        let now = self.shared.clock.unix_ms();
        let mut pen = Pen::new(db, now)?;
        for call in taken {
            let (call, bodies) = (call.write)();
            let number = pen.write(&call)?;
            if let Some(bodies) = bodies {
                let length = u64::try_from(bounds.bodies_age.as_millis()).unwrap_or(u64::MAX);
                let expires = now.saturating_add(length);
                pen.bodies(db, (number, expires), &bodies)?;
            }
        }
        pen.lay_down()?;
        let bytes = insert::grown(db, pen.bytes)?;
        prune::expired(db, now)?;
        if prune::is_too_much(bytes, bounds) {
            for _ in 0..ROUNDS {
                if !prune::to_size(db, bounds)? {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Job for Visit {
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        let written = self.write(db);
        let written = written.map_err(|failure| failure.of(&self.shared.path));
        self.failure = written.clone().err();
        written
    }

    fn tell(self: Box<Self>, commit: Result<(), StoreError>) {
        let failed = match (self.failure, commit) {
            (Some(error), _) | (None, Err(error)) => Some(error),
            (None, Ok(())) => None,
        };
        if let Some(why) = failed {
            let mut state = self.shared.state();
            // Where not even a transaction began, nothing was taken yet; what came since is not concerned.
            let lost = match self.taken {
                0 => state.take().len() as u64,
                taken => taken,
            };
            state.lost += lost;
            state.why = Some(why);
        }
        if let Some(done) = self.done {
            let _gone = done.send(());
        }
    }
}
