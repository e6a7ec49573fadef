//! The tables, as the steps that lead to them. A step that was released is never changed: a new one
//! is added.
//!
//! Room is left for `inbox`, `outbox` and `call` (lanes and call records): they will refer to
//! `conversation` and `entry`, and be written in the same transactions.

/// Marks the file as ours (SQLite's `application_id`): "alip" in ASCII.
pub(super) const APPLICATION: i64 = 0x616c_6970;

/// The version that this program knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Number `n` leads from version `n` to `n + 1`.
pub(super) const MIGRATIONS: [&str; 1] = [V1];

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
