//! Records out of a damaged store. What they are found by is made anew from the records themselves.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::super::repair::{Table, each};
use super::super::search::set_fact;
use super::super::signed;
use super::insert::{BYTES, Pen};
use super::lot::{self, Lot};
use crate::KeptCall;

/// Copies every record that can be read, under its number; gives how many.
pub(in super::super) fn salvage(old: &Connection, new: &Connection) -> Result<u64, Failure> {
    if !has_records(old) {
        return Ok(0);
    }
    let mut pen = Pen::new(new, 0)?;
    let (name, columns) = ("call", &["number", "record"]);
    let mut kept = 0;
    each(old, Table { name, columns }, |row| {
        for KeptCall { number, call } in Lot::of(row)?.calls() {
            pen.write_as(signed(number), &call)?;
            kept += 1;
        }
        Ok(true)
    })?;
    pen.lay_down()?;
    bodies(old, new, &mut pen)?;
    set_fact(new, BYTES, signed(pen.bytes))?;
    Ok(kept)
}

/// What was said in those calls that were kept.
fn bodies(old: &Connection, new: &Connection, pen: &mut Pen<'_>) -> Result<(), Failure> {
    let (name, columns) = ("call_body", &["call", "expires_ms", "request", "response"]);
    let mut insert = new.prepare(&format!(
        "INSERT OR IGNORE INTO call_body (call, expires_ms, request, response)
         SELECT ?1, ?2, ?3, ?4 FROM call
         WHERE number > ?1 - {} AND number <= ?1 AND ?1 < number + calls",
        lot::MOST
    ))?;
    each(old, Table { name, columns }, |row| {
        let (request, response): (String, String) = (row.get(2)?, row.get(3)?);
        let bytes = request.len() + response.len();
        let (number, expires): (i64, i64) = (row.get(0)?, row.get(1)?);
        if insert.execute(params![number, expires, request, response])? > 0 {
            pen.bytes += bytes as u64;
        }
        Ok(true)
    })?;
    Ok(())
}

/// Whether the store is of a version that keeps calls, as far as that can be read.
fn has_records(old: &Connection) -> bool {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'call'";
    let found = old.query_row(sql, [], |row| row.get::<_, i64>(0));
    found.optional().ok().flatten().is_some()
}
