//! Endpoint memory: shared by processes, and in nobody's way.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use alipes_store::{SqliteStore, StoreError};
use alipes_transport::{MemoryRow, MemoryStore as _, MemoryWarning, Snapshot};
use rusqlite::Connection;

use crate::room::{CALLS_BEFORE_LOTS, Room, TODAY, talk};

const LASTING: Duration = Duration::from_secs(600);

/// That this way out needs the shorter ClientHello, as a process noted it just now.
fn hello(egress: &str) -> MemoryRow {
    let noted = TODAY.as_millis();
    let until = noted + LASTING.as_millis();
    MemoryRow {
        about: format!(r#"{{"fact":"classical-hello","egress":"{egress}"}}"#),
        known: format!(r#"{{"noted":{noted},"until":{until}}}"#),
    }
}

fn of(egress: &str) -> Snapshot {
    Snapshot::of_rows([hello(egress)])
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + TODAY
}

fn database(room: &Room) -> Connection {
    Connection::open(room.path("alipes.db")).unwrap()
}

#[tokio::test]
async fn what_one_process_has_learnt_is_known_to_the_others() {
    let room = Room::new();
    let (one, other) = (room.open(), room.open());
    assert!(one.load().await.unwrap().is_empty());
    one.save(of("a"), now()).await.unwrap();
    assert_eq!(other.load().await.unwrap(), of("a"));
    let merged = other.save(of("b"), now()).await.unwrap();
    let both = Snapshot::of_rows([hello("a"), hello("b")]);
    assert_eq!(merged, both);
    let reader = SqliteStore::open_to_read(&room.options()).unwrap();
    assert_eq!(reader.load().await.unwrap(), both);
    let refused = reader.save(of("c"), now()).await.unwrap_err();
    assert!(matches!(refused, MemoryWarning::Unkept(_)), "{refused}");
}

#[tokio::test]
async fn processes_that_keep_at_the_same_time_lose_nothing() {
    let room = Room::made();
    let mut processes = tokio::task::JoinSet::new();
    for process in 0..4 {
        let store = room.open();
        processes.spawn(async move {
            for n in 0..20 {
                let learnt = of(&format!("{process}/{n}"));
                store.save(learnt, now()).await.unwrap();
            }
        });
    }
    processes.join_all().await;
    assert_eq!(room.open().load().await.unwrap().rows().len(), 80);
}

#[tokio::test]
async fn what_has_ended_leaves_the_table() {
    let room = Room::new();
    let store = room.open();
    store.save(of("a"), now()).await.unwrap();
    store.save(of("b"), now() + LASTING).await.unwrap();
    let left = "SELECT count(*) FROM endpoint_memory";
    let left: i64 = database(&room)
        .query_row(left, [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn damaged_rows_cost_only_themselves_and_are_cleared_away() {
    let room = Room::new();
    let store = room.open();
    store.save(of("a"), now()).await.unwrap();
    let damage = "INSERT INTO endpoint_memory VALUES
                  ('', ''), ('7', 'null'), ('{\"fact\":\"of-tomorrow\"}', '{}'),
                  (CAST(x'ff00fe' AS TEXT), '{}')";
    database(&room).execute_batch(damage).unwrap();
    assert_eq!(store.load().await.unwrap(), of("a"));
    let merged = store.save(of("b"), now()).await.unwrap();
    let about = merged.rows().into_iter().map(|row| row.about);
    let expected = ["a", "b"].map(|egress| hello(egress).about);
    assert_eq!(about.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let left = "SELECT count(*) FROM endpoint_memory WHERE about NOT LIKE '%classical%'";
    let left: i64 = database(&room)
        .query_row(left, [], |row| row.get(0))
        .unwrap();
    // One whose name is no text cannot be named.
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_store_that_fails_is_a_warning_that_names_it() {
    let room = Room::new();
    let store = room.open();
    database(&room)
        .execute_batch("DROP TABLE endpoint_memory")
        .unwrap();
    let unread = store.load().await.unwrap_err();
    assert!(matches!(unread, MemoryWarning::Unread(_)), "{unread}");
    assert!(unread.to_string().contains("alipes.db"), "{unread}");
    let unkept = store.save(of("a"), now()).await.unwrap_err();
    assert!(matches!(unkept, MemoryWarning::Unkept(_)), "{unkept}");
    // Conversations are not touched by it.
    talk(&store, "a", "hello").await;
}

#[tokio::test]
async fn what_was_learnt_of_endpoints_is_there_after_a_repair() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    store.save(of("a"), now()).await.unwrap();
    drop(store);
    let damage = "UPDATE entry SET body = 'no entry' WHERE number = 1;
                  INSERT INTO endpoint_memory VALUES ('junk', 'junk')";
    database(&room).execute_batch(damage).unwrap();
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(repaired.moved_to.is_some());
    assert_eq!(room.open().load().await.unwrap(), of("a"));
    let left = "SELECT count(*) FROM endpoint_memory";
    let left: i64 = database(&room)
        .query_row(left, [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 1, "what says nothing is left behind");
}

#[tokio::test]
async fn a_store_that_knows_nothing_of_endpoints_is_repaired_all_the_same() {
    let room = Room::new();
    talk(&room.open(), "a", "hello").await;
    let older = "DROP TABLE endpoint_memory; UPDATE entry SET body = 'no entry' WHERE number = 1";
    database(&room).execute_batch(older).unwrap();
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!(repaired.entries, 2);
    assert!(room.open().load().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_older_store_is_brought_up_to_date_by_whoever_reads_it() {
    let room = Room::new();
    talk(&room.open(), "a", "hello").await;
    database(&room)
        .execute_batch(&format!(
            "{CALLS_BEFORE_LOTS} DROP TABLE endpoint_memory; PRAGMA user_version = 2"
        ))
        .unwrap();
    let reader = SqliteStore::open_to_read(&room.options()).unwrap();
    assert!(reader.load().await.unwrap().is_empty());
    assert_eq!(crate::room::ids(&reader).await, ["a"]);
}

#[tokio::test]
async fn while_an_older_alipes_runs_its_store_is_read_and_who_needs_more_is_told_why() {
    let room = Room::new();
    talk(&room.open(), "a", "hello").await;
    database(&room)
        .execute_batch(&format!(
            "{CALLS_BEFORE_LOTS} DROP TABLE endpoint_memory; PRAGMA user_version = 2"
        ))
        .unwrap();
    let older = std::fs::File::open(room.path("lock")).unwrap();
    older.lock_shared().unwrap();
    let reader = SqliteStore::open_to_read(&room.options()).unwrap();
    assert_eq!(crate::room::ids(&reader).await, ["a"]);
    let unread = reader.load().await.unwrap_err().to_string();
    assert!(unread.contains("older alipes"), "{unread}");
    let refused = room.refused();
    assert!(matches!(refused, StoreError::Older { .. }), "{refused}");
    drop(older);
    assert!(reader.load().await.unwrap().is_empty());
}
