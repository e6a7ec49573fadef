//! A folder with a store in it, opened as often as a test likes: each time is another process to the
//! store, because its locks belong to open files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alipes_base::{Clock, Rng};
use alipes_store::{
    About, Conversation, Entry, Journal as _, SqliteOptions, SqliteStore, Store, StoreError,
};
use alipes_wire::Item;

/// When it is, unless a test says otherwise.
pub(crate) const TODAY: Duration = Duration::from_secs(1_800_000_000);

/// A day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Puts back what calls were kept in when each had a row of its own: version 5 and before.
pub(crate) const CALLS_BEFORE_LOTS: &str = "
DROP TABLE call;
DROP TABLE call_kind;
CREATE TABLE call (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, ended TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX call_id ON call (id);
CREATE INDEX call_unanswered ON call (number) WHERE ended <> 'answered';
CREATE TABLE call_endpoint (
    endpoint TEXT NOT NULL, call INTEGER NOT NULL, answered INTEGER NOT NULL,
    first_event_us INTEGER, PRIMARY KEY (endpoint, call)
) STRICT, WITHOUT ROWID;
CREATE TABLE call_fault (
    endpoint TEXT NOT NULL, cause TEXT NOT NULL, call INTEGER NOT NULL, mended INTEGER NOT NULL,
    PRIMARY KEY (endpoint, cause, call)
) STRICT, WITHOUT ROWID;
";

/// A store's folder.
pub(crate) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A room whose store has been made.
    pub(crate) fn made() -> Self {
        let room = Self::new();
        room.open();
        room
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        self.options_at(TODAY)
    }

    /// Somebody whose clock shows this.
    pub(crate) fn options_at(&self, date: Duration) -> SqliteOptions {
        let clock = Clock::anchored(SystemTime::UNIX_EPOCH + date);
        SqliteOptions::within(self.folder.path(), clock, Rng::from_entropy())
    }

    pub(crate) fn open(&self) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(self.options()).unwrap())
    }

    pub(crate) fn open_at(&self, date: Duration) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(self.options_at(date)).unwrap())
    }

    /// Why the store cannot be opened.
    pub(crate) fn refused(&self) -> StoreError {
        match SqliteStore::open(self.options()) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error,
        }
    }

    /// A file of the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) fn user(text: &str) -> Entry {
    Entry::User(Item::user(text))
}

pub(crate) fn said(text: &str) -> Entry {
    Entry::Model(Item::assistant(text))
}

pub(crate) const ENDED: Entry = Entry::Ended { failure: None };

pub(crate) fn about(id: &str) -> About {
    About {
        id: id.to_owned(),
        folder: "/work".to_owned(),
        model: "test/model".to_owned(),
    }
}

/// Begins a conversation with one turn, and gives it back.
pub(crate) async fn talk(store: &Arc<SqliteStore>, id: &str, prompt: &str) {
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    let mut conversation = Conversation::new(store, about(id));
    let turn = vec![user(prompt), said("an answer"), ENDED];
    conversation.append(turn).await.unwrap();
}

/// The texts of a conversation's entries.
pub(crate) async fn texts(store: &SqliteStore, id: &str) -> Vec<String> {
    let entries = store.entries(id, 0, 10_000).await.unwrap();
    let text = |recorded: &alipes_store::Recorded| recorded.entry.text();
    entries.iter().filter_map(text).collect()
}

/// The ids of all conversations, the last used first.
pub(crate) async fn ids(store: &SqliteStore) -> Vec<String> {
    let list = store.list(10_000).await.unwrap();
    list.into_iter().map(|summary| summary.id).collect()
}
