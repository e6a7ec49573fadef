//! How each endpoint has been lately. Reads a bounded number of rows for each.

use rusqlite::{Connection, OptionalExtension as _};

use super::super::failure::Failure;
use super::super::unsigned;
use super::{BITS, PREFIX};
use crate::{EndpointHealth, FirstEvents, LastFault};

/// So many of the last answered calls say how soon an endpoint speaks.
const LOOKED_AT: i64 = 500;

/// Most endpoints that are told of; a configuration has a few.
const MOST: usize = 256;

pub(super) fn of_all(db: &Connection) -> Result<Vec<EndpointHealth>, Failure> {
    // A call that nobody could be asked has no endpoint.
    let named = |name: &String| !name.is_empty();
    let names = endpoints(db)?.into_iter().filter(named).take(MOST);
    names.map(|endpoint| of_one(db, endpoint)).collect()
}

/// The endpoints in the records, by name. Each costs one step down the index, not one per call.
pub(super) fn endpoints(db: &Connection) -> Result<Vec<String>, Failure> {
    let mut query = db.prepare("SELECT min(endpoint) FROM call_endpoint WHERE endpoint > ?1")?;
    let mut names: Vec<String> = Vec::new();
    let first = "SELECT min(endpoint) FROM call_endpoint";
    let mut next: Option<String> = db.query_row(first, [], |row| row.get(0))?;
    while let Some(name) = next {
        next = query.query_row([&name], |row| row.get(0))?;
        names.push(name);
    }
    Ok(names)
}

fn of_one(db: &Connection, endpoint: String) -> Result<EndpointHealth, Failure> {
    let mut query = db.prepare(
        "SELECT call, first_event_us FROM call_endpoint
         WHERE endpoint = ?1 AND answered = 1 ORDER BY call DESC LIMIT ?2",
    )?;
    let rows = query.query_map(rusqlite::params![endpoint, LOOKED_AT], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let answered = rows.collect::<Result<Vec<(i64, Option<i64>)>, _>>()?;
    // A list of models or a quota has no first sign of life, and says nothing about turns.
    let of_turns = || {
        answered
            .iter()
            .filter_map(|(call, wait)| Some((call, (*wait)?)))
    };
    let waits = of_turns().map(|(_, wait)| wait);
    let last_answered = of_turns().next().map(|(call, _)| *call);
    let last_answered_ms = last_answered.map(|call| ended_ms(db, call)).transpose()?;
    let (last_fault, fault_in) = last_fault(db, &endpoint)?.unzip();
    Ok(EndpointHealth {
        last_answered_ms,
        answered_since_fault: last_answered.is_some() && last_answered >= fault_in,
        last_fault,
        first_events: first_events(waits.map(unsigned).collect()),
        endpoint,
    })
}

/// The last fault, and the number of its call.
fn last_fault(db: &Connection, endpoint: &str) -> Result<Option<(LastFault, i64)>, Failure> {
    // What was asked beside turns says nothing about them.
    let sql = "SELECT latest.call, cause, mended, call.id FROM (
                   SELECT call, cause, mended FROM call_fault
                   WHERE endpoint = ?1 ORDER BY call DESC LIMIT ?2
               ) AS latest JOIN call ON call.number = latest.call
               WHERE CASE WHEN json_valid(record)
                   THEN NOT coalesce(json_extract(record, '$.auxiliary'), 0) END
               ORDER BY latest.call DESC LIMIT 1";
    let found = db.query_row(sql, rusqlite::params![endpoint, LOOKED_AT], |row| {
        let (number, id): (i64, String) = (row.get(0)?, row.get(3)?);
        let fault = LastFault {
            id: format!("{PREFIX}{id}"),
            at_ms: 0,
            cause: row.get(1)?,
            was_mended: row.get(2)?,
        };
        Ok((fault, number))
    });
    let Some((fault, number)) = found.optional()? else {
        return Ok(None);
    };
    let at_ms = ended_ms(db, number)?;
    Ok(Some((LastFault { at_ms, ..fault }, number)))
}

/// When a call had ended. Its number may be ahead of that: after a clock that was once ahead, numbers
/// go on from there.
fn ended_ms(db: &Connection, number: i64) -> Result<u64, Failure> {
    let sql = "SELECT nullif(record ->> '$.begun_ms', 0) + record ->> '$.took_us' / 1000
               FROM call WHERE number = ?1 AND json_valid(record)";
    let told: Option<Option<i64>> = db.query_row(sql, [number], |row| row.get(0)).optional()?;
    let recorded = unsigned(number) >> BITS;
    Ok(told.flatten().map_or(recorded, unsigned))
}

fn first_events(mut waits: Vec<u64>) -> Option<FirstEvents> {
    waits.sort_unstable();
    let at = |percent: usize| {
        waits
            .get((waits.len() * percent).div_ceil(100).max(1) - 1)
            .copied()
    };
    Some(FirstEvents {
        p50_us: at(50)?,
        p95_us: at(95)?,
        calls: waits.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_came() {
        assert_eq!(first_events(Vec::new()), None);
        let told = |waits: &[u64]| {
            let told = first_events(waits.to_vec()).unwrap();
            (told.p50_us, told.p95_us)
        };
        assert_eq!(told(&[7]), (7, 7));
        assert_eq!(told(&[3, 1]), (1, 3));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(told(&hundred), (50, 95));
    }
}
