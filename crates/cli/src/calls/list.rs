//! Lists of calls: a line each, or whole as JSON lines.

use std::time::Duration;

use alipes_store::{CallEnd, CallRecord, KeptCall};

use super::line::{Page, fit};
use super::told;
use crate::failure::Failure;
use crate::sessions::ago;
use crate::streams::say;
use crate::style::{harmless_json, seconds};

/// What ids begin with.
const PREFIX: &str = "call_";

/// On fewer columns a line is not put into columns of its own.
const NARROW: usize = 60;

pub(super) fn list(
    calls: &[KeptCall],
    (most, json): (usize, bool),
    page: &Page,
) -> Result<(), Failure> {
    for kept in calls {
        match json {
            true => told(&json_line(&kept.call, page))?,
            false => told(&line(&kept.call, page))?,
        }
    }
    if calls.is_empty() {
        say("no call on record is like that");
    } else if calls.len() == most && !json {
        say("there may be more: -n N");
    }
    Ok(())
}

/// As much of an id as tells it from others.
pub(crate) fn short(id: &str) -> String {
    let bare = id.strip_prefix(PREFIX).unwrap_or(id);
    let number = bare.split_once('-').map(|(_, number)| format!("-{number}"));
    let end = bare.floor_char_boundary(8);
    format!("{}{}", &bare[..end], number.unwrap_or_default())
}

/// A call in one line.
pub(super) fn line(call: &CallRecord, page: &Page) -> String {
    let (id, about) = named(call, page);
    let plain = fit(&format!("{id:<8}  {about}"), page.columns);
    match call.end {
        CallEnd::Failed => page.style.warning(plain),
        CallEnd::Answered | CallEnd::Left => plain,
    }
}

/// What a call is called, and as much about it as a page of this width has columns for.
pub(super) fn named(call: &CallRecord, page: &Page) -> (String, String) {
    match page.columns {
        ..NARROW => (page.clean(&short(&call.id)), in_short(call, page)),
        _ => row(call, page),
    }
}

/// How it ended before all else, which is what one looks for.
fn in_short(call: &CallRecord, page: &Page) -> String {
    let outcome = outcome(call);
    let outcome = outcome.strip_prefix("failed: ").unwrap_or(&outcome);
    let took = seconds(Duration::from_micros(call.took_us));
    page.clean(&format!(
        "{outcome}, {took}, {}",
        ago(page.now_ms, call.begun_ms)
    ))
}

/// What a call is called, and a line about it.
fn row(call: &CallRecord, page: &Page) -> (String, String) {
    let who = match &call.client {
        Some(client) => format!("{} {client}", call.front),
        None => call.front.clone(),
    };
    let last = call.last_asked();
    let model = last.map_or("nobody", |asked| asked.model.as_str());
    let account = last.map_or("", |asked| asked.account.as_str());
    let account = match account {
        "" => String::new(),
        account => format!(" as {account}"),
    };
    let took = seconds(Duration::from_micros(call.took_us));
    let about = format!(
        "{:>10}  {took:>7}  {}  {model}{account}, {who}",
        ago(page.now_ms, call.begun_ms),
        outcome(call),
    );
    (page.clean(&short(&call.id)), page.clean(&about))
}

/// How a call ended, and what was in its way.
pub(super) fn outcome(call: &CallRecord) -> String {
    if let Some(fault) = call.final_fault() {
        return format!("failed: {}", fault.cause);
    }
    let mut causes: Vec<&str> = call.faults().map(|(_, fault)| &*fault.cause).collect();
    causes.dedup();
    let end = call.end.as_str();
    match causes.as_slice() {
        [] => end.to_owned(),
        [cause] => format!("{end} after {cause}"),
        [first, others @ ..] => format!("{end} after {first} and {} more", others.len()),
    }
}

/// A call as it is kept, without secrets.
pub(super) fn json_line(call: &CallRecord, page: &Page) -> String {
    // A record is plain data, which JSON can say.
    let text = serde_json::to_string(call).unwrap_or_default();
    harmless_json(&page.redactor.redact(&text))
}
