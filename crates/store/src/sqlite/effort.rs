//! How much a query may do before it is broken off: counted in steps of SQLite's machine and not in time, so that
//! it ends at the same place wherever it runs, and however busy that machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, Error, ErrorCode};

/// So often it is looked how many steps are left.
const STEPS: i64 = 64;

/// What a row costs that is given: only what lies between two rows counts.
const ROW: i64 = 8;

/// As many as anybody can take.
const ANY: i64 = i64::MAX;

/// The steps that are left to the query of one connection.
#[derive(Clone, Debug)]
pub(super) struct Effort(Arc<AtomicI64>);

impl Effort {
    pub(super) fn any() -> Self {
        Self(Arc::new(AtomicI64::new(ANY)))
    }

    /// Breaks off what this connection does beyond what is left.
    pub(super) fn watch(&self, db: &mut Connection) -> Result<(), Error> {
        let left = Arc::clone(&self.0);
        let is_spent = move || left.fetch_sub(STEPS, Ordering::Relaxed) <= 0;
        db.progress_handler(i32::try_from(STEPS).unwrap_or(1), Some(is_spent))
    }

    /// Does something that gives a row, with what is left of `steps`; `None` if it was broken off.
    pub(super) fn within<T>(
        &self,
        steps: &mut i64,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.0.store(*steps, Ordering::Relaxed);
        let done = work();
        *steps = self.0.swap(ANY, Ordering::Relaxed).saturating_add(ROW);
        match done {
            Err(Error::SqliteFailure(code, _)) if code.code == ErrorCode::OperationInterrupted => {
                Ok(None)
            }
            done => done.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_would_not_end_is_broken_off_and_the_next_is_not() {
        let mut db = Connection::open_in_memory().unwrap();
        let effort = Effort::any();
        effort.watch(&mut db).unwrap();
        let count = |most: i64| {
            let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)
                       SELECT n FROM n WHERE n = ?1 LIMIT 1";
            db.query_row(sql, [most], |row| row.get::<_, i64>(0))
        };
        let mut steps = 1_000;
        assert_eq!(effort.within(&mut steps, || count(-1)), Ok(None));
        assert!(steps <= ROW, "{steps}");
        let mut steps = 1_000;
        assert_eq!(effort.within(&mut steps, || count(3)), Ok(Some(3)));
        assert_eq!(count(10_000), Ok(10_000));
    }
}
