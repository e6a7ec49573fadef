//! How each endpoint has been lately. Reads a bounded number of rows for each.

use rusqlite::Connection;

use super::super::failure::Failure;
use super::super::unsigned;
use super::lot::Finder;
use super::{BITS, kinds};
use crate::{CallEnd, CallRecord, EndpointHealth, FirstEvents, LastFault};

/// So many of the last answered calls say how soon an endpoint speaks.
const LOOKED_AT: usize = 500;

/// Most endpoints that are told of; a configuration has a few.
const MOST: usize = 256;

pub(super) fn of_all(db: &Connection) -> Result<Vec<EndpointHealth>, Failure> {
    let names = endpoints(db)?.into_iter().take(MOST);
    names.map(|endpoint| of_one(db, endpoint)).collect()
}

/// The endpoints in the records, by name. Each costs one step down the index, not one per call.
fn endpoints(db: &Connection) -> Result<Vec<String>, Failure> {
    // `!` comes after the space at the end of `kinds::AT`.
    let next = "SELECT min(kind) FROM call_kind WHERE kind > ?1 AND kind < 'at!'";
    let mut query = db.prepare(next)?;
    let mut names: Vec<String> = Vec::new();
    // That of calls that nobody could be asked.
    let mut last = kinds::AT.to_owned();
    while let Some(kind) = query.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
        names.extend(kind.strip_prefix(kinds::AT).map(str::to_owned));
        last = kind;
    }
    Ok(names)
}

fn of_one(db: &Connection, endpoint: String) -> Result<EndpointHealth, Failure> {
    let waits = waits(db, &endpoint)?;
    let last_answered = waits.first().map(|(call, _)| *call);
    let mut finder = Finder::new(db)?;
    let last_answered_ms = last_answered.map(|call| {
        let record = finder.call(call)?;
        Ok::<_, Failure>(ended_ms(call, record.as_ref()))
    });
    let (last_fault, fault_in) = last_fault(db, &mut finder, &endpoint)?.unzip();
    Ok(EndpointHealth {
        last_answered_ms: last_answered_ms.transpose()?,
        answered_since_fault: last_answered.is_some() && last_answered >= fault_in,
        last_fault,
        first_events: first_events(waits.into_iter().map(|(_, wait)| wait).collect()),
        endpoint,
    })
}

/// How soon the last turns were answered there, each with its number or that of one recorded together with
/// it; the last first.
fn waits(db: &Connection, endpoint: &str) -> Result<Vec<(i64, u64)>, Failure> {
    let mut query =
        db.prepare("SELECT call, waits FROM call_kind WHERE kind = ?1 ORDER BY call DESC")?;
    let mut rows = query.query([kinds::answered_at(endpoint)])?;
    let mut waits = Vec::new();
    while waits.len() < LOOKED_AT
        && let Some(row) = rows.next()?
    {
        let call = row.get(0)?;
        let told = row.get_ref(1)?.as_str().unwrap_or_default();
        let told = told.split_ascii_whitespace().rev();
        let told = told.filter_map(|wait| Some((call, wait.parse().ok()?)));
        waits.extend(told.take(LOOKED_AT - waits.len()));
    }
    Ok(waits)
}

/// The last fault of a turn there, and the number of its call.
fn last_fault(
    db: &Connection,
    finder: &mut Finder<'_>,
    endpoint: &str,
) -> Result<Option<(LastFault, i64)>, Failure> {
    let mut query = db.prepare("SELECT call FROM call_kind WHERE kind = ?1 ORDER BY call DESC")?;
    let mut rows = query.query([kinds::fault_at(endpoint)])?;
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let Some(call) = finder.call(number)? else {
            continue;
        };
        let here = call.faults().filter(|(at, _)| *at == endpoint);
        if let Some((_, fault)) = here.last() {
            let fault = LastFault {
                at_ms: ended_ms(number, Some(&call)),
                cause: fault.cause.clone(),
                was_mended: call.end == CallEnd::Answered,
                call,
            };
            return Ok(Some((fault, number)));
        }
    }
    Ok(None)
}

/// When a call had ended. Its number may be ahead of that: after a clock that was once ahead, numbers
/// go on from there.
fn ended_ms(number: i64, call: Option<&CallRecord>) -> u64 {
    let told = call.filter(|call| call.begun_ms > 0);
    let recorded = unsigned(number) >> BITS;
    told.map_or(recorded, |call| call.begun_ms + call.took_us / 1_000)
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
