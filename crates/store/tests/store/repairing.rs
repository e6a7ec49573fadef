//! Damage is found, told, and what can be read is saved; backups are whole.

use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use alipes_store::{Checked, Conversation, Entry, Journal as _, SqliteStore, Store, StoreError};
use alipes_wire::Item;

use crate::room::{ENDED, Room, about, ids, said, talk, texts, user};

fn check(room: &Room) -> Checked {
    SqliteStore::check(&room.options()).unwrap()
}

/// A room with conversations that take some pages, all of it in the database file.
async fn filled() -> Room {
    let room = Room::new();
    let store = room.open();
    for number in 0..60 {
        let prompt = format!("needle {number} {}", "hay ".repeat(1_000));
        talk(&store, &format!("c{number:02}"), &prompt).await;
    }
    drop(store);
    let whole = room.path("whole.db");
    room.open().backup(&whole).await.unwrap();
    std::fs::rename(whole, room.path("alipes.db")).unwrap();
    for name in ["alipes.db-wal", "alipes.db-shm"] {
        let _ = std::fs::remove_file(room.path(name));
    }
    room
}

fn overwrite(room: &Room, at: u64, bytes: usize) {
    let options = std::fs::OpenOptions::new()
        .write(true)
        .open(room.path("alipes.db"));
    options
        .unwrap()
        .write_all_at(&vec![0xA5; bytes], at)
        .unwrap();
}

#[tokio::test]
async fn who_waits_for_a_store_to_repair_it_keeps_nobody_on_its_thread_waiting() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    // It waits for the one that has the store open, who goes only when it is its turn here.
    let repairing = SqliteStore::repaired(room.options());
    let (repaired, ()) = tokio::join!(repairing, async { drop(store) });
    assert_eq!(repaired.unwrap().entries, 3);
    let reading = SqliteStore::opened_to_read(room.options()).await.unwrap();
    assert_eq!(reading.find("a").await.unwrap().turns, 1);
    let checked = SqliteStore::checked(room.options()).await.unwrap();
    assert_eq!(checked.entries, 3);
}

#[tokio::test]
async fn a_sound_store_is_called_sound() {
    let room = filled().await;
    let checked = check(&room);
    assert_eq!(checked.problems, [""; 0]);
    assert_eq!((checked.conversations, checked.entries), (60, 180));
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!((repaired.entries, repaired.moved_to), (180, None));
    let store = room.open();
    assert_eq!(store.search("needle", 100).await.unwrap().hits.len(), 60);
}

#[tokio::test]
async fn a_word_said_into_a_turn_is_no_turn_and_is_there_after_a_repair() {
    let room = filled().await;
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    let store = room.open();
    {
        let mut conversation = Conversation::new(Arc::clone(&store) as _, about("steered"));
        let word = Entry::Said(Item::user("be brief"));
        let turn = vec![user("read"), word, said("an answer"), ENDED];
        conversation.append(turn).await.unwrap();
    }
    assert_eq!(store.find("steered").await.unwrap().turns, 1);
    let before = texts(&store, "steered").await;
    drop(store);
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(repaired.moved_to.is_some());
    let store = room.open();
    assert_eq!(store.find("steered").await.unwrap().turns, 1);
    assert_eq!(texts(&store, "steered").await, before);
    assert_eq!(store.search("brief", 10).await.unwrap().hits.len(), 1);
}

#[tokio::test]
async fn what_a_newer_alipes_wrote_is_there_after_a_repair() {
    let room = filled().await;
    let kinds = |sql: &str| -> i64 {
        let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let newer = "SELECT count(*) FROM entry WHERE kind = 'dream'";
    let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
    db.execute("UPDATE entry SET kind = 'dream' WHERE number < 4", [])
        .unwrap();
    drop(db);
    assert_eq!(kinds(newer), 3);
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(repaired.moved_to.is_some());
    assert_eq!(kinds(newer), 3);
}

#[tokio::test]
async fn what_nobody_can_count_is_not_counted() {
    let room = filled().await;
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    // The head of every page but those that say which tables there are.
    for at in (3 * 4096..size).step_by(4096) {
        overwrite(&room, at, 200);
    }
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!((repaired.entries, repaired.unreadable), (0, 0));
    assert_eq!(repaired.may_be_lost, None);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_costs_itself_whatever_gaps_there_are() {
    let room = filled().await;
    let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
    // Text that is none, behind numbers that deletions have left free, and a body that is no entry.
    db.execute_batch(
        "DELETE FROM entry WHERE number BETWEEN 31 AND 90;
         UPDATE entry SET body = CAST(x'22ff22' AS TEXT) WHERE number = 92;
         UPDATE entry SET body = '{' WHERE number = 100;",
    )
    .unwrap();
    drop(db);
    assert_eq!(check(&room).problems.len(), 2);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!((repaired.entries, repaired.unreadable), (118, 2));
    assert_eq!(repaired.may_be_lost, Some(0));
}

#[tokio::test]
async fn behind_a_damaged_page_every_row_is_read_however_far_apart_their_numbers_are() {
    let room = filled().await;
    let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
    // As the numbers of calls are: times.
    db.execute_batch("UPDATE entry SET number = number * 1000000007 WHERE number > 30")
        .unwrap();
    let page: i64 = db
        .query_row(
            "SELECT pageno FROM dbstat WHERE name = 'entry' AND pagetype = 'leaf' LIMIT 1 OFFSET 9",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let on_page: i64 = db
        .query_row(
            "SELECT ncell FROM dbstat WHERE pageno = ?1",
            [page],
            |row| row.get(0),
        )
        .unwrap();
    drop(db);
    overwrite(&room, (u64::try_from(page).unwrap() - 1) * 4096, 4096);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(on_page > 0);
    assert_eq!(
        i64::try_from(repaired.entries).unwrap(),
        180 - on_page,
        "{repaired:?}"
    );
    assert_eq!(repaired.unreadable, 0);
    assert!(
        repaired.may_be_lost.is_some_and(|most| most > 0),
        "{repaired:?}"
    );
}

#[tokio::test]
async fn damaged_pages_cost_what_was_on_them_and_nothing_else() {
    let room = filled().await;
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    assert_ne!(check(&room).problems, [""; 0]);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(
        repaired.entries > 90 && repaired.entries <= 180,
        "{repaired:?}"
    );
    assert!(repaired.moved_to.unwrap().exists());
    assert_eq!(check(&room).problems, [""; 0]);
    let store = room.open();
    let all = ids(&store).await;
    let mut read = 0;
    for id in &all {
        read += store.entries(id, 0, 100).await.unwrap().len() as u64;
    }
    assert_eq!(read, repaired.entries);
    assert!(!store.search("needle", 10).await.unwrap().hits.is_empty());
    talk(&store, "new", "it goes on").await;
}

#[tokio::test]
async fn whichever_page_is_damaged_it_is_told_and_the_store_goes_on_after_a_repair() {
    let whole = filled().await;
    let bytes = std::fs::read(whole.path("alipes.db")).unwrap();
    let pages = bytes.len() as u64 / 4096;
    // The page from which all entries are reached.
    let db = rusqlite::Connection::open(whole.path("alipes.db")).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'entry'";
    let root: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    let root = u64::try_from(root).unwrap() - 1;
    // From the last page to the first, as many as take a few seconds.
    let some = (0..pages)
        .rev()
        .step_by(usize::try_from(pages / 16).unwrap());
    for page in some.chain([root]) {
        let room = Room::new();
        std::fs::write(room.path("alipes.db"), &bytes).unwrap();
        overwrite(&room, page * 4096, 4096);
        // What nothing depends on, such as the index for searches, may be damaged without harm.
        let opened = SqliteStore::open(room.options());
        drop(opened);
        let damaged = !check(&room).problems.is_empty();
        let repaired = SqliteStore::repair(&room.options()).unwrap();
        assert_eq!(repaired.moved_to.is_some(), damaged, "page {page}");
        assert_eq!(check(&room).problems, [""; 0], "page {page}");
        let store = room.open();
        let mut read = 0;
        for id in ids(&store).await {
            read += store.entries(&id, 0, 100).await.unwrap().len();
        }
        if page == root {
            assert_eq!(repaired.may_be_lost, Some(180));
        } else {
            assert!(read > 90, "page {page}: {read} of 180");
        }
        talk(&store, "new", "it goes on").await;
    }
}

#[tokio::test]
async fn a_first_page_that_is_hurt_costs_nothing() {
    for (bytes, is_backup) in [(100, true), (4096, true), (100, false), (4096, false)] {
        let room = match is_backup {
            true => filled().await,
            false => Room::new(),
        };
        let store = room.open();
        talk(&store, "later", "one more").await;
        let kept = store.extent().await.unwrap().conversations;
        drop(store);
        // What closes a database as the last folds its log into it, and that may hold the first page.
        let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
        db.query_row("SELECT max(number) FROM entry", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
        drop(db);
        overwrite(&room, 0, bytes);
        assert!(matches!(room.refused(), StoreError::Corrupt { .. }));
        let repaired = SqliteStore::repair(&room.options()).unwrap();
        let what = format!("{bytes} bytes of {is_backup}: {repaired:?}");
        assert_eq!(repaired.conversations, kept, "{what}");
        assert_eq!(repaired.entries, 3 * kept, "{what}");
        assert_eq!(
            (repaired.unreadable, repaired.may_be_lost),
            (0, Some(0)),
            "{what}"
        );
        assert_eq!(
            texts(&room.open(), "later").await,
            ["one more", "an answer"]
        );
    }
}

#[tokio::test]
async fn a_store_of_which_nothing_can_be_read_is_kept_aside() {
    let room = Room::new();
    std::fs::write(room.path("alipes.db"), "no database at all\n".repeat(9_000)).unwrap();
    assert_eq!(check(&room).problems.len(), 1);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!((repaired.entries, repaired.unreadable), (0, 0));
    assert_eq!(repaired.may_be_lost, None);
    let aside = std::fs::metadata(repaired.moved_to.unwrap()).unwrap();
    assert!(aside.len() > 100_000);
    talk(&room.open(), "new", "it goes on").await;
}

#[tokio::test]
async fn a_repair_for_which_there_is_no_room_leaves_the_store_as_it_was() {
    let room = filled().await;
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let before = std::fs::read(room.path("alipes.db")).unwrap();
    let mut options = room.options();
    options.largest = size / 2;
    let refused = SqliteStore::repair(&options);
    assert!(
        matches!(refused, Err(StoreError::Full { .. })),
        "{refused:?}"
    );
    assert!(std::fs::read(room.path("alipes.db")).unwrap() == before);
    assert!(!room.path("repairing").exists());
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(repaired.entries > 90 && repaired.moved_to.is_some());
}

#[tokio::test]
async fn what_was_only_in_the_log_of_a_damaged_store_is_saved_too() {
    let room = filled().await;
    let store = room.open();
    talk(&store, "later", "in the log").await;
    drop(store);
    assert!(room.path("alipes.db-wal").metadata().unwrap().len() > 0);
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!(repaired.moved_to.is_some(), "{repaired:?}");
    assert_eq!(texts(&room.open(), "later").await[0], "in the log");
    assert!(!room.path("repairing").exists());
}

#[tokio::test]
async fn what_repairs_have_put_aside_is_named_by_the_next() {
    let room = filled().await;
    let size = std::fs::metadata(room.path("alipes.db")).unwrap().len();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let first = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!(first.earlier, [""; 0].map(std::path::PathBuf::from));
    std::fs::create_dir(room.path("repairing")).unwrap();
    std::fs::write(room.path("repairing/alipes.db"), "cut").unwrap();
    overwrite(&room, size / 8192 * 4096, 3 * 4096);
    let second = SqliteStore::repair(&room.options()).unwrap();
    assert_eq!(second.earlier, [first.moved_to.unwrap()]);
    assert!(!room.path("repairing").exists());
}

#[tokio::test]
async fn a_store_that_is_in_use_is_not_repaired() {
    let room = filled().await;
    let store = room.open();
    let refused = SqliteStore::repair(&room.options());
    assert!(
        matches!(refused, Err(StoreError::Busy { .. })),
        "{refused:?}"
    );
    talk(&store, "new", "it goes on").await;
}

#[tokio::test]
async fn a_backup_is_a_whole_store_of_its_own() {
    let room = filled().await;
    let store = room.open();
    let there = Room::new();
    let target = there.path("alipes.db");
    store.backup(&target).await.unwrap();
    talk(&store, "later", "not in the backup").await;
    let copy = there.open();
    assert_eq!(ids(&copy).await.len(), 60);
    assert_eq!(texts(&copy, "c07").await, texts(&store, "c07").await);
    let nowhere = there.path("no/such/folder/x.db");
    for (target, told) in [(target, "name another file"), (nowhere, "No such file")] {
        let error = store.backup(&target).await.unwrap_err();
        assert!(matches!(error, StoreError::NoCopy { .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_backup_that_takes_the_stores_place_keeps_readers_and_writers_apart_as_the_store_did() {
    let room = filled().await;
    let store = room.open();
    let mode = |name: &str| -> String {
        let db = rusqlite::Connection::open(room.path(name)).unwrap();
        db.query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap()
    };
    // The room's store is one.
    assert_eq!(mode("alipes.db"), "wal");
    store.backup(&room.path("copy.db")).await.unwrap();
    assert_eq!(mode("copy.db"), "delete");
}
