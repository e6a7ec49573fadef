//! Calls that were written together, in one row: a row of its own for each would cost more than its
//! text. A record is a line, and the numbers of a row follow one another from that of its first call.

use rusqlite::{Connection, Row, Statement};

use super::super::failure::Failure;
use super::super::unsigned;
use super::stored;
use crate::{CallRecord, KeptCall};

/// Most calls in one row, and most bytes of text before the last of them: whoever looks for one reads all,
/// and a damaged page costs as many.
pub(super) const MOST: i64 = 32;
pub(super) const MOST_BYTES: usize = 32 << 10;

/// The calls of one row.
pub(super) struct Lot {
    first: i64,
    text: String,
}

/// Finds calls by their number.
pub(super) struct Finder<'db>(Statement<'db>);

impl<'db> Finder<'db> {
    pub(super) fn new(db: &'db Connection) -> Result<Self, Failure> {
        let sql = "SELECT number, record FROM call WHERE number <= ?1 ORDER BY number DESC LIMIT 1";
        Ok(Self(db.prepare(sql)?))
    }

    /// The calls among which the one of this number is, if it is there.
    pub(super) fn lot(&mut self, number: i64) -> Result<Option<Lot>, Failure> {
        let mut rows = self.0.query([number])?;
        rows.next()?.map(Lot::of).transpose()
    }

    /// The call of this number, if it is there and can be read.
    pub(super) fn call(&mut self, number: i64) -> Result<Option<CallRecord>, Failure> {
        let lot = self.lot(number)?;
        let lines = lot.as_ref().map(Lot::lines).unwrap_or_default();
        let text = lines.into_iter().find(|(at, _)| *at == number);
        Ok(text.and_then(|(_, text)| serde_json::from_str(text).ok()))
    }
}

impl Lot {
    /// A row of number and record; text that is none holds no calls.
    pub(super) fn of(row: &Row<'_>) -> Result<Self, Failure> {
        Ok(Self {
            first: row.get(0)?,
            text: row.get_ref(1)?.as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The text of each call under its number, in their order.
    pub(super) fn lines(&self) -> Vec<(i64, &str)> {
        (self.first..).zip(self.text.lines()).collect()
    }

    /// The calls, in their order; what cannot be read is nothing worth failing for.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = KeptCall> {
        self.lines().into_iter().filter_map(read)
    }

    /// Those whose ids begin so, as storage spells them. Of most others no more is read than their id.
    pub(super) fn beginning_with(&self, begin: &str) -> impl DoubleEndedIterator<Item = KeptCall> {
        let begins = move |id: &str| stored(id).starts_with(begin);
        let lines = self.lines().into_iter();
        let may_begin = lines.filter(move |(_, text)| plain_id(text).is_none_or(begins));
        may_begin
            .filter_map(read)
            .filter(move |kept| begins(&kept.call.id))
    }
}

fn read((number, text): (i64, &str)) -> Option<KeptCall> {
    let call: CallRecord = serde_json::from_str(text).ok()?;
    let number = unsigned(number);
    Some(KeptCall { number, call })
}

/// The id of a record, where it stands first in its text, as it does in all that we write, and without escapes.
fn plain_id(text: &str) -> Option<&str> {
    let (id, _) = text.strip_prefix("{\"id\":\"")?.split_once('"')?;
    (!id.contains('\\')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str], begin: &str) -> Vec<u64> {
        let (first, text) = (1, lines.join("\n"));
        let found = Lot { first, text };
        let found = found.beginning_with(begin);
        found.map(|kept| kept.number).collect()
    }

    #[test]
    fn a_call_is_found_by_its_id_however_its_record_is_spelt() {
        let lines = [
            r#"{"id":"call_ab12","front":"exec"}"#,
            r#"{"id":"AB13"}"#,
            r#"{"front":"exec","id":"call_ab14"}"#,
            r#"{"id":"call_a\u00625"}"#,
            r#"{"id":"call_ac12","client":"call_ab12"}"#,
            r#"{"id":"call_ab16",cut"#,
        ];
        assert_eq!(found(&lines, "ab"), [1, 2, 3, 4]);
        assert_eq!(found(&lines, "ab1"), [1, 2, 3]);
        assert_eq!(found(&lines, "ac"), [5]);
        assert_eq!(found(&lines, "call"), [0; 0]);
    }

    #[test]
    fn records_begin_with_their_ids() {
        let call = CallRecord {
            id: "call_ab12".to_owned(),
            ..CallRecord::default()
        };
        let text = serde_json::to_string(&call).unwrap();
        assert_eq!(plain_id(&text), Some("call_ab12"));
    }
}
