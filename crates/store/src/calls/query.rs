//! What can be asked of the calls that are kept.

use futures_util::future::BoxFuture;

use super::{CallBodies, CallEnd, CallRecord};
use crate::StoreError;

/// Which calls are meant; nothing means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// A fault of this cause happened in it, whatever came of it.
    pub cause: Option<String>,
    /// This endpoint was asked; together with a cause, the fault happened there.
    pub endpoint: Option<String>,
    /// It was recorded at this time or later, in milliseconds since the Unix epoch.
    pub since_ms: Option<u64>,
    /// It did not end with an answer.
    pub unanswered: bool,
}

impl CallFilter {
    /// Whether a call is one of those that are meant, whenever it was recorded.
    #[must_use]
    pub fn fits(&self, call: &CallRecord) -> bool {
        let is_here = |at: &str| self.endpoint.as_deref().is_none_or(|here| here == at);
        let mut faults = call.faults();
        let meant = match &self.cause {
            Some(cause) => faults.any(|(at, fault)| fault.cause == *cause && is_here(at)),
            None => {
                self.endpoint.is_none()
                    || call.asked.iter().any(|asked| is_here(&asked.endpoint))
                    || faults.any(|(at, _)| is_here(at))
            }
        };
        meant && !(self.unanswered && call.end == CallEnd::Answered)
    }
}

/// A call as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCall {
    /// Grows with every call that is recorded.
    pub number: u64,
    /// The call.
    pub call: CallRecord,
}

/// How an endpoint has been lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Its name.
    pub endpoint: String,
    /// When the last turn that it answered had ended, in milliseconds since the Unix epoch.
    pub last_answered_ms: Option<u64>,
    /// It has answered since its last fault, or in the same call, whatever the clock said meanwhile.
    pub answered_since_fault: bool,
    /// The last fault there.
    pub last_fault: Option<LastFault>,
    /// How soon it gave the first sign of life, in the last calls that it answered.
    pub first_events: Option<FirstEvents>,
}

/// The last fault at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFault {
    /// The call in which it happened.
    pub call: CallRecord,
    /// When that had ended, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Why.
    pub cause: String,
    /// Whether the call was answered all the same.
    pub was_mended: bool,
}

/// How soon first signs of life came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstEvents {
    /// How many calls were looked at.
    pub calls: u64,
    /// Half came within so many microseconds.
    pub p50_us: u64,
    /// 95 of 100 came within so many microseconds.
    pub p95_us: u64,
}

/// The calls that are kept.
pub trait Calls: Send + Sync {
    /// The calls of a filter, the last recorded first, at most `most`.
    fn calls(
        &self,
        filter: &CallFilter,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<KeptCall>, StoreError>>;

    /// The calls recorded after the one numbered `after`, in that order, at most `most`.
    fn calls_after(
        &self,
        after: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<KeptCall>, StoreError>>;

    /// The number of the call recorded last, whether or not it can be read; 0 where there is none.
    fn last_number(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// The call that `name` means: its id, the beginning of it with or without `call_`, or `last`.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`] and [`StoreError::AmbiguousCall`].
    fn call(&self, name: &str) -> BoxFuture<'_, Result<KeptCall, StoreError>>;

    /// What was said in the call of this number, if that was kept and has not expired.
    fn bodies(&self, number: u64) -> BoxFuture<'_, Result<Option<CallBodies>, StoreError>>;

    /// How every endpoint that is in the records has been lately, by name.
    fn endpoint_health(&self) -> BoxFuture<'_, Result<Vec<EndpointHealth>, StoreError>>;
}
