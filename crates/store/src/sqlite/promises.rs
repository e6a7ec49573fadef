//! What [`Store`] promises, kept on one database: what is written goes through the writer, what is read
//! beside it, and each promise is handed to the file that knows its tables.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::writer::Safety;
use super::{SqliteStore, aside, entries, leases, listing, search};
use crate::{About, Entry, Found, Lease, Recorded, Retention, Store, StoreError, Summary};

impl Store for SqliteStore {
    fn begin(&self, about: About, entries: Vec<Entry>) -> BoxFuture<'_, Result<Lease, StoreError>> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        Box::pin(self.write(Safety::Durable, move |db| {
            entries::begin(db, &about, &entries, &holder, now)
        }))
    }

    fn lease(&self, id: &str) -> BoxFuture<'_, Result<Lease, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move {
            for _ in 0..leases::LOOKS {
                match self.take_lease(&id).await {
                    Err(StoreError::Leased { .. }) => tokio::time::sleep(leases::LOOK).await,
                    taken => return taken,
                }
            }
            self.take_lease(&id).await
        })
    }

    fn append(&self, lease: &Lease, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), StoreError>> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        let lease = lease.clone();
        Box::pin(self.write(Safety::Durable, move |db| {
            entries::append(db, &lease, &entries, &holder, now)
        }))
    }

    fn release(&self, lease: Lease) {
        let holder = Arc::clone(&self.holder);
        if let Some(writer) = &self.writer {
            writer.post(move |db| leases::release(db, &lease, &holder));
        }
    }

    fn entries(
        &self,
        id: &str,
        after: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Recorded>, StoreError>> {
        let id = id.to_owned();
        Box::pin(
            self.reader
                .run(move |db| entries::page(db, &id, after, most)),
        )
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<Summary>, StoreError>> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        Box::pin(
            self.reader
                .run(move |db| listing::list(db, most, &holder, now)),
        )
    }

    fn find(&self, name: &str) -> BoxFuture<'_, Result<Summary, StoreError>> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        let name = name.to_owned();
        Box::pin(
            self.reader
                .run(move |db| listing::find(db, &name, &holder, now)),
        )
    }

    fn search(&self, words: &str, most: usize) -> BoxFuture<'_, Result<Found, StoreError>> {
        let (words, effort) = (words.to_owned(), self.reader.effort.clone());
        Box::pin(async move {
            match self.index().await {
                // Where nothing can be written, what is in the index is found all the same.
                Ok(()) | Err(StoreError::ReadOnly { .. } | StoreError::Full { .. }) => {}
                Err(error) => return Err(error),
            }
            self.reader
                .run(move |db| search::search(db, &effort, &words, most))
                .await
        })
    }

    fn rename(&self, id: &str, title: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        let (id, title) = (id.to_owned(), title.to_owned());
        Box::pin(self.write(Safety::Durable, move |db| listing::rename(db, &id, &title)))
    }

    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        let id = id.to_owned();
        Box::pin(async move { self.delete_unused(&id, None).await.map(drop) })
    }

    fn prune(&self, retention: Retention) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let holder = Arc::clone(&self.holder);
            let sweep = move || {
                leases::sweep(&holder);
                Ok(())
            };
            aside(sweep).await?;
            let mut deleted = 0;
            // One by one, so that nobody waits long for the writer.
            let before = self.unused_before(retention);
            for id in self.unused_ids(retention).await? {
                // Since then somebody may have gone on with it.
                match self.delete_unused(&id, before).await {
                    Ok(is_deleted) => deleted += u64::from(is_deleted),
                    Err(StoreError::Leased { .. } | StoreError::Unknown { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(deleted)
        })
    }
}

impl SqliteStore {
    async fn take_lease(&self, id: &str) -> Result<Lease, StoreError> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        let id = id.to_owned();
        self.write(Safety::Durable, move |db| {
            let number = listing::number(db, &id)?;
            leases::take(db, (number, &id), &holder, now)
        })
        .await
    }

    /// Deletes a conversation, with `since` only if it has not been used since then; whether it did.
    async fn delete_unused(&self, id: &str, since: Option<u64>) -> Result<bool, StoreError> {
        let (holder, now) = (Arc::clone(&self.holder), self.clock.unix_ms());
        let id = id.to_owned();
        self.write(Safety::Erased, move |db| {
            listing::delete(db, (&id, since), &holder, now)
        })
        .await
    }

    /// Fills the index up to the last entry.
    async fn index(&self) -> Result<(), StoreError> {
        if self.reader.run(search::is_behind).await? {
            while self
                .write(Safety::Lazy, |db| search::index(db, search::STEP))
                .await?
            {}
        }
        Ok(())
    }
}
