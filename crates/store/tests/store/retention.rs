//! What is old goes, and nothing else.

use std::sync::Arc;

use alipes_store::{Conversation, Retention, Store};

use crate::room::{DAY, Room, TODAY, ids, talk};

/// A room with so many conversations, all of one day.
async fn room_of(count: usize) -> Room {
    let room = Room::new();
    let store = room.open();
    for number in 0..count {
        talk(&store, &format!("old{number:02}"), "hello").await;
    }
    room
}

#[tokio::test]
async fn what_was_not_used_for_long_is_deleted_but_for_the_last_few() {
    let room = room_of(25).await;
    let store = room.open_at(TODAY + 40 * DAY);
    talk(&store, "new", "hello").await;
    let keep = |days| Retention::For(days * DAY);
    assert_eq!(store.prune(Retention::Forever).await, Ok(0));
    assert_eq!(store.prune(keep(41)).await, Ok(0));
    assert_eq!(store.prune(keep(30)).await, Ok(6));
    let ids = ids(&store).await;
    assert_eq!(ids.len(), 20);
    assert_eq!((&*ids[0], &*ids[19]), ("new", "old06"));
}

#[tokio::test]
async fn what_a_process_is_at_stays() {
    let room = room_of(25).await;
    let store = room.open_at(TODAY + 40 * DAY);
    let (_at_work, _) = Conversation::resume(Arc::clone(&store) as _, "old00")
        .await
        .unwrap();
    let would = store.unused(Retention::For(DAY)).await.unwrap();
    let would: Vec<&str> = would.iter().map(|summary| &*summary.id).collect();
    assert_eq!(would, ["old01", "old02", "old03", "old04"]);
    assert_eq!(store.prune(Retention::For(DAY)).await, Ok(4));
    assert!(ids(&store).await.contains(&"old00".to_owned()));
}

#[tokio::test]
async fn a_leap_of_the_clock_deletes_nothing() {
    let room = room_of(25).await;
    let keep = Retention::For(30 * DAY);
    for (hours, deleted) in [(0, 0), (960, 0), (961, 0), (986, 5), (24, 0)] {
        let store = room.open_at(TODAY + hours * DAY / 24);
        assert_eq!(store.prune_daily(keep).await, Ok(deleted), "hour {hours}");
    }
}
