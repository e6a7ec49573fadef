//! How much is kept, at the cost of a look: no table is read to its end but the short one.

use super::SqliteStore;
use super::unsigned;
use crate::StoreError;

/// How much a store keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Conversations.
    pub conversations: u64,
    /// Bytes on disk, its log included.
    pub bytes: u64,
}

impl SqliteStore {
    /// How much it keeps.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let bytes = self.files.bytes();
        let count = "SELECT count(*) FROM conversation";
        let counted = self
            .reader
            .run(move |db| Ok(db.query_row(count, [], |row| row.get(0))?));
        Ok(Extent {
            conversations: unsigned(counted.await?),
            bytes,
        })
    }
}
