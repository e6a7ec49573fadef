//! One process at a conversation, whatever the clocks say.

use std::sync::Arc;
use std::time::Duration;

use alipes_store::{Conversation, Entry, Journal as _, Standing, Store, StoreError};

use crate::room::{DAY, ENDED, Room, TODAY, about, said, talk, texts, user};

#[tokio::test]
async fn a_conversation_belongs_to_one_process() {
    let room = Room::new();
    let (one, two) = (room.open(), room.open());
    talk(&one, "a", "hello").await;
    let (held, _) = Conversation::resume(Arc::clone(&one) as _, "a")
        .await
        .unwrap();
    for other in [&one, &two] {
        let refused = other.lease("a").await;
        assert!(
            matches!(refused, Err(StoreError::Leased { .. })),
            "{refused:?}"
        );
        let refused = other.delete("a").await;
        assert!(
            matches!(refused, Err(StoreError::Leased { .. })),
            "{refused:?}"
        );
    }
    drop(held);
    // What was given back is committed before what comes after it.
    talk(&one, "b", "hello").await;
    two.lease("a").await.unwrap();
}

#[tokio::test]
async fn a_conversation_is_free_when_its_process_has_ended() {
    let room = Room::new();
    let one = room.open();
    talk(&one, "a", "hello").await;
    // Never given back.
    one.lease("a").await.unwrap();
    drop(one);
    room.open().lease("a").await.unwrap();
}

#[tokio::test]
async fn a_lock_that_outlives_its_process_for_a_moment_is_waited_for() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    let ghost = std::fs::File::create(room.path("holders/ghost")).unwrap();
    ghost.lock().unwrap();
    let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
    let hold = format!(
        "UPDATE lease SET holder = 'ghost', expires_ms = {}",
        (TODAY + DAY).as_millis()
    );
    db.execute_batch(&hold).unwrap();
    let dies = async {
        // What comes behind the first look is done after it.
        store.rename("a", "looked").await.unwrap();
        drop(ghost);
    };
    let (lease, ()) = tokio::join!(store.lease("a"), dies);
    lease.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_holder_whose_file_cannot_be_opened_is_not_taken_for_dead() {
    let room = Room::new();
    let store = room.open();
    talk(&store, "a", "hello").await;
    std::fs::create_dir_all(room.path("holders")).unwrap();
    // Nobody can open what leads to itself, not even root.
    std::os::unix::fs::symlink("blocked", room.path("holders/blocked")).unwrap();
    let hold = |until: Duration| {
        let db = rusqlite::Connection::open(room.path("alipes.db")).unwrap();
        let until = until.as_millis();
        let hold = format!("UPDATE lease SET holder = 'blocked', expires_ms = {until}");
        db.execute_batch(&hold).unwrap();
    };
    hold(TODAY + DAY);
    let refused = store.delete("a").await;
    assert!(
        matches!(refused, Err(StoreError::Leased { .. })),
        "{refused:?}"
    );
    // Its date frees it all the same.
    hold(TODAY);
    store.delete("a").await.unwrap();
}

#[tokio::test]
async fn who_has_slept_through_its_lease_is_refused_and_loses_nothing_it_had_stored() {
    let room = Room::new();
    let one = room.open();
    talk(&one, "a", "hello").await;
    let (mut slept, _) = Conversation::resume(Arc::clone(&one) as _, "a")
        .await
        .unwrap();
    slept.append(vec![user("before")]).await.unwrap();
    let two = room.open_at(TODAY + DAY);
    let (mut taken, _) = Conversation::resume(Arc::clone(&two) as _, "a")
        .await
        .unwrap();
    let refused = slept.append(vec![said("after")]).await.unwrap_err();
    assert!(refused.to_string().contains("taken over"), "{refused}");
    taken.append(vec![said("two"), ENDED]).await.unwrap();
    // Giving back what is not its own any more takes nothing from the other one.
    drop(slept);
    taken.append(vec![user("three")]).await.unwrap();
    let expected = ["hello", "an answer", "before", "two", "three"];
    assert_eq!(texts(&two, "a").await, expected);
}

#[tokio::test]
async fn a_clock_that_goes_back_neither_frees_a_lease_nor_holds_it_for_ever() {
    let room = Room::new();
    let one = room.open_at(TODAY + DAY);
    talk(&one, "a", "hello").await;
    one.lease("a").await.unwrap();
    let two = room.open_at(TODAY);
    let refused = two.lease("a").await;
    assert!(
        matches!(refused, Err(StoreError::Leased { .. })),
        "{refused:?}"
    );
    drop(one);
    two.lease("a").await.unwrap();
}

#[tokio::test]
async fn a_list_tells_who_is_at_work_and_what_was_cut() {
    let room = Room::new();
    let (one, two) = (room.open(), room.open());
    let mut conversation = Conversation::new(Arc::clone(&one) as _, about("a"));
    conversation.append(vec![user("go")]).await.unwrap();
    assert_eq!(two.find("a").await.unwrap().standing, Standing::AtWork);
    // Its person has ended the turn, and is still there.
    conversation.append(vec![Entry::Left]).await.unwrap();
    assert_eq!(two.find("a").await.unwrap().standing, Standing::Open);
    drop(conversation);
    drop(one);
    assert_eq!(two.find("a").await.unwrap().standing, Standing::Interrupted);
    let (mut conversation, _) = Conversation::resume(Arc::clone(&two) as _, "a")
        .await
        .unwrap();
    conversation.append(vec![ENDED]).await.unwrap();
    assert_eq!(two.find("a").await.unwrap().standing, Standing::Open);
    drop(conversation);
    // What was given back is committed before what comes after it.
    two.rename("a", "looked").await.unwrap();
    assert_eq!(two.find("a").await.unwrap().standing, Standing::Ended);
}
