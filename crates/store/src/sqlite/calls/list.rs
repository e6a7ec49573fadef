//! Finding calls. Every filter goes along an index that has the order of the list, so that a list
//! costs what it shows, however many records there are. The index leads to calls that lie together; which
//! of them are meant, their records say.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::super::failure::Failure;
use super::super::{signed, unsigned};
use super::lot::{self, Finder, Lot};
use super::{BITS, head, insert, kinds, stored};
use crate::{CallBodies, CallFilter, KeptCall, StoreError};

/// The name of the call that was recorded last.
const LAST: &str = "last";

/// The numbers that lead to all calls of a filter, the last first; one for each row that holds any.
const OF_KIND: &str = "SELECT call FROM call_kind WHERE call > ?1 AND kind = ?2 ORDER BY call DESC";
const OF_ALL: &str = "SELECT number FROM call WHERE number > ?1 ORDER BY number DESC";

/// The calls of a filter, the last recorded first.
pub(super) fn list(
    db: &Connection,
    filter: &CallFilter,
    most: usize,
) -> Result<Vec<KeptCall>, Failure> {
    let since = signed(filter.since_ms.unwrap_or(0).min(u64::MAX >> (BITS + 1)) << BITS);
    // A row may begin before that.
    let least = since - lot::MOST;
    let (sql, values) = match kinds::of(filter) {
        Some(kind) => (OF_KIND, vec![Value::from(least), Value::from(kind)]),
        None => (OF_ALL, vec![Value::from(least)]),
    };
    let mut query = db.prepare(sql)?;
    let mut numbers = query.query(params_from_iter(values))?;
    let mut finder = Finder::new(db)?;
    let mut list = Vec::new();
    while list.len() < most
        && let Some(row) = numbers.next()?
    {
        let number: i64 = row.get(0)?;
        let Some(lot) = finder.lot(number)? else {
            continue;
        };
        let meant = |kept: &KeptCall| kept.number >= unsigned(since) && filter.fits(&kept.call);
        list.extend(lot.calls().rev().filter(meant).take(most - list.len()));
    }
    Ok(list)
}

/// The calls recorded after this one, in that order.
pub(super) fn after(db: &Connection, after: u64, most: usize) -> Result<Vec<KeptCall>, Failure> {
    let mut query =
        db.prepare("SELECT number, record FROM call WHERE number > ?1 ORDER BY number")?;
    let mut rows = query.query([signed(after) - lot::MOST])?;
    let mut list = Vec::new();
    // What cannot be read counts for nothing: whoever follows would never get past it.
    while list.len() < most
        && let Some(row) = rows.next()?
    {
        let lot = Lot::of(row)?;
        let later = lot.calls().filter(|kept| kept.number > after);
        list.extend(later.take(most - list.len()));
    }
    Ok(list)
}

/// The number of the call recorded last, read or not.
pub(super) fn last_number(db: &Connection) -> Result<u64, Failure> {
    Ok(unsigned(insert::last_number(db)?))
}

/// The last call that can be read.
fn last(db: &Connection) -> Result<Option<KeptCall>, Failure> {
    let mut query = db.prepare("SELECT number, record FROM call ORDER BY number DESC")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let lot = Lot::of(row)?;
        if let Some(found) = lot.calls().next_back() {
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
    let mut found = beginning_with(db, &stored)?;
    match (found.remove(&stored), found.len()) {
        (Some(call), _) => Ok(call),
        (None, 0 | 1) => Ok(found.into_values().next().ok_or_else(unknown)?),
        _ => {
            let name = name.to_owned();
            Err(StoreError::AmbiguousCall { name }.into())
        }
    }
}

/// Calls whose ids begin so, the last of each id: that of exactly this id, if there is one, and of the
/// others enough to know whether they are several.
fn beginning_with(db: &Connection, begin: &str) -> Result<BTreeMap<String, KeptCall>, Failure> {
    let exact = kinds::with_id(head(begin));
    // The range of all texts that begin with it.
    let sql = "SELECT call, kind FROM call_kind WHERE kind >= ?1 AND kind < ?2
               ORDER BY kind, call DESC";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([&exact, &format!("{exact}\u{10FFFF}")])?;
    let mut finder = Finder::new(db)?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        // Who is called exactly so comes before those who are called longer.
        if found.len() > 1 && row.get_ref(1)?.as_str().unwrap_or_default() != exact {
            break;
        }
        let Some(lot) = finder.lot(row.get(0)?)? else {
            continue;
        };
        for kept in lot.beginning_with(begin).rev() {
            let id = stored(&kept.call.id);
            if found.len() < 2 || id == begin {
                found.entry(id).or_insert(kept);
            }
        }
    }
    Ok(found)
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
