//! `alipes calls tail`: calls as they are recorded, by whichever process.

use std::sync::Arc;
use std::time::Duration;

use alipes_store::{CallFilter, Calls as _, SqliteStore};

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
    let mut last = store.last_number().await?;
    loop {
        let calls = store.calls_after(last, PAGE).await?;
        for kept in &calls {
            last = kept.number;
            if filter.fits(&kept.call) {
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
