//! Writing calls down, with what they are found by.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Statement, params};

use super::super::failure::Failure;
use super::super::search::{fact, set_fact};
use super::super::{signed, unsigned};
use super::{BITS, stored};
use crate::{AttemptEnd, AttemptRecord, CallBodies, CallEnd, CallRecord};

/// What all records take together, in bytes of their text.
pub(super) const BYTES: &str = "call_bytes";

/// What became of a call at an endpoint; indexes hang on the first two.
const UNANSWERED: i64 = 0;
const ANSWERED: i64 = 1;
const ANSWERED_ELSEWHERE: i64 = 2;

/// Writes one call after the other.
pub(super) struct Pen<'db> {
    call: Statement<'db>,
    endpoint: Statement<'db>,
    fault: Statement<'db>,
    /// The number of the last call.
    last: i64,
    /// Bytes written.
    pub(super) bytes: u64,
}

impl<'db> Pen<'db> {
    /// A pen for what is recorded `now`: numbers grow, and begin with the time where the clock has not
    /// gone back.
    pub(super) fn new(db: &'db Connection, now: u64) -> Result<Self, Failure> {
        let sql = "SELECT coalesce(max(number), 0) FROM call";
        let last: i64 = db.query_row(sql, [], |row| row.get(0))?;
        Ok(Self {
            call: db
                .prepare("INSERT INTO call (number, id, ended, record) VALUES (?1, ?2, ?3, ?4)")?,
            endpoint: db.prepare(
                "INSERT INTO call_endpoint (endpoint, call, answered, first_event_us)
                 VALUES (?1, ?2, ?3, ?4)",
            )?,
            fault: db.prepare(
                "INSERT INTO call_fault (endpoint, cause, call, mended) VALUES (?1, ?2, ?3, ?4)",
            )?,
            last: last.max(signed(now << BITS) - 1),
            bytes: 0,
        })
    }

    /// Writes a call; gives its number.
    pub(super) fn write(&mut self, call: &CallRecord) -> Result<i64, Failure> {
        self.last += 1;
        self.write_as(self.last, call)?;
        Ok(self.last)
    }

    /// Writes a call that has its number already.
    pub(super) fn write_as(&mut self, number: i64, call: &CallRecord) -> Result<(), Failure> {
        let text = serde_json::to_string(call).unwrap_or_default();
        self.call
            .execute(params![number, stored(&call.id), call.end.as_str(), text])?;
        for (endpoint, answer) in endpoints(call) {
            let first_event = answer.flatten().map(signed);
            let answered = match answer {
                Some(_) => ANSWERED,
                None if call.end == CallEnd::Answered => ANSWERED_ELSEWHERE,
                None => UNANSWERED,
            };
            self.endpoint
                .execute(params![endpoint, number, answered, first_event])?;
        }
        let faults = call.faults();
        let faults: BTreeSet<_> = faults.map(|(at, fault)| (at, &*fault.cause)).collect();
        let mended = call.end == CallEnd::Answered;
        for (endpoint, cause) in faults {
            self.fault
                .execute(params![endpoint, cause, number, mended])?;
        }
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Writes down what was said in a call.
    pub(super) fn bodies(
        &mut self,
        db: &Connection,
        (number, expires): (i64, u64),
        bodies: &CallBodies,
    ) -> Result<(), Failure> {
        db.execute(
            "INSERT INTO call_body (call, expires_ms, request, response) VALUES (?1, ?2, ?3, ?4)",
            params![number, signed(expires), bodies.request, bodies.response],
        )?;
        self.bytes += (bodies.request.len() + bodies.response.len()) as u64;
        Ok(())
    }
}

/// Takes note that the records have grown, and gives what they take now.
pub(super) fn grown(db: &Connection, by: u64) -> Result<u64, Failure> {
    let bytes = fact(db, BYTES)?.map_or(0, unsigned).saturating_add(by);
    set_fact(db, BYTES, signed(bytes))?;
    Ok(bytes)
}

/// Each endpoint that was asked: whether it answered, and how soon its first sign of life came, from when
/// it was asked first: whoever waits for a second attempt waits for both.
fn endpoints(call: &CallRecord) -> BTreeMap<&str, Option<Option<u64>>> {
    let asked = call.asked.iter().map(|asked| &*asked.endpoint);
    let all = asked.chain(call.faults().map(|(endpoint, _)| endpoint));
    let mut endpoints: BTreeMap<_, _> = all.map(|endpoint| (endpoint, None)).collect();
    let done = |attempt: &&AttemptRecord| attempt.end == AttemptEnd::Done;
    for attempt in call.attempts.iter().filter(done) {
        if let Some(asked) = call.asked.get(attempt.asked) {
            let begun = asked_first_us(call, &asked.endpoint).min(attempt.begun_us);
            let waited = attempt.begun_us - begun;
            let first_event = attempt.first_event_us.map(|own| own.saturating_add(waited));
            endpoints.insert(&asked.endpoint, Some(first_event));
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
