//! The connection that reads, beside the writer and without waiting for it. It is opened when it is
//! first needed: most turns never read.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::connect::{self, Older};
use super::effort::Effort;
use super::failure::Failure;
use super::files::Files;
use super::schema::VERSION;
use crate::StoreError;

/// Reads on the blocking pool, one query at a time.
#[derive(Clone)]
pub(super) struct Reader {
    files: Files,
    older: Older,
    pub(super) effort: Effort,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Reader {
    pub(super) fn new(files: Files, older: Older) -> Self {
        Self {
            files,
            older,
            effort: Effort::any(),
            connection: Arc::default(),
        }
    }

    /// Opens the connection, so that what is wrong with it is known.
    pub(super) fn open(&self) -> Result<(), StoreError> {
        self.with(|_db| Ok(()))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.clone();
        super::aside(move || reader.with(work)).await
    }

    /// The same on this thread.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let db = match slot.take() {
            Some(db) => db,
            None => {
                let mut db = connect::to_read(&self.files, self.older)?;
                let watched = self.effort.watch(&mut db);
                watched.map_err(|error| Failure::from(error).of(&self.files.database()))?;
                db
            }
        };
        work(slot.insert(db)).map_err(|failure| {
            let path = self.files.database();
            let is_older = |db| connect::version(db).is_ok_and(|found| found < VERSION);
            match failure.of(&path) {
                // A table that is not there yet: the next look may find it.
                StoreError::Unusable { .. } | StoreError::Corrupt { .. }
                    if slot.as_ref().is_some_and(is_older) =>
                {
                    *slot = None;
                    StoreError::Older { path }
                }
                error => error,
            }
        })
    }
}
