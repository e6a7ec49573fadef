//! Reading a table that may be damaged: every row that can be read, in the order of its number.
//!
//! A row that cannot be read costs itself. Behind a page that cannot be read the next number is looked for at
//! which reading goes on: numbers may have gaps of any width, so it is looked for at distances that grow, and
//! then by halves.

use rusqlite::{Connection, Error, ErrorCode, OptionalExtension as _, Row};

use crate::sqlite::failure::{Failure, is_corrupt};
use crate::sqlite::unsigned;

/// A table, and what of it is read.
pub(in crate::sqlite) struct Table<'t> {
    pub(in crate::sqlite) name: &'t str,
    /// The first of them is the row's number.
    pub(in crate::sqlite) columns: &'t [&'t str],
}

/// What of a table could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sqlite) struct Lost {
    /// Rows that are there and say nothing.
    pub(in crate::sqlite) rows: u64,
    /// Numbers on pages that cannot be read: so many rows may have been there. `None` if that cannot be told.
    pub(in crate::sqlite) numbers: Option<u64>,
}

/// A walk through a table.
struct Walk<'db, 't> {
    old: &'db Connection,
    table: Table<'t>,
    /// All before this number was read, or is lost.
    at: i64,
    /// The first number of a page that cannot be read, until a row behind it is found.
    gap: Option<i64>,
    lost: Lost,
}

/// Hands every row that can be read to `take`, which says whether it is of use.
pub(in crate::sqlite) fn each(
    old: &Connection,
    table: Table<'_>,
    mut take: impl FnMut(&Row<'_>) -> Result<bool, Failure>,
) -> Result<Lost, Failure> {
    let mut walk = Walk {
        old,
        table,
        at: 1,
        gap: None,
        lost: Lost {
            rows: 0,
            numbers: Some(0),
        },
    };
    if walk.is_missing() {
        return Ok(Lost::default());
    }
    while let Some(next) = walk.on(&mut take)? {
        walk.at = next;
    }
    Ok(walk.ended())
}

impl Walk<'_, '_> {
    /// Whether there is no such table, as far as can be read which there are.
    fn is_missing(&self) -> bool {
        let sql = format!("SELECT 1 FROM {}", self.table.name);
        let prepared = self.old.prepare(&sql);
        matches!(prepared, Err(Error::SqliteFailure(code, _)) if code.code == ErrorCode::Unknown)
    }

    /// Reads on as far as it goes; gives the number at which it may go on then.
    fn on(
        &mut self,
        take: &mut impl FnMut(&Row<'_>) -> Result<bool, Failure>,
    ) -> Result<Option<i64>, Failure> {
        match self.rows(take) {
            Ok(()) => return Ok(None),
            Err(Failure::Sql(error)) if is_corrupt(&error) => {}
            Err(failure) => return Err(failure),
        }
        match self.number_from(self.at) {
            // Its number can be read, and it cannot.
            Ok(Some(number)) if number >= self.at => {
                self.found(number);
                self.lost.rows += 1;
                Ok(number.checked_add(1))
            }
            Ok(_) => Ok(None),
            Err(_damaged) => {
                self.gap.get_or_insert(self.at);
                Ok(self.behind())
            }
        }
    }

    fn rows(
        &mut self,
        take: &mut impl FnMut(&Row<'_>) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let Table { name, columns } = self.table;
        let (number, columns) = (columns.first().unwrap_or(&"rowid"), columns.join(", "));
        let sql = format!("SELECT {columns} FROM {name} WHERE {number} >= ?1 ORDER BY {number}");
        let mut query = self.old.prepare(&sql)?;
        let mut rows = query.query([self.at])?;
        while let Some(row) = rows.next()? {
            self.found(row.get(0)?);
            let is_of_use = match take(row) {
                // Not what this table holds: text that is none.
                Err(Failure::Sql(error)) if !matches!(error, Error::SqliteFailure(..)) => false,
                taken => taken?,
            };
            self.lost.rows += u64::from(!is_of_use);
        }
        Ok(())
    }

    /// There is a row of this number, and nothing before it any more.
    fn found(&mut self, number: i64) {
        if let Some(gap) = self.gap.take() {
            let more = unsigned(number.saturating_sub(gap));
            self.lost.numbers = self.lost.numbers.map(|so_far| so_far + more);
        }
        self.at = number.saturating_add(1);
    }

    /// The next number from this one on that is there.
    fn number_from(&self, from: i64) -> Result<Option<i64>, Error> {
        let Table { name, columns } = self.table;
        let number = columns.first().unwrap_or(&"rowid");
        let sql =
            format!("SELECT {number} FROM {name} WHERE {number} >= ?1 ORDER BY {number} LIMIT 1");
        let found = self.old.query_row(&sql, [from], |row| row.get(0));
        found.optional()
    }

    /// The least number behind the damage from which on can be read, as far as it is found.
    fn behind(&self) -> Option<i64> {
        let can_read = |from: i64| self.number_from(from).is_ok();
        let (mut damaged, mut sound) = (self.at, self.at.checked_add(1)?);
        while !can_read(sound) {
            damaged = sound;
            sound = sound.checked_add(1 + (sound - self.at) / 8)?;
        }
        while sound - damaged > 1 {
            let middle = damaged + (sound - damaged) / 2;
            match can_read(middle) {
                true => sound = middle,
                false => damaged = middle,
            }
        }
        Some(sound)
    }

    fn ended(mut self) -> Lost {
        if let Some(gap) = self.gap.take() {
            let behind = |last: i64| unsigned(last.saturating_sub(gap).saturating_add(1));
            let numbers = self.last_number().map(behind);
            let so_far = self.lost.numbers;
            self.lost.numbers = so_far.and_then(|so_far| Some(so_far + numbers?));
        }
        self.lost
    }

    /// The last number of the table, as far as that can be told.
    fn last_number(&self) -> Option<i64> {
        let Table { name, columns } = self.table;
        let read = |sql: &str| {
            let last = self
                .old
                .query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
            last.ok().flatten()
        };
        let number = columns.first().unwrap_or(&"rowid");
        read(&format!("SELECT max({number}) FROM {name}")).or_else(|| {
            // Kept apart from the table, for those whose numbers are never given twice.
            read(&format!(
                "SELECT seq FROM sqlite_sequence WHERE name = '{name}'"
            ))
        })
    }
}
