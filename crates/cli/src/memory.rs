//! Where this process keeps what it learns about endpoints: in the store, if it has that open anyway.
//! Else what lies there is read, and nothing is kept: so `exec --ephemeral` and those who only look
//! leave the store as they found it.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use alipes_base::Clock;
use alipes_store::{SqliteOptions, SqliteStore, StoreError};
use alipes_transport::{FormerMemory, MemoryStore, MemoryWarning, Snapshot, Transport};
use futures_util::future::BoxFuture;

use crate::setup::Machine;
use crate::streams::say;
use crate::style::{Style, one_line};

/// The longest warning.
const LONGEST: usize = 400;

/// Endpoint memory, wherever it is.
pub(crate) struct EndpointMemory {
    place: Place,
    former: FormerMemory,
    clock: Clock,
}

enum Place {
    /// In a store that is open.
    Open(Arc<SqliteStore>),
    /// In a store that somebody else may have made, which is read as it is.
    Aside(SqliteOptions),
}

impl EndpointMemory {
    /// In `store` if there is one, else in what lies there. `home` is where a former version kept it.
    pub(crate) fn new(
        store: Option<Arc<SqliteStore>>,
        options: SqliteOptions,
        home: &Path,
    ) -> Self {
        let clock = options.clock.clone();
        Self {
            place: store.map_or(Place::Aside(options), Place::Open),
            former: FormerMemory::within(home),
            clock,
        }
    }

    async fn read(&self) -> Result<Snapshot, MemoryWarning> {
        let options = match &self.place {
            Place::Open(store) => return store.load().await,
            Place::Aside(options) => options,
        };
        match SqliteStore::open_as_it_is(options) {
            // Nothing was learnt yet when its tables were made.
            Ok(store) => match store.load().await {
                Err(MemoryWarning::Unread(error)) if is_older(&*error) => Ok(Snapshot::default()),
                loaded => loaded,
            },
            Err(StoreError::Missing { .. }) => Ok(Snapshot::default()),
            Err(error) => Err(MemoryWarning::Unread(Box::new(error))),
        }
    }

    /// What a former version has left, merged; it moves into the store when that is open.
    async fn with_former(&self, stored: Snapshot) -> Result<Snapshot, MemoryWarning> {
        let Some(former) = self.former.read() else {
            return Ok(stored);
        };
        let now = self.clock.wall();
        if let Place::Open(store) = &self.place {
            let merged = store.save(former, now).await?;
            self.former.remove();
            return Ok(merged);
        }
        let mut merged = stored;
        merged.merge(former, now);
        Ok(merged)
    }

    async fn write(&self, ours: Snapshot, now: SystemTime) -> Result<Snapshot, MemoryWarning> {
        match &self.place {
            Place::Open(store) => store.save(ours, now).await,
            // Whoever wants nothing kept is not told that nothing is.
            Place::Aside(_) => Ok(ours),
        }
    }
}

impl MemoryStore for EndpointMemory {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async { self.with_former(self.read().await?).await })
    }

    fn save(
        &self,
        ours: Snapshot,
        now: SystemTime,
    ) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(self.write(ours, now))
    }
}

fn is_older(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Older { .. }))
}

/// Takes in what earlier processes have met.
pub(crate) async fn recall(
    machine: &Machine,
    transport: &Transport,
    memory: Option<&EndpointMemory>,
) {
    if let Some(memory) = memory {
        warn(machine, transport.recall(memory).await);
    }
}

/// Keeps what was met for the next process.
pub(crate) async fn keep(
    machine: &Machine,
    transport: &Transport,
    memory: Option<&EndpointMemory>,
) {
    if let Some(memory) = memory {
        warn(machine, transport.keep(memory).await);
    }
}

/// Tells what endpoint memory has to complain about; nothing depends on it.
fn warn(machine: &Machine, warning: Option<MemoryWarning>) {
    if let Some(warning) = warning {
        let style = Style::of_stderr(&machine.environment);
        say(&style.warning(format!("! {}", one_line(&warning.to_string(), LONGEST))));
    }
}
