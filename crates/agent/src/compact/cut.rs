//! Where a conversation may be cut in two: what is before the place is summed up, what is behind it
//! stays as it is.
//!
//! No provider takes a call without its output, or an output without its call, and some want the
//! reasoning right before what it led to. So a conversation is cut only between one response with all
//! its outputs and the next, or before a prompt.

use std::collections::HashMap;

use alipes_store::Transcript;
use alipes_wire::{Item, ItemView};

use crate::context::{size, weight};

/// A prompt is the better place if no less than one part in this many of what may stay does stay.
const WORTH: u64 = 3;

/// What is old must be so much of it to be worth a summary, in parts of ten.
const OLD: u64 = 3;

/// How much of a conversation stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// At most so many bytes, if there is a place for that.
    pub(crate) bytes: u64,
    /// But the newest turn whole, if it has no more than so many.
    pub(crate) newest: u64,
}

/// The place to cut at: where as much as may stay does, or else as little as possible; nothing where
/// there is no place.
pub(crate) fn place(transcript: &Transcript, keep: Keep) -> Option<usize> {
    let items = transcript.items();
    let all = size(items);
    let mut left = all;
    let newest = transcript.prompts().next_back();
    let mut whole = None;
    let mut fits = Vec::new();
    let mut last = None;
    let places = safe_places(items, transcript.prompts());
    for (at, item) in items.iter().enumerate() {
        if places[at] {
            last = Some(at);
            if left <= keep.bytes {
                fits.push((at, left));
            }
            if newest == Some(at) && left <= keep.newest && is_worth_it(all - left, all) {
                whole = Some(at);
            }
        }
        left -= weight(item);
    }
    let is_prompt = |at: usize| transcript.prompts().any(|prompt| prompt == at);
    let first = fits.first().map(|(at, _)| *at);
    let mut prompts = fits.iter().filter(|(at, _)| is_prompt(*at));
    let prompt = prompts.find(|(_, stays)| *stays >= keep.bytes / WORTH);
    let prompt = prompt.map(|(at, _)| *at);
    prompt.or(whole).or(first).or(last)
}

/// Whether so many bytes out of all are worth a summary.
pub(crate) fn is_worth_it(old: u64, all: u64) -> bool {
    old.saturating_mul(10) >= all.saturating_mul(OLD)
}

/// For each item, whether the conversation may be cut before it.
fn safe_places(items: &[Item], prompts: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut places = vec![false; items.len()];
    for prompt in prompts {
        places[prompt] = true;
    }
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut after_output = false;
    for (at, item) in items.iter().enumerate() {
        let view = item.view();
        let is_output = matches!(view, ItemView::FunctionCallOutput { .. });
        places[at] |= after_output && !is_output;
        places[at] &= at > 0 && open.is_empty();
        match view {
            ItemView::FunctionCall { call_id, .. } => {
                *open.entry(call_id.into_owned()).or_default() += 1;
            }
            ItemView::FunctionCallOutput { call_id, .. } => {
                if let Some(count) = open.get_mut(call_id.as_ref()) {
                    *count -= 1;
                }
                open.retain(|_, count| *count > 0);
            }
            _ => {}
        }
        after_output = is_output;
    }
    places
}

/// Whether every output answers a call before it, and every call has its output or waits for it.
pub(crate) fn is_whole(transcript: &Transcript) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    for item in transcript.items() {
        match item.view() {
            ItemView::FunctionCall { call_id, .. } => {
                *open.entry(call_id.into_owned()).or_default() += 1;
            }
            ItemView::FunctionCallOutput { call_id, .. } => {
                match open.get_mut(call_id.as_ref()).filter(|count| **count > 0) {
                    Some(count) => *count -= 1,
                    None => return false,
                }
            }
            _ => {}
        }
    }
    for waiting in transcript.open() {
        match open.get_mut(&waiting.call_id).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => return false,
        }
    }
    open.values().all(|count| *count == 0)
}
