//! What bounds the records: their age and what they take. The oldest go first.

use rusqlite::{Connection, params};

use super::super::failure::Failure;
use super::super::search::{fact, set_fact};
use super::super::{signed, unsigned};
use super::{BITS, insert};
use crate::CallBounds;

/// At most so many rows are deleted at once: whoever writes meanwhile waits for it.
const AT_ONCE: i64 = 512;

/// Of what may be taken, an eighth is made free at a time.
const FREED: u64 = 8;

/// Of calls that lie together the number of the last, and what they take with what was said in them.
const THROUGH_AND_BYTES: &str = "number + calls - 1, octet_length(record) + coalesce(
    (SELECT sum(octet_length(request) + octet_length(response))
     FROM call_body WHERE call BETWEEN number AND number + calls - 1), 0)";

/// Whether so many bytes are too many.
pub(super) fn is_too_much(bytes: u64, bounds: &CallBounds) -> bool {
    bytes > bounds.bytes
}

/// Deletes the oldest records while they take more than seven eighths of what they may, at most some
/// hundred; whether there are more to delete.
pub(super) fn to_size(db: &Connection, bounds: &CallBounds) -> Result<bool, Failure> {
    let bytes = fact(db, insert::BYTES)?.map_or(0, unsigned);
    let excess = bytes.saturating_sub(bounds.bytes - bounds.bytes / FREED);
    let mut query = db.prepare(&format!(
        "SELECT {THROUGH_AND_BYTES} FROM call ORDER BY number LIMIT ?1"
    ))?;
    let mut rows = query.query([AT_ONCE])?;
    let (mut through, mut freed) = (None, 0);
    while freed < excess
        && let Some(row) = rows.next()?
    {
        through = Some(row.get(0)?);
        freed += unsigned(row.get(1)?);
    }
    let Some(through) = through else {
        // Nothing is left that could be deleted, so nothing is taken.
        set_fact(db, insert::BYTES, 0)?;
        return Ok(false);
    };
    drop(rows);
    delete(db, through)?;
    set_fact(db, insert::BYTES, signed(bytes.saturating_sub(freed)))?;
    Ok(freed < excess)
}

/// Deletes some of the records that are older than they may become; whether there are more to delete.
pub(super) fn to_age(db: &Connection, now: u64, bounds: &CallBounds) -> Result<bool, Failure> {
    let age = u64::try_from(bounds.age.as_millis()).unwrap_or(u64::MAX);
    let before = signed(now.saturating_sub(age) << BITS);
    let mut query = db.prepare(&format!(
        "SELECT {THROUGH_AND_BYTES} FROM call WHERE number < ?1 ORDER BY number LIMIT ?2"
    ))?;
    let rows = query.query_map(params![before, AT_ONCE], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let old = rows.collect::<Result<Vec<(i64, i64)>, _>>()?;
    let Some((through, _)) = old.last() else {
        return Ok(false);
    };
    delete(db, *through)?;
    shrunk(db, old.iter().map(|(_, bytes)| unsigned(*bytes)).sum())?;
    Ok(old.len() as i64 == AT_ONCE)
}

/// Deletes what has expired of what was said.
pub(super) fn expired(db: &Connection, now: u64) -> Result<(), Failure> {
    let sql =
        "SELECT coalesce(sum(octet_length(request) + octet_length(response)), 0) FROM call_body
         WHERE expires_ms <= ?1";
    let bytes: i64 = db.query_row(sql, [signed(now)], |row| row.get(0))?;
    if bytes > 0 {
        db.execute(
            "DELETE FROM call_body WHERE expires_ms <= ?1",
            [signed(now)],
        )?;
        shrunk(db, unsigned(bytes))?;
    }
    Ok(())
}

fn shrunk(db: &Connection, by: u64) -> Result<(), Failure> {
    let bytes = fact(db, insert::BYTES)?.map_or(0, unsigned);
    set_fact(db, insert::BYTES, signed(bytes.saturating_sub(by)))
}

/// Deletes every record up to this one, with what it is found by.
fn delete(db: &Connection, through: i64) -> Result<(), Failure> {
    for table in ["call_kind", "call_body"] {
        db.execute(&format!("DELETE FROM {table} WHERE call <= ?1"), [through])?;
    }
    db.execute("DELETE FROM call WHERE number <= ?1", [through])?;
    Ok(())
}
