//! Finding calls. Every filter goes along an index that has the order of the list, so that a list
//! costs what it shows, however many records there are.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::super::failure::Failure;
use super::super::{signed, unsigned};
use super::{BITS, stored};
use crate::{CallBodies, CallFilter, CallRecord, KeptCall, StoreError};

/// The name of the call that was recorded last.
const LAST: &str = "last";

/// The calls of a filter, the last recorded first.
pub(super) fn list(
    db: &Connection,
    filter: &CallFilter,
    most: usize,
) -> Result<Vec<KeptCall>, Failure> {
    let (sql, values) = numbers(filter, most);
    let mut query = db.prepare(&sql)?;
    let numbers = query.query_map(params_from_iter(values), |row| row.get(0))?;
    let numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
    let mut query = db.prepare("SELECT number, record FROM call WHERE number = ?1")?;
    let mut list = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut rows = query.query([number])?;
        if let Some(row) = rows.next()? {
            list.extend(kept(row)?);
        }
    }
    Ok(list)
}

/// The query for the numbers of a filter, and its values.
fn numbers(filter: &CallFilter, most: usize) -> (String, Vec<Value>) {
    let (table, number, answered) = match (&filter.cause, &filter.endpoint) {
        // SQLite takes the index of all faults of a cause for as good, and walks past the mended ones.
        (Some(_), at) if filter.unanswered => match at {
            Some(_) => (
                "call_fault INDEXED BY call_fault_unmended_at",
                "call",
                "mended = 0",
            ),
            None => (
                "call_fault INDEXED BY call_fault_unmended",
                "call",
                "mended = 0",
            ),
        },
        (Some(_), _) => ("call_fault", "call", ""),
        // Older rows say nothing of whether another endpoint answered the call.
        (None, Some(_)) => (
            "call_endpoint",
            "call",
            "answered = 0 AND EXISTS
                 (SELECT 1 FROM call WHERE number = call_endpoint.call AND ended <> 'answered')",
        ),
        (None, None) => ("call", "number", "ended <> 'answered'"),
    };
    let since = filter.since_ms.unwrap_or(0).min(u64::MAX >> (BITS + 1)) << BITS;
    let mut wanted = vec![format!("{number} >= ?")];
    let mut values = vec![Value::from(signed(since))];
    for (column, value) in [("cause", &filter.cause), ("endpoint", &filter.endpoint)] {
        if let Some(value) = value {
            wanted.push(format!("{column} = ?"));
            values.push(Value::from(value.clone()));
        }
    }
    if filter.unanswered {
        wanted.push(answered.to_owned());
    }
    values.push(Value::from(i64::try_from(most).unwrap_or(i64::MAX)));
    let wanted = wanted.join(" AND ");
    // A fault of one cause may have happened at several endpoints in one call.
    let sql = format!(
        "SELECT DISTINCT {number} FROM {table} WHERE {wanted} ORDER BY {number} DESC LIMIT ?"
    );
    (sql, values)
}

/// The calls recorded after this one, in that order.
pub(super) fn after(db: &Connection, after: u64, most: usize) -> Result<Vec<KeptCall>, Failure> {
    let mut query =
        db.prepare("SELECT number, record FROM call WHERE number > ?1 ORDER BY number")?;
    let mut rows = query.query([signed(after)])?;
    let mut list = Vec::new();
    // What cannot be read counts for nothing: whoever follows would never get past it.
    while list.len() < most
        && let Some(row) = rows.next()?
    {
        list.extend(kept(row)?);
    }
    Ok(list)
}

/// The number of the call recorded last, read or not.
pub(super) fn last_number(db: &Connection) -> Result<u64, Failure> {
    let sql = "SELECT coalesce(max(number), 0) FROM call";
    Ok(unsigned(db.query_row(sql, [], |row| row.get(0))?))
}

/// The last call that can be read.
fn last(db: &Connection) -> Result<Option<KeptCall>, Failure> {
    let mut query = db.prepare("SELECT number, record FROM call ORDER BY number DESC")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(found) = kept(row)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The call that `name` means.
pub(super) fn find(db: &Connection, name: &str) -> Result<KeptCall, Failure> {
    let unknown = || StoreError::UnknownCall {
        name: name.to_owned(),
    };
    if name == LAST {
        return Ok(last(db)?.ok_or_else(unknown)?);
    }
    let stored = stored(name);
    if stored.is_empty() {
        return Err(unknown().into());
    }
    // The range of all texts that begin with it: the index on ids finds them.
    let mut query = db.prepare(
        "SELECT number, record, id FROM call WHERE id >= ?1 AND id < ?2 ORDER BY id, number DESC
         LIMIT 2",
    )?;
    let mut rows = query.query([&stored, &format!("{stored}\u{10FFFF}")])?;
    let Some(first) = rows.next()? else {
        return Err(unknown().into());
    };
    let id: String = first.get(2)?;
    let found = kept(first)?;
    if let Some(second) = rows.next()?
        && id != stored
        && second.get::<_, String>(2)? != id
    {
        let name = name.to_owned();
        return Err(StoreError::AmbiguousCall { name }.into());
    }
    Ok(found.ok_or_else(unknown)?)
}

/// What was said in a call, until it expires.
pub(super) fn bodies(
    db: &Connection,
    number: u64,
    now: u64,
) -> Result<Option<CallBodies>, Failure> {
    let sql = "SELECT request, response FROM call_body WHERE call = ?1 AND expires_ms > ?2";
    let found = db.query_row(sql, params![signed(number), signed(now)], |row| {
        Ok(CallBodies {
            request: row.get(0)?,
            response: row.get(1)?,
        })
    });
    Ok(found.optional()?)
}

/// Reads a row of number and record; what cannot be read is nothing worth failing for.
fn kept(row: &Row<'_>) -> Result<Option<KeptCall>, Failure> {
    let number = unsigned(row.get(0)?);
    let text = row.get_ref(1)?.as_str().unwrap_or_default();
    let call: Option<CallRecord> = serde_json::from_str(text).ok();
    Ok(call.map(|call| KeptCall { number, call }))
}
