//! How a server ends: first it takes nothing new, and after a while it waits no longer.

use tokio_util::sync::CancellationToken;

/// The two steps to the end. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drain {
    begun: CancellationToken,
    over: CancellationToken,
}

impl Drain {
    /// From now on nothing new is taken.
    pub(crate) fn begin(&self) {
        self.begun.cancel();
    }

    /// From now on nothing is waited for.
    pub(crate) fn end(&self) {
        self.begin();
        self.over.cancel();
    }

    /// Whether nothing new is taken.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits until nothing new is taken.
    pub(crate) async fn begins(&self) {
        self.begun.cancelled().await;
    }

    /// Waits until nothing is waited for.
    pub(crate) async fn is_over(&self) {
        self.over.cancelled().await;
    }
}
