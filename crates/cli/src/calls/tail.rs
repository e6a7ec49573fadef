//! `alipes calls tail`: calls as they are recorded, by whichever process.

use std::sync::Arc;
use std::time::Duration;

use alipes_store::{CallFilter, CallRecord, Calls as _, SqliteStore};

use super::line::Page;
use super::list::{json_line, line};
use super::told;
use crate::failure::Failure;

/// How often the store is looked into.
const LOOK: Duration = Duration::from_millis(250);

/// How many calls are read at once.
const PAGE: usize = 256;

/// Prints the calls of a filter from now on, until somebody ends it.
pub(super) async fn follow(
    store: &Arc<SqliteStore>,
    (filter, json): (&CallFilter, bool),
    page: &Page,
) -> Result<(), Failure> {
    let newest = store.calls(&CallFilter::default(), 1).await?;
    let mut last = newest.first().map_or(0, |kept| kept.number);
    loop {
        let calls = store.calls_after(last, PAGE).await?;
        for kept in &calls {
            last = kept.number;
            if fits(&kept.call, filter) {
                told(&match json {
                    true => json_line(&kept.call, page),
                    false => line(&kept.call, page),
                })?;
            }
        }
        if calls.len() < PAGE {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether a call is one of the filter's, whenever it was.
fn fits(call: &CallRecord, filter: &CallFilter) -> bool {
    let asked = |endpoint: &String| call.asked.iter().any(|asked| asked.endpoint == *endpoint);
    let met = |cause: &String| {
        let here = |at: &str| {
            filter
                .endpoint
                .as_ref()
                .is_none_or(|endpoint| endpoint == at)
        };
        call.faults()
            .any(|(at, fault)| fault.cause == *cause && here(at))
    };
    filter.endpoint.as_ref().is_none_or(asked)
        && filter.cause.as_ref().is_none_or(met)
        && (!filter.unanswered || call.end != alipes_store::CallEnd::Answered)
}
