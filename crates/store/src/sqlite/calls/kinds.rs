//! What calls that lie together are found by: for each kind of them the number of the last, which leads a
//! list to all of them and keeps its order.
//!
//! Every question that a list can be asked is a kind, so that one index answers all of them.

use super::{head, stored};
use crate::{AttemptEnd, AttemptRecord, CallEnd, CallFilter, CallRecord};

/// What a kind of calls begins with whose endpoint follows.
pub(super) const AT: &str = "at ";
const ANSWERED_AT: &str = "answered at ";
const FAULT_AT: &str = "fault of a turn at ";

/// The kinds among some calls: few, so that looking through them is the shortest way to one.
#[derive(Default)]
pub(super) struct Kinds {
    known: Vec<Kind>,
    /// The kind that is looked for.
    wanted: String,
}

/// Calls of one kind.
#[derive(Default)]
pub(super) struct Kind {
    pub(super) name: String,
    /// The number of the last.
    pub(super) last: i64,
    /// How soon each was answered, in microseconds, a space before each; empty where that is not asked.
    pub(super) waits: String,
}

/// Those whose ids begin with `head`.
pub(super) fn with_id(head: &str) -> String {
    format!("id {head}")
}

/// Turns that an endpoint answered.
pub(super) fn answered_at(endpoint: &str) -> String {
    format!("{ANSWERED_AT}{endpoint}")
}

/// Turns that met a fault at an endpoint.
pub(super) fn fault_at(endpoint: &str) -> String {
    format!("{FAULT_AT}{endpoint}")
}

/// Those that a filter means, whenever they were recorded; nothing where it means all.
pub(super) fn of(filter: &CallFilter) -> Option<String> {
    let mut name = String::new();
    let (cause, endpoint) = (filter.cause.as_deref(), filter.endpoint.as_deref());
    spell(&mut name, (cause, endpoint, filter.unanswered));
    (!name.is_empty()).then_some(name)
}

/// A cause has no space in it, and an endpoint comes last.
fn spell(name: &mut String, (cause, endpoint, unanswered): (Option<&str>, Option<&str>, bool)) {
    name.clear();
    if unanswered {
        name.push_str("unanswered ");
    }
    if let Some(cause) = cause {
        name.extend(["fault ", cause, " "]);
    }
    if let Some(endpoint) = endpoint {
        name.extend([AT, endpoint]);
    }
}

impl Kinds {
    /// Takes note of a call that comes after the others.
    pub(super) fn note(&mut self, number: i64, call: &CallRecord) {
        let unanswered = call.end != CallEnd::Answered;
        self.wanted.clear();
        self.wanted.extend(["id ", head(&stored(&call.id))]);
        self.found(number);
        if unanswered {
            self.spelt(number, (None, None, true));
        }
        for (endpoint, answer) in endpoints(call) {
            self.spelt(number, (None, Some(endpoint), false));
            if unanswered {
                self.spelt(number, (None, Some(endpoint), true));
            }
            // A list of models or a quota has no first sign of life, and says nothing about turns.
            if let Some(Some(wait)) = answer {
                self.wanted.clear();
                self.wanted.extend([ANSWERED_AT, endpoint]);
                let waits = &mut self.found(number).waits;
                waits.extend([" ", &wait.to_string()]);
            }
        }
        for (endpoint, fault) in call.faults() {
            for at in [None, Some(endpoint)] {
                self.spelt(number, (Some(&fault.cause), at, false));
                if unanswered {
                    self.spelt(number, (Some(&fault.cause), at, true));
                }
            }
            // What is asked beside turns says nothing about them.
            if !call.auxiliary {
                self.wanted.clear();
                self.wanted.extend([FAULT_AT, endpoint]);
                self.found(number);
            }
        }
    }

    /// The kinds so far; from now on there are none.
    pub(super) fn take(&mut self) -> Vec<Kind> {
        std::mem::take(&mut self.known)
    }

    fn spelt(&mut self, number: i64, of: (Option<&str>, Option<&str>, bool)) {
        spell(&mut self.wanted, of);
        self.found(number);
    }

    /// The kind that is wanted, of which this is now the last.
    fn found(&mut self, number: i64) -> &mut Kind {
        let known = self.known.iter().position(|kind| kind.name == self.wanted);
        let at = known.unwrap_or_else(|| {
            let name = self.wanted.clone();
            self.known.push(Kind {
                name,
                ..Kind::default()
            });
            self.known.len() - 1
        });
        let kind = &mut self.known[at];
        kind.last = number;
        kind
    }
}

/// Each endpoint that was asked: whether it answered, and how soon its first sign of life came, from when
/// it was asked first: whoever waits for a second attempt waits for both.
fn endpoints(call: &CallRecord) -> Vec<(&str, Option<Option<u64>>)> {
    let asked = call.asked.iter().map(|asked| &*asked.endpoint);
    let mut endpoints: Vec<(&str, _)> = Vec::with_capacity(1);
    for endpoint in asked.chain(call.faults().map(|(endpoint, _)| endpoint)) {
        if !endpoints.iter().any(|(known, _)| *known == endpoint) {
            endpoints.push((endpoint, None));
        }
    }
    let done = |attempt: &&AttemptRecord| attempt.end == AttemptEnd::Done;
    for attempt in call.attempts.iter().filter(done) {
        let Some(asked) = call.asked.get(attempt.asked) else {
            continue;
        };
        let begun = asked_first_us(call, &asked.endpoint).min(attempt.begun_us);
        let waited = attempt.begun_us - begun;
        let first_event = attempt.first_event_us.map(|own| own.saturating_add(waited));
        let mut all = endpoints.iter_mut();
        if let Some((_, answer)) = all.find(|(known, _)| *known == asked.endpoint) {
            *answer = Some(first_event);
        }
    }
    endpoints
}

/// When an endpoint was asked first in a call.
fn asked_first_us(call: &CallRecord, endpoint: &str) -> u64 {
    let is_here = |asked: usize| {
        call.asked
            .get(asked)
            .is_some_and(|it| it.endpoint == endpoint)
    };
    let there = call
        .attempts
        .iter()
        .filter(|attempt| attempt.end != AttemptEnd::NotTried && is_here(attempt.asked));
    there.map(|attempt| attempt.begun_us).min().unwrap_or(0)
}
