//! Writing calls down, with what they are found by.
//!
//! As many as come together lie in one row (`lot`), and what they are found by are its kinds and not each
//! call's (`kinds`): rows are what writing costs.

use rusqlite::{Connection, Statement, params};

use super::super::failure::Failure;
use super::super::{signed, unsigned};
use super::kinds::Kinds;
use super::{BITS, lot};
use crate::{CallBodies, CallRecord};

/// What all records take together, in bytes of their text.
pub(super) const BYTES: &str = "call_bytes";

/// Writes one call after the other.
pub(super) struct Pen<'db> {
    lot: Statement<'db>,
    kind: Statement<'db>,
    /// The number of the last call.
    last: i64,
    /// Calls that go into one row, in lines, and what they are found by.
    text: Vec<u8>,
    calls: i64,
    kinds: Kinds,
    /// Bytes written.
    pub(super) bytes: u64,
}

impl<'db> Pen<'db> {
    /// A pen for what is recorded `now`: numbers grow, and begin with the time where the clock has not
    /// gone back.
    pub(super) fn new(db: &'db Connection, now: u64) -> Result<Self, Failure> {
        Ok(Self {
            lot: db.prepare("INSERT INTO call (number, calls, record) VALUES (?1, ?2, ?3)")?,
            kind: db.prepare("INSERT INTO call_kind (kind, call, waits) VALUES (?1, ?2, ?3)")?,
            last: last_number(db)?.max(signed(now << BITS) - 1),
            text: Vec::new(),
            calls: 0,
            kinds: Kinds::default(),
            bytes: 0,
        })
    }

    /// Writes a call; gives its number. It is on paper when the pen is laid down.
    pub(super) fn write(&mut self, call: &CallRecord) -> Result<i64, Failure> {
        self.write_as(self.last + 1, call)?;
        Ok(self.last)
    }

    /// Writes a call that has its number already: a greater one than the last.
    pub(super) fn write_as(&mut self, number: i64, call: &CallRecord) -> Result<(), Failure> {
        let is_full = self.calls == lot::MOST || self.text.len() >= lot::MOST_BYTES;
        if is_full || number != self.last + 1 {
            self.lay_down()?;
        }
        let from = self.text.len();
        if self.calls > 0 {
            self.text.push(b'\n');
        }
        if serde_json::to_writer(&mut self.text, call).is_err() {
            self.text.truncate(from);
        }
        self.kinds.note(number, call);
        (self.last, self.calls) = (number, self.calls + 1);
        Ok(())
    }

    /// Brings to paper what was written.
    pub(super) fn lay_down(&mut self) -> Result<(), Failure> {
        if self.calls == 0 {
            return Ok(());
        }
        let first = self.last + 1 - self.calls;
        let text = String::from_utf8_lossy(&self.text);
        self.lot.execute(params![first, self.calls, text])?;
        for kind in self.kinds.take() {
            self.kind
                .execute(params![kind.name, kind.last, kind.waits])?;
        }
        self.bytes += self.text.len() as u64;
        self.text.clear();
        self.calls = 0;
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

/// The number of the last call, 0 where there is none.
pub(super) fn last_number(db: &Connection) -> Result<i64, Failure> {
    let sql = "SELECT number + calls - 1 FROM call ORDER BY number DESC LIMIT 1";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([])?;
    Ok(rows.next()?.map_or(Ok(0), |row| row.get(0))?)
}

/// Takes note that the records have grown, and gives what they take now.
pub(super) fn grown(db: &Connection, by: u64) -> Result<u64, Failure> {
    let sql = "INSERT INTO fact (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value";
    let bytes = db.query_row(sql, params![BYTES, signed(by)], |row| row.get(0))?;
    Ok(unsigned(bytes))
}
