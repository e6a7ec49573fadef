//! The tables, as the steps that lead to them. A step that was released is never changed: a new one
//! is added.
//!
//! Room is left for `inbox` and `outbox` (lanes): they will refer to `conversation` and `entry`, and be
//! written in the same transactions.

/// Marks the file as ours (SQLite's `application_id`): "alip" in ASCII.
pub(super) const APPLICATION: i64 = 0x616c_6970;

/// The version that this program knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Number `n` leads from version `n` to `n + 1`.
pub(super) const MIGRATIONS: [&str; 8] =
    [V1, CALLS, ENDPOINTS, UNMENDED, SAID, ORIGINS, LOTS, RUNS];

/// - `conversation.used` is the number of the entry that began its last turn: an order that no clock
///   can disturb.
/// - `entry.number` is never given twice, so that it can say how far the index has come.
/// - `lease.holder` is empty where nobody holds it; the row stays for its epoch.
/// - `entry_text` keeps no text, only what finds it: the text is in the journal.
const V1: &str = "
CREATE TABLE conversation (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    folder TEXT NOT NULL,
    model TEXT NOT NULL,
    begun_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    used INTEGER NOT NULL,
    turns INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_used ON conversation (used);
CREATE TABLE entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (number),
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX entry_conversation ON entry (conversation);
CREATE TABLE lease (
    conversation INTEGER PRIMARY KEY REFERENCES conversation (number),
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE entry_text USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
";

/// - `call.number` begins with the time at which it was recorded (`calls::insert`), so that one order
///   serves lists, those who follow, and the question since when.
/// - The other tables say what is in the records, for whoever looks for it, and are deleted with them.
const CALLS: &str = "
CREATE TABLE call (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    ended TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX call_id ON call (id);
CREATE INDEX call_unanswered ON call (number) WHERE ended <> 'answered';
CREATE TABLE call_endpoint (
    endpoint TEXT NOT NULL,
    call INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    first_event_us INTEGER,
    PRIMARY KEY (endpoint, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_endpoint_answered ON call_endpoint (endpoint, call, first_event_us)
    WHERE answered = 1;
CREATE INDEX call_endpoint_unanswered ON call_endpoint (endpoint, call) WHERE answered = 0;
CREATE TABLE call_fault (
    endpoint TEXT NOT NULL,
    cause TEXT NOT NULL,
    call INTEGER NOT NULL,
    mended INTEGER NOT NULL,
    PRIMARY KEY (endpoint, cause, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_fault_cause ON call_fault (cause, call, mended);
CREATE INDEX call_fault_endpoint ON call_fault (endpoint, call);
CREATE TABLE call_body (
    call INTEGER PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    request TEXT NOT NULL,
    response TEXT NOT NULL
) STRICT;
";

/// What is known about endpoints, as the transport words it.
const ENDPOINTS: &str = "
CREATE TABLE endpoint_memory (
    about TEXT PRIMARY KEY,
    known TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Faults that no answer came after are few among those of their cause.
const UNMENDED: &str = "
CREATE INDEX IF NOT EXISTS call_fault_unmended ON call_fault (cause, call) WHERE mended = 0;
CREATE INDEX IF NOT EXISTS call_fault_unmended_at ON call_fault (endpoint, cause, call) WHERE mended = 0;
";

/// No table is another: from here on a journal may hold entries of the kind `said`.
const SAID: &str = "";

/// No table is another: from here on an entry says how a call ended, and where what stands in a summary
/// comes from (`entry::spelling`), and a journal may hold entries of the kind `left`.
const ORIGINS: &str = "";

/// Calls that are written together lie in one row, each a line of `record`; `calls` says how many, and
/// `number` is that of the first. `call_kind` names the last call of each kind in such a row
/// (`calls::kinds`) and takes the place of the tables that had a row for each call.
const LOTS: &str = "
ALTER TABLE call RENAME TO call_alone;
CREATE TABLE call (
    number INTEGER PRIMARY KEY,
    calls INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
INSERT INTO call SELECT number, 1, record FROM call_alone;
CREATE TABLE call_kind (
    kind TEXT NOT NULL,
    call INTEGER NOT NULL,
    waits TEXT NOT NULL,
    PRIMARY KEY (kind, call)
) STRICT, WITHOUT ROWID;
CREATE VIEW asked AS SELECT endpoint, call, answered, first_event_us, ended
    FROM call_endpoint JOIN call_alone ON number = call;
CREATE VIEW fault AS SELECT endpoint, cause, call, ended, record
    FROM call_fault JOIN call_alone ON number = call;
INSERT OR IGNORE INTO call_kind
    SELECT 'id ' || substr(id, 1, 4), number, '' FROM call_alone
    UNION ALL SELECT 'unanswered ', number, '' FROM call_alone WHERE ended <> 'answered'
    UNION ALL SELECT 'at ' || endpoint, call, '' FROM asked
    UNION ALL SELECT 'unanswered at ' || endpoint, call, '' FROM asked WHERE ended <> 'answered'
    UNION ALL SELECT 'answered at ' || endpoint, call, ' ' || first_event_us FROM asked
        WHERE answered = 1 AND first_event_us IS NOT NULL
    UNION ALL SELECT 'fault ' || cause || ' ', call, '' FROM fault
    UNION ALL SELECT 'fault ' || cause || ' at ' || endpoint, call, '' FROM fault
    UNION ALL SELECT 'unanswered fault ' || cause || ' ', call, '' FROM fault
        WHERE ended <> 'answered'
    UNION ALL SELECT 'unanswered fault ' || cause || ' at ' || endpoint, call, '' FROM fault
        WHERE ended <> 'answered'
    UNION ALL SELECT 'fault of a turn at ' || endpoint, call, '' FROM fault
        WHERE json_valid(record) AND NOT coalesce(json_extract(record, '$.auxiliary'), 0);
CREATE INDEX call_kind_call ON call_kind (call);
DROP VIEW asked;
DROP VIEW fault;
DROP TABLE call_endpoint;
DROP TABLE call_fault;
DROP TABLE call_alone;
";

/// The index is of other words from here on ([`super::runs`]), and is filled anew.
const RUNS: &str = "
INSERT INTO entry_text (entry_text) VALUES ('delete-all');
DELETE FROM fact WHERE name = 'indexed';
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_entry_that_an_older_alipes_does_not_know_comes_with_a_newer_schema() {
        let known_to = |version: i64| {
            let kinds = crate::entry::spelling::KINDS.iter();
            kinds.filter(|(_, since)| *since <= version).count()
        };
        // What older versions know is what it was; a kind that is new here needs a migration of its own,
        // however empty.
        let known = [(1, 13), (4, 13), (5, 14), (6, 15)];
        assert!(
            known
                .into_iter()
                .all(|(version, count)| known_to(version) == count)
        );
        assert_eq!(known_to(VERSION), known_to(i64::MAX));
    }
}
