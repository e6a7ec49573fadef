//! `--bundle FILE`: all that was found, and the last calls, in one file that can be shown to others.
//!
//! No secret is in it: known ones and whatever has the shape of one are blanked, values of variables
//! are not read, and what was said to models is not on record to begin with.

use std::path::Path;

use alipes_store::{CallFilter, Calls as _, SqliteStore};
use anyhow::anyhow;
use serde_json::{Value, json};

use super::report::Report;
use crate::calls::line::Page;
use crate::failure::Failure;
use crate::private;
use crate::setup::Machine;
use crate::streams::say;
use crate::style::harmless_json;

/// How many of the last calls.
const CALLS: usize = 20;

/// Writes it; never over something else.
pub(super) async fn write(
    report: &Report,
    file: &Path,
    page: &Page,
    machine: &Machine,
) -> Result<(), Failure> {
    let path = machine.environment.current_dir().join(file);
    let bundle = json!({
        "report": report.as_json(page),
        "calls": calls(machine).await,
    });
    let text = harmless_json(&machine.redactor.redact(&format!("{bundle:#}")));
    let shown = path.display();
    private::write_new(&path, &text)
        .map_err(|error| Failure::failed(anyhow!("{shown} cannot be written: {error}")))?;
    say(&format!(
        "written to {shown}: look through it before you show it to anybody"
    ));
    Ok(())
}

async fn calls(machine: &Machine) -> Vec<Value> {
    let Ok(Some(options)) = machine.store() else {
        return Vec::new();
    };
    let Ok(store) = SqliteStore::opened_to_read(options).await else {
        return Vec::new();
    };
    let calls = store.calls(&CallFilter::default(), CALLS).await;
    let calls = calls.unwrap_or_default().into_iter();
    calls.map(|kept| json!(kept.call)).collect()
}
