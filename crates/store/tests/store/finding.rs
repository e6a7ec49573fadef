//! Conversations are found by name and by what was said in them.

use alipes_store::{SqliteStore, Store, StoreError};

use crate::room::{DAY, Room, TODAY, about, ids, said, talk};

async fn found(store: &SqliteStore, words: &str) -> Vec<String> {
    let hits = store.search(words, 10).await.unwrap().hits;
    hits.into_iter().map(|hit| hit.id).collect()
}

#[tokio::test]
async fn a_conversation_is_found_by_id_by_its_beginning_and_as_the_last() {
    let room = Room::new();
    let store = room.open();
    for id in ["abc1", "abd2", "ab"] {
        talk(&store, id, "hello").await;
    }
    for (name, expected) in [
        ("abc1", "abc1"),
        ("abd", "abd2"),
        ("ab", "ab"),
        ("last", "ab"),
    ] {
        assert_eq!(store.find(name).await.unwrap().id, expected, "{name}");
    }
    let ambiguous = store.find("a").await;
    assert!(
        matches!(ambiguous, Err(StoreError::Ambiguous { count: 3, .. })),
        "{ambiguous:?}"
    );
    for name in ["x", "", "%", "abc12"] {
        let unknown = store.find(name).await;
        assert!(
            matches!(unknown, Err(StoreError::Unknown { .. })),
            "{name}: {unknown:?}"
        );
    }
}

#[tokio::test]
async fn the_last_one_is_the_last_whatever_the_clock_says() {
    let room = Room::new();
    talk(&room.open_at(TODAY + DAY), "tomorrow", "hello").await;
    let store = room.open_at(TODAY);
    talk(&store, "today", "hello").await;
    assert_eq!(ids(&store).await, ["today", "tomorrow"]);
    assert_eq!(store.find("last").await.unwrap().id, "today");
}

#[tokio::test]
async fn words_are_found_in_whatever_was_said() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "the cat sat on the mat").await;
    talk(&store, "b", "Überraschung: a CAT and a dog").await;
    assert_eq!(found(&store, "cat").await, ["b", "a"]);
    assert_eq!(found(&store, "cat mat").await, ["a"]);
    assert_eq!(found(&store, "uberrasch*").await, ["b"]);
    assert_eq!(found(&store, "horse").await, [""; 0]);
    // Nothing that is typed breaks the search.
    for words in [
        "\"", "a OR", "NEAR(", "*", "text:cat", "(cat", "-cat", "cat^2",
    ] {
        found(&store, words).await;
    }
    let hits = store.search("dog", 10).await.unwrap().hits;
    assert!(hits[0].excerpt.contains("a CAT and a dog"), "{:?}", hits[0]);
}

#[tokio::test]
async fn words_are_found_inside_text_that_has_no_spaces() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "zh", "请帮我用Rust写代码，修复全文检索的错误").await;
    talk(&store, "ja", "データベースの検索を速くしてください").await;
    talk(&store, "ko", "데이터베이스에서 검색하고 고쳐 주세요").await;
    for (words, expected) in [
        ("代码", &["zh"] as &[&str]),
        ("全文检索", &["zh"]),
        ("全文 错误", &["zh"]),
        ("用Rust写", &["zh"]),
        ("rust", &["zh"]),
        ("检", &["zh"]),
        ("検索", &["ja"]),
        ("索", &["ja", "zh"]),
        ("ベース", &["ja"]),
        ("데이터", &["ko"]),
        ("검색", &["ko"]),
        ("检文", &[]),
        ("码代", &[]),
        ("写错", &[]),
    ] {
        assert_eq!(found(&store, words).await, expected, "{words}");
    }
    let hits = store.search("检索", 10).await.unwrap().hits;
    assert!(
        hits[0].excerpt.contains("修复全文检索的错误"),
        "{:?}",
        hits[0]
    );
}

#[tokio::test]
async fn a_conversation_in_which_a_word_stands_a_thousand_times_hides_no_other() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "old", "a needle").await;
    let entries = (0..1_500).map(|_| said("needle")).collect();
    let lease = store.begin(about("long"), entries).await.unwrap();
    store.release(lease);
    assert_eq!(found(&store, "needle").await, ["long", "old"]);
}

#[tokio::test]
async fn a_word_that_is_everywhere_takes_a_bounded_effort_and_that_is_told() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "old", "right").await;
    for number in 0..8 {
        let entries = (0..2_000).map(|_| said("right")).collect();
        let id = format!("c{number}");
        let lease = store.begin(about(&id), entries).await.unwrap();
        store.release(lease);
    }
    for (most, expected) in [(5, (5, true)), (9, (5, false))] {
        let found = store.search("right", most).await.unwrap();
        assert_eq!((found.hits.len(), found.is_whole), expected);
    }
}

#[tokio::test]
async fn an_index_of_an_older_version_is_filled_anew() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "zh", "全文检索").await;
    assert_eq!(found(&store, "检索").await, ["zh"]);
    drop(store);
    let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch(
        "INSERT INTO entry_text (entry_text) VALUES ('delete-all');
         INSERT INTO entry_text (rowid, text) VALUES (1, '全文检索');
         PRAGMA user_version = 7;",
    )
    .unwrap();
    drop(db);
    assert_eq!(found(&room.open(), "检索").await, ["zh"]);
}

#[tokio::test]
async fn what_another_process_has_stored_is_found_at_once() {
    let room = Room::new();
    let (one, two) = (room.open(), room.open());
    assert_eq!(found(&two, "needle").await, [""; 0]);
    talk(&one, "a", "a needle").await;
    assert_eq!(found(&two, "needle").await, ["a"]);
}

#[tokio::test]
async fn what_was_said_in_a_short_process_is_found_where_nobody_can_write_any_more() {
    let room = Room::new();
    talk(&room.open(), "a", "a needle").await;
    let reading = SqliteStore::open_to_read(&room.options()).unwrap();
    assert!(!reading.index_is_behind().await.unwrap());
    assert_eq!(found(&reading, "needle").await, ["a"]);
}

#[tokio::test]
async fn what_was_deleted_is_gone_and_what_was_renamed_has_its_title() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "one needle").await;
    talk(&store, "b", "another needle").await;
    assert_eq!(found(&store, "needle").await, ["b", "a"]);
    store.rename("a", "  my own\ntitle").await.unwrap();
    assert_eq!(store.find("a").await.unwrap().title, "my own");
    // A title that somebody chose is not changed for one that a model found.
    store.entitle("a", "one needle", "A model's").await.unwrap();
    assert_eq!(store.find("a").await.unwrap().title, "my own");
    store
        .entitle("b", "another needle", "A model's")
        .await
        .unwrap();
    assert_eq!(store.find("b").await.unwrap().title, "A model's");
    // What was said last is deleted, and the next entry is found all the same.
    store.delete("b").await.unwrap();
    talk(&store, "c", "third needle").await;
    assert_eq!(found(&store, "needle").await, ["c", "a"]);
    assert_eq!(ids(&store).await, ["c", "a"]);
    let gone = store.entries("b", 0, 9).await;
    assert!(matches!(gone, Err(StoreError::Unknown { .. })), "{gone:?}");
}
