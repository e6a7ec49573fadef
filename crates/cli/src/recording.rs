//! Where this process records its calls. Nothing depends on it: without a store that can be written,
//! calls go on, and one warning says so.

use std::sync::Arc;

use alipes_models::{Catalog, Records};
use alipes_store::{CallBounds, CallQueue, SqliteStore};
use anyhow::anyhow;

use crate::failure::warn;
use crate::setup::Machine;
use crate::streams::say;
use crate::style::{Style, one_line};

/// The longest warning.
const LONGEST: usize = 400;

/// The records of one front.
pub(crate) struct Recording {
    front: &'static str,
    queue: Option<Arc<CallQueue>>,
    bodies: bool,
}

impl Recording {
    /// Records in this store; nothing without one.
    pub(crate) fn new(front: &'static str, store: Option<&Arc<SqliteStore>>, bodies: bool) -> Self {
        let queue = |store| Arc::new(CallQueue::new(Arc::clone(store), CallBounds::default()));
        Self {
            front,
            queue: store.map(queue),
            bodies,
        }
    }

    /// Records in this machine's store; where that cannot be written, says so and records nothing.
    pub(crate) fn open(front: &'static str, machine: &Machine, bodies: bool) -> Self {
        let store = machine.store().ok().flatten().map(SqliteStore::open);
        let store = match store {
            Some(Ok(store)) => Some(Arc::new(store)),
            Some(Err(error)) => {
                let error = anyhow!(error).context("calls are not recorded");
                warn(&Style::of_stderr(&machine.environment), error);
                None
            }
            None => None,
        };
        Self::new(front, store.as_ref(), bodies)
    }

    /// The catalogue with its calls on record.
    pub(crate) fn of(&self, catalog: Catalog, machine: &Machine) -> Catalog {
        let Some(queue) = &self.queue else {
            return catalog;
        };
        catalog.recorded(Records {
            recorder: Arc::clone(queue) as _,
            front: self.front,
            rng: machine.rng.clone(),
            redactor: machine.redactor.clone(),
            bodies: self.bodies,
        })
    }

    /// Looks after what is kept, and says once if calls were lost.
    pub(crate) async fn tend(&self, machine: &Machine) {
        if let Some(queue) = &self.queue {
            // What could not be deleted today is deleted tomorrow.
            let _old = queue.prune_daily().await;
            tell(queue, machine);
        }
    }

    /// Waits until everything is written, and says once if calls were lost.
    pub(crate) async fn settle(&self, machine: &Machine) {
        if let Some(queue) = &self.queue {
            queue.settled().await;
            tell(queue, machine);
        }
    }
}

fn tell(queue: &CallQueue, machine: &Machine) {
    if let Some(warning) = queue.warning() {
        let style = Style::of_stderr(&machine.environment);
        say(&style.warning(format!("! {}", one_line(&warning.to_string(), LONGEST))));
    }
}
