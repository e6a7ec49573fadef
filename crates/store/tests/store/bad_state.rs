//! Every bad state of a database is named, and what was accepted before is there after.

use std::fs;
use std::sync::Arc;

use alipes_store::{Conversation, Journal as _, SqliteStore, Store, StoreError};
use rusqlite::Connection;

use crate::room::{CALLS_BEFORE_LOTS, Room, about, ids, said, talk, texts, user};

fn sql(room: &Room, sql: &str) {
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

fn version(room: &Room) -> i64 {
    let db = Connection::open(room.path("alipes.db")).unwrap();
    let version = "PRAGMA user_version";
    db.query_row(version, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let room = Room::new();
    let junk = "this is not a database\n".repeat(500);
    fs::write(room.path("alipes.db"), &junk).unwrap();
    let error = room.refused();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("alipes store repair"), "{error}");
    assert_eq!(fs::read_to_string(room.path("alipes.db")).unwrap(), junk);
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let room = Room::new();
    sql(&room, "CREATE TABLE theirs (x)");
    assert!(matches!(room.refused(), StoreError::Foreign { .. }));
    sql(&room, "SELECT * FROM theirs");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_not_touched() {
    let room = Room::made();
    sql(&room, "PRAGMA user_version = 99");
    for error in [
        room.refused(),
        SqliteStore::open_to_read(&room.options()).err().unwrap(),
    ] {
        let newer = matches!(error, StoreError::Newer { found: 99, .. });
        assert!(newer, "{error}");
    }
}

#[tokio::test]
async fn a_schema_that_becomes_newer_meanwhile_is_noticed_before_anything_is_written() {
    let room = Room::new();
    let store = room.open();
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    conversation.append(vec![user("before")]).await.unwrap();
    let known = version(&room);
    sql(&room, "PRAGMA user_version = 99");
    let refused = conversation.append(vec![user("after")]).await.unwrap_err();
    assert!(refused.to_string().contains("newer alipes"), "{refused}");
    sql(&room, &format!("PRAGMA user_version = {known}"));
    conversation.append(vec![user("again")]).await.unwrap();
    assert_eq!(texts(&store, "a").await, ["before", "again"]);
}

#[tokio::test]
async fn a_conversation_that_could_not_begin_twice_begins_when_it_can_with_what_was_noted() {
    let room = Room::new();
    let store = room.open();
    let known = version(&room);
    sql(&room, "PRAGMA user_version = 99");
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    conversation.note(said("a note"));
    for _ in 0..2 {
        let refused = conversation.append(vec![user("hello")]).await.unwrap_err();
        assert!(refused.to_string().contains("newer alipes"), "{refused}");
    }
    sql(&room, &format!("PRAGMA user_version = {known}"));
    conversation.append(vec![user("again")]).await.unwrap();
    assert_eq!(texts(&store, "a").await, ["a note", "again"]);
    conversation.append(vec![user("more")]).await.unwrap();
    assert_eq!(texts(&store, "a").await, ["a note", "again", "more"]);
}

#[tokio::test]
async fn an_alipes_that_does_not_know_what_is_said_into_turns_leaves_the_store_alone() {
    // The last that did not know it stops at schema 4.
    let room = Room::made();
    assert!(version(&room) > 4);
    sql(
        &room,
        &format!("{CALLS_BEFORE_LOTS} PRAGMA user_version = 4"),
    );
    talk(&room.open(), "a", "hello").await;
    assert!(version(&room) > 4);
    assert_eq!(ids(&room.open()).await, ["a"]);
}

#[tokio::test]
async fn an_entry_of_a_newer_alipes_is_no_damage_and_harms_no_other_conversation() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    talk(&store, "b", "hello").await;
    sql(
        &room,
        r#"UPDATE entry SET kind = 'dream', body = '{"of":"sheep"}'
           WHERE number = (SELECT max(number) FROM entry)"#,
    );
    let error = store.entries("b", 0, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerEntry { .. }), "{error}");
    assert!(error.to_string().contains("newer alipes"), "{error}");
    assert_eq!(texts(&store, "a").await, ["hello", "an answer"]);
    assert_eq!(store.search("hello", 10).await.unwrap().hits.len(), 2);
    drop(store);
    let checked = SqliteStore::check(&room.options()).unwrap();
    assert_eq!((checked.problems.len(), checked.newer), (0, 1));
}

#[tokio::test]
async fn a_log_that_was_cut_off_costs_only_what_was_cut() {
    let room = Room::new();
    let there = Room::new();
    let store = room.open();
    for number in 0..20 {
        talk(&store, &format!("c{number:02}"), "hello").await;
    }
    // As a crash of the machine leaves it: the files as they are now, and nobody closes them.
    fs::copy(room.path("alipes.db"), there.path("alipes.db")).unwrap();
    let log = fs::read(room.path("alipes.db-wal")).unwrap();
    let mut sizes = Vec::new();
    for kept in [log.len(), log.len() - 100, log.len() / 2, 100, 0] {
        fs::write(there.path("alipes.db-wal"), &log[..kept]).unwrap();
        let _ = fs::remove_file(there.path("alipes.db-shm"));
        let options = there.options();
        if kept > log.len() / 4 {
            let cut = SqliteStore::open(options).unwrap();
            let mut found = ids(&cut).await;
            found.sort();
            for (number, id) in found.iter().enumerate() {
                assert_eq!(*id, format!("c{number:02}"));
                assert_eq!(texts(&cut, id).await, ["hello", "an answer"]);
            }
            sizes.push(found.len());
        }
        // Without the log's beginning there is no table at all: a store is made anew or read as one.
        let opened = SqliteStore::open(there.options());
        assert!(opened.is_ok(), "{kept} bytes: {:?}", opened.err());
        drop(opened);
        fs::copy(room.path("alipes.db"), there.path("alipes.db")).unwrap();
    }
    assert_eq!(sizes[0], 20);
    assert!(
        sizes.is_sorted_by(|a, b| a >= b) && sizes[2] < 20,
        "{sizes:?}"
    );
}

#[tokio::test]
async fn a_log_that_was_damaged_costs_only_what_came_after_the_damage() {
    let room = Room::new();
    let store = room.open();
    for number in 0..20 {
        talk(&store, &format!("c{number:02}"), "hello").await;
    }
    let log = fs::read(room.path("alipes.db-wal")).unwrap();
    let mut sizes = Vec::new();
    for at in [log.len() / 2, log.len() * 3 / 4, log.len() - 100] {
        let there = Room::new();
        fs::copy(room.path("alipes.db"), there.path("alipes.db")).unwrap();
        let mut damaged = log.clone();
        damaged[at..at + 50].fill(0xaa);
        fs::write(there.path("alipes.db-wal"), damaged).unwrap();
        let store = SqliteStore::open(there.options()).unwrap();
        let mut found = ids(&store).await;
        found.sort();
        for (number, id) in found.iter().enumerate() {
            assert_eq!(*id, format!("c{number:02}"));
            assert_eq!(texts(&store, id).await, ["hello", "an answer"]);
        }
        sizes.push(found.len());
    }
    // What is last of all may be the search index, which no conversation needs.
    assert!(
        sizes.is_sorted() && sizes[0] > 0 && sizes[1] < 20,
        "{sizes:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_cannot_be_written_is_named_with_what_to_do() {
    // Nobody makes a folder there, not even root.
    let mut options = Room::new().options();
    options.folder = "/sys/alipes".into();
    let error = SqliteStore::open(options).err().unwrap();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("--ephemeral"), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_accepted_is_lost() {
    let room = Room::new();
    let mut options = room.options();
    options.largest = 400 << 10;
    let store = Arc::new(SqliteStore::open(options).unwrap());
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    let mut accepted = Vec::new();
    let error = loop {
        let text = format!("{} {}", accepted.len(), "x".repeat(5_000));
        match conversation.append(vec![user(&text)]).await {
            Ok(()) => accepted.push(text),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full"), "{error}");
    assert!(accepted.len() > 10);
    assert_eq!(texts(&store, "a").await, accepted);
    drop((conversation, store));
    // With more room it goes on.
    let store = room.open();
    assert_eq!(texts(&store, "a").await, accepted);
    let (mut conversation, _) = Conversation::resume(Arc::clone(&store) as _, "a")
        .await
        .unwrap();
    conversation.append(vec![user("more")]).await.unwrap();
}

#[tokio::test]
async fn what_is_committed_with_work_that_finds_the_disk_full_is_told_that_it_is_full() {
    let room = Room::new();
    let mut options = room.options();
    options.largest = 600 << 10;
    let store = SqliteStore::open(options).unwrap();
    let long = "x".repeat(20_000);
    let begin = (0..60).map(|number| store.begin(about(&format!("c{number}")), vec![user(&long)]));
    let begun = futures_util::future::join_all(begin).await;
    let refused: Vec<StoreError> = begun.into_iter().filter_map(Result::err).collect();
    assert!(refused.len() > 20, "{}", refused.len());
    let is_full = |error: &StoreError| matches!(error, StoreError::Full { .. });
    assert!(refused.iter().all(is_full), "{refused:?}");
}

#[tokio::test]
async fn one_piece_of_work_that_fails_takes_no_other_with_it() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    let (bad, good) = tokio::join!(
        store.begin(about("a"), vec![user("again")]),
        store.begin(about("b"), vec![user("hello")]),
    );
    assert!(matches!(bad, Err(StoreError::Exists { .. })), "{bad:?}");
    good.unwrap();
    assert_eq!(ids(&store).await, ["b", "a"]);
}

#[tokio::test]
async fn while_a_store_is_waited_for_other_things_go_on_and_it_is_told() {
    let room = Room::made();
    let repair = fs::File::open(room.path("lock")).unwrap();
    repair.lock().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let opened = SqliteStore::opened(room.options(), || tell.send(()).unwrap());
    let let_go = async {
        told.await.unwrap();
        drop(repair);
    };
    let (opened, ()) = tokio::join!(opened, let_go);
    opened.unwrap();
    let untold = SqliteStore::opened(room.options(), || panic!("nobody had to wait"));
    untold.await.unwrap();
}

#[tokio::test]
async fn a_busy_database_is_waited_for() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let append = talk(&store, "b", "hello");
    let let_go = async {
        tokio::task::yield_now().await;
        db.execute_batch("ROLLBACK").unwrap();
    };
    tokio::join!(append, let_go);
    assert_eq!(ids(&store).await, ["b", "a"]);
}

#[tokio::test]
async fn a_database_that_stays_busy_is_named_and_works_again_afterwards() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = store.begin(about("b"), vec![user("hello")]).await;
    assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
    // Who only reads waits for nobody.
    assert_eq!(ids(&store).await, ["a"]);
    db.execute_batch("ROLLBACK").unwrap();
    talk(&store, "b", "hello").await;
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_by_reading() {
    let room = Room::new();
    let error = SqliteStore::open_to_read(&room.options()).err().unwrap();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(!room.path("alipes.db").exists());
}

#[test]
fn what_is_no_file_is_named() {
    let room = Room::new();
    fs::create_dir(room.path("alipes.db")).unwrap();
    let error = room.refused();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
}
