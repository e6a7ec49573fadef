//! What was accepted is there when the store is opened again, whole and in order.

use std::sync::Arc;
use std::task::{Context, Waker};

use alipes_store::{
    Attempt, Conversation, Entry, Journal as _, JournalError, SqliteStore, Standing, Store,
    StoreError, Turn,
};
use alipes_wire::Item;
use futures_util::future::join_all;

use crate::room::{ENDED, Room, about, ids, said, talk, texts, user};

#[tokio::test]
async fn a_conversation_is_found_again_as_it_was() {
    let room = Room::new();
    let odd = Item::parse(r#"{"type":"reasoning", "n":1.0e2,"x":"\u0042 \u0000"}"#).unwrap();
    let entries = vec![
        Entry::Setting(Item::developer("Folder: /work")),
        user("first line\nsecond line"),
        Entry::Model(odd.clone()),
        said("hello"),
        ENDED,
    ];
    {
        let store = room.open();
        let mut conversation = Conversation::new(store, about("a"));
        conversation.append(entries.clone()).await.unwrap();
    }
    let store = room.open();
    let recorded = store.entries("a", 0, 100).await.unwrap();
    let found: Vec<Entry> = recorded.iter().map(|one| one.entry.clone()).collect();
    assert_eq!(found, entries);
    assert_eq!(found[2].item().unwrap().json(), odd.json());
    let summary = store.find("a").await.unwrap();
    assert_eq!(summary.title, "first line");
    assert_eq!((&*summary.folder, &*summary.model), ("/work", "test/model"));
    assert_eq!((summary.turns, summary.standing), (1, Standing::Ended));
    let (_conversation, transcript) = Conversation::resume(store, "a").await.unwrap();
    assert_eq!(transcript.items().len(), 4);
    assert_eq!(transcript.turn(), &Turn::Answered);
}

#[tokio::test]
async fn a_conversation_without_an_entry_leaves_no_trace() {
    let room = Room::new();
    let store = room.open();
    drop(Conversation::new(Arc::clone(&store) as _, about("a")));
    assert_eq!(ids(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_note_is_kept_with_what_comes_next_and_before_it() {
    let room = Room::new();
    let store = room.open();
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    conversation.append(vec![user("go")]).await.unwrap();
    let attempt = Entry::Attempt(Attempt {
        number: 1,
        route: None,
        outcome: "done".to_owned(),
        took_ms: 3,
    });
    conversation.note(attempt.clone());
    assert_eq!(store.entries("a", 0, 9).await.unwrap().len(), 1);
    conversation.append(vec![said("hi")]).await.unwrap();
    let entries = store.entries("a", 0, 9).await.unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1].entry, attempt);
}

#[tokio::test]
async fn a_beginning_that_nobody_waited_for_is_neither_lost_nor_repeated() {
    let room = Room::new();
    let store = room.open();
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    {
        let mut append = conversation.append(vec![user("one")]);
        // Polled once it is in the queue; then whoever waited is interrupted.
        let mut nobody = Context::from_waker(Waker::noop());
        let _ = append.as_mut().poll(&mut nobody);
    }
    conversation.append(vec![user("two")]).await.unwrap();
    conversation.append(vec![user("three")]).await.unwrap();
    assert_eq!(texts(&store, "a").await, ["one", "two", "three"]);
}

#[tokio::test]
async fn many_conversations_write_at_once_and_each_keeps_its_own_order() {
    let room = Room::new();
    let store = room.open();
    let write = |name: String| {
        let store = Arc::clone(&store);
        async move {
            let mut conversation = Conversation::new(store, about(&name));
            for number in 0..20 {
                let entry = user(&format!("{name} says {number}"));
                conversation.append(vec![entry]).await.unwrap();
            }
        }
    };
    join_all((0..40).map(|number| write(format!("c{number}")))).await;
    drop(store);
    let store = room.open();
    assert_eq!(ids(&store).await.len(), 40);
    for number in 0..40 {
        let name = format!("c{number}");
        let expected: Vec<String> = (0..20).map(|line| format!("{name} says {line}")).collect();
        assert_eq!(texts(&store, &name).await, expected);
    }
}

#[tokio::test]
async fn two_processes_write_side_by_side() {
    let room = Room::new();
    let (one, two) = (room.open(), room.open());
    let write = |store, name: &'static str| async move {
        for number in 0..25 {
            talk(store, &format!("{name}{number}"), "hello").await;
        }
    };
    tokio::join!(write(&one, "one"), write(&two, "two"));
    assert_eq!(ids(&one).await.len(), 50);
    assert_eq!(ids(&two).await, ids(&one).await);
}

#[tokio::test]
async fn two_hundred_processes_at_once_lose_nothing() {
    let room = Arc::new(Room::new());
    let mut processes = tokio::task::JoinSet::new();
    for process in 0..200 {
        let room = Arc::clone(&room);
        processes.spawn(async move {
            let store = SqliteStore::opened(room.options(), || {}).await;
            let about = about(&format!("c{process}"));
            let mut conversation = Conversation::new(Arc::new(store.unwrap()), about);
            let turn = || vec![user("hello"), said("an answer"), ENDED];
            // On a slow disk the last of them wait for longer than a person is kept waiting, and hear that.
            while let Err(JournalError(error)) = conversation.append(turn()).await {
                let told = error.downcast_ref::<StoreError>();
                assert!(matches!(told, Some(StoreError::Busy { .. })), "{error}");
            }
        });
    }
    processes.join_all().await;
    let store = room.open();
    assert_eq!(ids(&store).await.len(), 200);
    assert_eq!(store.search("hello", 1_000).await.unwrap().hits.len(), 200);
    drop(store);
    let checked = SqliteStore::check(&room.options()).unwrap();
    assert_eq!((checked.problems.len(), checked.entries), (0, 600));
}

#[tokio::test]
async fn a_long_journal_is_read_in_pages() {
    let room = Room::new();
    let store = room.open();
    let mut conversation = Conversation::new(Arc::clone(&store) as _, about("a"));
    let entries = (0..1_500).map(|number| user(&number.to_string())).collect();
    conversation.append(entries).await.unwrap();
    drop(conversation);
    let (_conversation, transcript) = Conversation::resume(store, "a").await.unwrap();
    assert_eq!(transcript.items().len(), 1_500);
    assert_eq!(transcript.items()[1_499], Item::user("1499"));
}

#[tokio::test]
async fn the_log_does_not_grow_for_ever() {
    let room = Room::new();
    for round in 0..4 {
        let store = room.open();
        for number in 0..300 {
            let entries = (0..30).map(|_| user("a few words to store")).collect();
            let mut conversation =
                Conversation::new(Arc::clone(&store) as _, about(&format!("{round}-{number}")));
            conversation.append(entries).await.unwrap();
        }
    }
    let log = std::fs::metadata(room.path("alipes.db-wal")).map_or(0, |log| log.len());
    assert!(log < 32 << 20, "{log} bytes");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    let folder = room.path("deep/er");
    let mut options = room.options();
    options.folder.clone_from(&folder);
    let store = alipes_store::SqliteStore::open(options).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
}

#[tokio::test]
async fn what_was_said_in_a_conversation_that_is_deleted_is_in_no_file_any_more() {
    let room = Room::new();
    let said = "My Secret Plan ".repeat(4_000);
    let files = |name: &str| {
        let bytes = std::fs::read(room.path(name)).unwrap_or_default();
        let text = b"Secret Plan";
        bytes.windows(text.len()).filter(|at| at == text).count()
    };
    let store = room.open();
    talk(&store, "a", &said).await;
    talk(&store, "b", "hello").await;
    drop(store);
    assert!(files("alipes.db-wal") > 0);
    let store = room.open();
    store.delete("a").await.unwrap();
    drop(store);
    assert_eq!((files("alipes.db"), files("alipes.db-wal")), (0, 0));
    assert_eq!(ids(&room.open()).await, ["b"]);
}
