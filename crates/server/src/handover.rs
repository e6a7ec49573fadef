//! What a connection becomes when its last request was to be something else than HTTP.
//!
//! The task of the connection runs it, so that a socket has the same owner, the same place among the
//! connections and the same end as the connection it came from.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

/// The place where a request leaves what runs next.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

impl Handover {
    /// What runs when the answer has been sent.
    pub(crate) fn put(&self, next: BoxFuture<'static, ()>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }

    /// What was left, if anything was.
    pub(crate) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
