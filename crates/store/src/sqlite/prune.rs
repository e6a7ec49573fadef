//! Retention: what has not been used for long is deleted.
//!
//! A clock that is wrong must not delete anything: the conversations used last stay whatever their
//! age, and the daily run does nothing after a leap of the clock.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::failure::Failure;
use super::search::{fact, set_fact};
use super::{signed, unsigned};

/// So many conversations stay whatever their age.
const KEPT: i64 = 20;

/// How often retention is looked after.
const DAY_MS: u64 = Duration::from_secs(24 * 3600).as_millis() as u64;

/// A longer time since the last run may be a leap of the clock as well.
const LEAP_MS: u64 = 30 * DAY_MS;

/// When retention was last looked after.
pub(super) const PRUNED: &str = "pruned_ms";

/// The conversations that have not been used since `before`, oldest first.
pub(super) fn unused_since(db: &Connection, before: u64) -> Result<Vec<String>, Failure> {
    let mut query = db.prepare(
        "SELECT id FROM conversation
         WHERE used < (SELECT used FROM conversation ORDER BY used DESC LIMIT 1 OFFSET ?2)
         AND used_ms < ?1 ORDER BY used",
    )?;
    let ids = query.query_map(params![signed(before), KEPT - 1], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// What the daily run is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Daily {
    /// Nothing: it was done within a day.
    Done,
    /// Only remember the date: there is none to compare with, or the clock has leapt.
    Note,
    Due,
}

/// What is to be done by the date that is noted under `name`.
pub(super) fn daily(db: &Connection, name: &str, now: u64) -> Result<Daily, Failure> {
    let last = fact(db, name)?.map(unsigned);
    Ok(judge(last, now))
}

pub(super) fn note(db: &Connection, name: &str, now: u64) -> Result<(), Failure> {
    set_fact(db, name, signed(now))
}

fn judge(last: Option<u64>, now: u64) -> Daily {
    match last.map(|last| (last, now.checked_sub(last))) {
        Some((_, Some(since))) if since < DAY_MS => Daily::Done,
        Some((_, Some(since))) if since <= LEAP_MS => Daily::Due,
        _ => Daily::Note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_of_the_clock_deletes_nothing() {
        let at = 100 * LEAP_MS;
        let table = [
            (None, Daily::Note),
            (Some(at - 1), Daily::Done),
            (Some(at - DAY_MS), Daily::Due),
            (Some(at - LEAP_MS - 1), Daily::Note),
            (Some(at + 1), Daily::Note),
        ];
        for (last, expected) in table {
            assert_eq!(judge(last, at), expected, "{last:?}");
        }
    }
}
