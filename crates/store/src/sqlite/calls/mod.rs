//! Call records on SQLite.

mod health;
mod insert;
mod kinds;
mod list;
mod lot;
mod prune;
mod queue;
mod salvage;

use futures_util::future::BoxFuture;

pub use queue::CallQueue;
pub(super) use salvage::salvage;

use super::SqliteStore;
use crate::{CallBodies, CallFilter, Calls, EndpointHealth, KeptCall, StoreError};

/// What ids begin with; storage leaves it out.
const PREFIX: &str = "call_";

/// How much of an id leads to it, in bytes.
const HEAD: usize = 4;

/// A call's number is the time at which it was recorded, in milliseconds, shifted by so many bits: so
/// many in one millisecond have numbers of their own.
const BITS: u32 = 12;

impl Calls for SqliteStore {
    fn calls(
        &self,
        filter: &CallFilter,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<KeptCall>, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.reader.run(move |db| list::list(db, &filter, most)))
    }

    fn calls_after(
        &self,
        after: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<KeptCall>, StoreError>> {
        Box::pin(self.reader.run(move |db| list::after(db, after, most)))
    }

    fn last_number(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.run(list::last_number))
    }

    fn call(&self, name: &str) -> BoxFuture<'_, Result<KeptCall, StoreError>> {
        let name = name.to_owned();
        Box::pin(self.reader.run(move |db| list::find(db, &name)))
    }

    fn bodies(&self, number: u64) -> BoxFuture<'_, Result<Option<CallBodies>, StoreError>> {
        let now = self.clock.unix_ms();
        Box::pin(self.reader.run(move |db| list::bodies(db, number, now)))
    }

    fn endpoint_health(&self) -> BoxFuture<'_, Result<Vec<EndpointHealth>, StoreError>> {
        Box::pin(self.reader.run(health::of_all))
    }
}

/// An id as storage spells it.
fn stored(id: &str) -> String {
    let bare = id.strip_prefix(PREFIX).unwrap_or(id);
    bare.to_ascii_lowercase()
}

/// What a stored id begins with: the moment at which it was made (`Rng::id_of`), so that those of calls
/// that lie together begin alike.
fn head(stored: &str) -> &str {
    &stored[..stored.floor_char_boundary(HEAD)]
}
