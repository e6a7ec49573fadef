//! `alipes calls tail`: calls as they are recorded, by whichever process.

use std::sync::Arc;
use std::time::Duration;

use alipes_store::{CallFilter, Calls as _, SqliteStore, StoreError};

use super::line::Page;
use super::list::{json_line, line};
use super::{NONE_YET, told};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::store::to_read;
use crate::streams::say;

/// How often the store is looked into.
const LOOK: Duration = Duration::from_millis(250);

/// How many calls are read at once.
const PAGE: usize = 256;

/// Prints the calls of a filter from now on, until somebody ends it.
pub(super) async fn follow(
    machine: &Machine,
    (filter, json): (&CallFilter, bool),
    page: &Page,
) -> Result<(), Failure> {
    let (store, mut last) = match to_read(machine).await {
        Err(StoreError::Missing { .. }) => {
            say(&format!("{NONE_YET}: waiting for the first"));
            (appeared(machine).await?, 0)
        }
        opened => {
            let store = opened?;
            let last = store.last_number().await?;
            (store, last)
        }
    };
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

/// The store, once somebody has made it.
async fn appeared(machine: &Machine) -> Result<Arc<SqliteStore>, StoreError> {
    loop {
        match to_read(machine).await {
            Err(StoreError::Missing { .. }) => tokio::time::sleep(LOOK).await,
            opened => return opened,
        }
    }
}
