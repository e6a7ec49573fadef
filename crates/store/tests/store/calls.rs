//! Calls on record: found again along every filter, bounded, and never in anybody's way.

use std::sync::Arc;
use std::time::Duration;

use alipes_store::{
    AskedRecord, AttemptEnd, AttemptRecord, CallBodies, CallBounds, CallEnd, CallFilter, CallQueue,
    CallRecord, Calls as _, FaultRecord, Recorder as _, SqliteStore, StoreError, Unwritten,
};
use rusqlite::Connection;

use crate::room::{CALLS_BEFORE_LOTS, DAY, Room, TODAY, ids, talk};

fn fault(cause: &str) -> FaultRecord {
    FaultRecord {
        cause: cause.to_owned(),
        ..FaultRecord::default()
    }
}

/// A call at these endpoints, one after the other: by what each failed, or nothing if it answered
/// after so many microseconds.
fn call(id: &str, way: &[(&str, Result<u64, &str>)]) -> CallRecord {
    let attempt = |(asked, (_, outcome)): (usize, &(&str, Result<u64, &str>))| AttemptRecord {
        asked,
        number: 1,
        end: outcome.map_or(AttemptEnd::Fault, |_| AttemptEnd::Done),
        first_event_us: outcome.ok(),
        fault: outcome.err().map(fault),
        ..AttemptRecord::default()
    };
    let asked = |(endpoint, _): &(&str, Result<u64, &str>)| AskedRecord {
        endpoint: (*endpoint).to_owned(),
        ..AskedRecord::default()
    };
    CallRecord {
        id: format!("call_{id}"),
        end: match way.last() {
            Some((_, Ok(_))) => CallEnd::Answered,
            _ => CallEnd::Failed,
        },
        asked: way.iter().map(asked).collect(),
        attempts: way.iter().enumerate().map(attempt).collect(),
        ..CallRecord::default()
    }
}

fn unwritten(call: CallRecord) -> Unwritten {
    said(call, None)
}

fn said(call: CallRecord, bodies: Option<CallBodies>) -> Unwritten {
    Unwritten {
        size: 100,
        write: Box::new(move || (call, bodies)),
    }
}

async fn record(queue: &CallQueue, calls: impl IntoIterator<Item = CallRecord>) {
    for call in calls {
        queue.record(unwritten(call));
    }
    queue.settled().await;
}

fn queue(store: &Arc<SqliteStore>) -> CallQueue {
    CallQueue::new(Arc::clone(store), CallBounds::default())
}

async fn found(store: &SqliteStore, filter: CallFilter) -> Vec<String> {
    let calls = store.calls(&filter, 100).await.unwrap();
    let id = |id: String| id.trim_start_matches("call_").to_owned();
    calls.into_iter().map(|kept| id(kept.call.id)).collect()
}

fn of(cause: Option<&str>, endpoint: Option<&str>, unanswered: bool) -> CallFilter {
    CallFilter {
        cause: cause.map(str::to_owned),
        endpoint: endpoint.map(str::to_owned),
        since_ms: None,
        unanswered,
    }
}

/// Four calls: answered, mended by the other endpoint, failed at one, failed at both.
async fn four(store: &Arc<SqliteStore>) {
    let calls = [
        call("a1", &[("one", Ok(10))]),
        call("b2", &[("one", Err("challenge")), ("two", Ok(20))]),
        call("c3", &[("one", Err("challenge"))]),
        call("d4", &[("one", Err("cut")), ("two", Err("challenge"))]),
    ];
    record(&queue(store), calls).await;
}

#[tokio::test]
async fn calls_are_found_along_every_filter_the_last_first() {
    let room = Room::new();
    let store = room.open();
    four(&store).await;
    let table: [(CallFilter, &[&str]); 9] = [
        (of(None, None, false), &["d4", "c3", "b2", "a1"]),
        (of(None, None, true), &["d4", "c3"]),
        (of(Some("challenge"), None, false), &["d4", "c3", "b2"]),
        (of(Some("challenge"), None, true), &["d4", "c3"]),
        (of(Some("challenge"), Some("two"), false), &["d4"]),
        (of(Some("challenge"), Some("one"), true), &["c3"]),
        (of(None, Some("two"), false), &["d4", "b2"]),
        (of(None, Some("two"), true), &["d4"]),
        (of(Some("reset"), None, false), &[]),
    ];
    for (filter, expected) in table {
        assert_eq!(found(&store, filter.clone()).await, expected, "{filter:?}");
    }
    assert_eq!(
        store.calls(&of(None, None, false), 2).await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn whoever_lists_and_whoever_follows_sees_the_same_calls_of_a_filter() {
    let room = Room::new();
    let store = room.open();
    four(&store).await;
    let nobody = CallRecord {
        fault: Some(fault("no-credential")),
        ..call("e5", &[])
    };
    let left = CallRecord {
        end: CallEnd::Left,
        ..call("f6", &[("two", Err("cut"))])
    };
    record(&queue(&store), [nobody, left]).await;
    let all = store.calls(&CallFilter::default(), 100).await.unwrap();
    for cause in [None, Some("challenge"), Some("cut"), Some("no-credential")] {
        for endpoint in [None, Some("one"), Some("two"), Some("")] {
            for unanswered in [false, true] {
                let filter = of(cause, endpoint, unanswered);
                let followed = all.iter().filter(|kept| filter.fits(&kept.call));
                let followed: Vec<&str> = followed
                    .map(|kept| kept.call.id.trim_start_matches("call_"))
                    .collect();
                assert_eq!(found(&store, filter.clone()).await, followed, "{filter:?}");
            }
        }
    }
    // The other endpoint has answered what failed at this one.
    let failed = found(&store, of(None, Some("one"), true)).await;
    assert_eq!(failed, ["d4", "c3"]);
}

/// So many calls of every kind, in no order.
fn mixed(count: usize) -> Vec<CallRecord> {
    let ways: [&[(&str, Result<u64, &str>)]; 7] = [
        &[("one", Ok(10))],
        &[("two", Ok(20))],
        &[("one", Err("cut")), ("two", Ok(20))],
        &[("one", Err("cut"))],
        &[("two", Err("reset")), ("one", Err("cut"))],
        &[("three", Err("reset")), ("three", Ok(30))],
        &[],
    ];
    let kind = |number: usize| number * number * 31 % 101 % ways.len();
    let call = |number: usize| CallRecord {
        auxiliary: number.is_multiple_of(5),
        ..call(&format!("{number:05}"), ways[kind(number)])
    };
    (0..count).map(call).collect()
}

#[tokio::test]
async fn calls_that_are_written_together_are_found_one_by_one() {
    let room = Room::new();
    let mut all = mixed(500);
    {
        let queue = queue(&room.open());
        for together in [1, 2, 63, 64, 65, 200, 105] {
            record(&queue, all.drain(..together)).await;
        }
    }
    let store = room.open();
    let all = mixed(500);
    let kept = store.calls(&CallFilter::default(), 1_000).await.unwrap();
    let calls: Vec<&CallRecord> = kept.iter().rev().map(|kept| &kept.call).collect();
    assert!(calls.iter().copied().eq(&all));
    for (index, it) in kept.iter().enumerate().step_by(37) {
        assert_eq!(store.call(&it.call.id).await.as_ref(), Ok(it));
        let since = store.calls_after(it.number, 50).await.unwrap();
        let newer = kept[index.saturating_sub(50)..index].iter().rev();
        assert!(since.iter().eq(newer), "after {}", it.call.id);
    }
    for cause in [None, Some("cut"), Some("reset"), Some("challenge")] {
        for endpoint in [None, Some("one"), Some("two"), Some("three")] {
            for unanswered in [false, true] {
                let filter = of(cause, endpoint, unanswered);
                let meant = kept.iter().filter(|kept| filter.fits(&kept.call)).take(70);
                let listed = store.calls(&filter, 70).await.unwrap();
                assert!(listed.iter().eq(meant), "{filter:?}");
            }
        }
    }
    let turns = |endpoint: &str| {
        let done = |call: &&CallRecord| {
            let last = call.last_asked().filter(|asked| asked.endpoint == endpoint);
            last.is_some() && call.end == CallEnd::Answered
        };
        all.iter().filter(done).count() as u64
    };
    for health in store.endpoint_health().await.unwrap() {
        let endpoint = &*health.endpoint;
        assert_eq!(health.first_events.unwrap().calls, turns(endpoint));
        let at_last =
            |call: &&CallRecord| !call.auxiliary && call.faults().any(|(at, _)| at == endpoint);
        let fault = all.iter().rfind(at_last).map(|call| call.id.clone());
        assert_eq!(health.last_fault.map(|fault| fault.call.id), fault);
    }
}

#[tokio::test]
async fn records_of_an_older_alipes_are_found_as_they_were() {
    let room = Room::new();
    talk(&room.open(), "a", "hello").await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch(CALLS_BEFORE_LOTS).unwrap();
    db.execute_batch("PRAGMA user_version = 5").unwrap();
    for (number, old) in (1_i64 << 40..).zip(mixed(20)) {
        let text = serde_json::to_string(&old).unwrap();
        let id = old.id.trim_start_matches("call_").to_owned();
        let sql = "INSERT INTO call (number, id, ended, record) VALUES (?1, ?2, ?3, ?4)";
        let values = rusqlite::params![number, id, old.end.as_str(), text];
        db.execute(sql, values).unwrap();
        for asked in &old.asked {
            let sql = "INSERT OR IGNORE INTO call_endpoint VALUES (?1, ?2, ?3, 10)";
            let answered = i64::from(old.end == CallEnd::Answered);
            let values = rusqlite::params![asked.endpoint, number, answered];
            db.execute(sql, values).unwrap();
        }
        for (endpoint, fault) in old.faults() {
            let sql = "INSERT OR IGNORE INTO call_fault VALUES (?1, ?2, ?3, ?4)";
            let mended = old.end == CallEnd::Answered;
            let values = rusqlite::params![endpoint, fault.cause, number, mended];
            db.execute(sql, values).unwrap();
        }
    }
    drop(db);
    let store = room.open();
    record(&queue(&store), [call("new", &[("one", Ok(1))])]).await;
    let kept = store.calls(&CallFilter::default(), 100).await.unwrap();
    assert_eq!(kept.len(), 21);
    for it in &kept {
        assert_eq!(store.call(&it.call.id).await.as_ref(), Ok(it));
    }
    for cause in [None, Some("cut"), Some("reset")] {
        for endpoint in [None, Some("one")] {
            for unanswered in [false, true] {
                let filter = of(cause, endpoint, unanswered);
                let meant = kept.iter().filter(|kept| filter.fits(&kept.call));
                let listed = store.calls(&filter, 100).await.unwrap();
                assert!(listed.iter().eq(meant), "{filter:?}");
            }
        }
    }
    let health = store.endpoint_health().await.unwrap();
    let fault = health[0].last_fault.as_ref().unwrap();
    let one = |call: &&CallRecord| !call.auxiliary && call.faults().any(|(at, _)| at == "one");
    let calls = mixed(20);
    assert_eq!(fault.call.id, calls.iter().rfind(one).unwrap().id);
    assert_eq!(
        store.calls_after(kept[5].number, 100).await.unwrap().len(),
        5
    );
}

#[tokio::test]
async fn a_last_call_that_cannot_be_read_hides_no_other_and_brings_no_old_ones_back() {
    let room = Room::new();
    let store = room.open();
    four(&store).await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    let newest = r#"UPDATE call SET record = replace(record, '{"id":"call_d4"', 'zzz')"#;
    assert_eq!(db.execute(newest, []).unwrap(), 1);
    assert_eq!(store.call("last").await.unwrap().call.id, "call_c3");
    let last = store.last_number().await.unwrap();
    assert!(store.calls_after(last, 10).await.unwrap().is_empty());
    record(&queue(&store), [call("e5", &[("one", Ok(1))])]).await;
    let third = store.call("c3").await.unwrap().number;
    let after = store.calls_after(third, 1).await.unwrap();
    assert_eq!(after[0].call.id, "call_e5");
}

#[tokio::test]
async fn a_fault_after_an_answer_is_known_as_that_when_the_clock_was_ahead_once() {
    let room = Room::new();
    four(&room.open_at(TODAY + 365 * DAY)).await;
    let store = room.open();
    let now_ms = u64::try_from(TODAY.as_millis()).unwrap();
    let later = |call: CallRecord, ms: u64| CallRecord {
        begun_ms: now_ms + ms,
        took_us: 5_000,
        ..call
    };
    let answered = later(call("e5", &[("one", Ok(1))]), 0);
    let failed = later(call("f6", &[("one", Err("refused"))]), 10);
    record(&queue(&store), [answered, failed]).await;
    let health = store.endpoint_health().await.unwrap().swap_remove(0);
    assert!(!health.answered_since_fault);
    assert_eq!(health.last_answered_ms, Some(now_ms + 5));
    assert_eq!(health.last_fault.unwrap().at_ms, now_ms + 15);
    let again = later(call("g7", &[("one", Ok(1))]), 20);
    record(&queue(&store), [again]).await;
    let health = store.endpoint_health().await.unwrap().swap_remove(0);
    assert!(health.answered_since_fault);
}

#[tokio::test]
async fn what_was_waited_for_an_attempt_that_was_silent_counts_for_who_answers_in_the_end() {
    let room = Room::new();
    let store = room.open();
    let mut hedged = call("a1", &[("one", Err("silent")), ("one", Ok(2_000))]);
    hedged.attempts[0].begun_us = 1_000;
    hedged.attempts[1].begun_us = 20_001_000;
    let mut elsewhere = call("b2", &[("one", Err("refused")), ("two", Ok(2_000))]);
    elsewhere.attempts[1].begun_us = 9_000_000;
    record(&queue(&store), [hedged, elsewhere]).await;
    let health = store.endpoint_health().await.unwrap();
    let first = |index: usize| health[index].first_events.unwrap().p50_us;
    assert_eq!((first(0), first(1)), (20_002_000, 2_000));
}

#[tokio::test]
async fn calls_are_found_by_when_they_were_recorded_and_followed_from_there() {
    let room = Room::new();
    four(&room.open()).await;
    let later = room.open_at(TODAY + DAY);
    record(&queue(&later), [call("e5", &[("one", Ok(1))])]).await;
    let since = |date: Duration| CallFilter {
        since_ms: Some(u64::try_from(date.as_millis()).unwrap()),
        ..CallFilter::default()
    };
    assert_eq!(found(&later, since(TODAY + DAY)).await, ["e5"]);
    assert_eq!(found(&later, since(TODAY)).await.len(), 5);
    assert!(found(&later, since(TODAY + 2 * DAY)).await.is_empty());
    let all = later.calls(&CallFilter::default(), 100).await.unwrap();
    let after = later.calls_after(all[2].number, 100).await.unwrap();
    let after: Vec<&str> = after.iter().map(|kept| kept.call.id.as_str()).collect();
    assert_eq!(after, ["call_d4", "call_e5"]);
}

#[tokio::test]
async fn a_clock_that_goes_back_changes_no_order() {
    let room = Room::new();
    four(&room.open_at(TODAY + DAY)).await;
    let store = room.open();
    record(&queue(&store), [call("e5", &[("one", Ok(1))])]).await;
    let all = found(&store, CallFilter::default()).await;
    assert_eq!(all[0], "e5");
}

#[tokio::test]
async fn a_call_is_found_by_the_beginning_of_its_id() {
    let room = Room::new();
    let store = room.open();
    let calls = ["abc1", "abd2", "abd2-2"].map(|id| call(id, &[("one", Ok(1))]));
    record(&queue(&store), calls).await;
    for (name, id) in [
        ("abc", "call_abc1"),
        ("call_abc", "call_abc1"),
        ("ABC1", "call_abc1"),
        ("abd2", "call_abd2"),
        ("abd2-", "call_abd2-2"),
        ("last", "call_abd2-2"),
    ] {
        assert_eq!(store.call(name).await.unwrap().call.id, id, "{name}");
    }
    for name in ["", "x", "call_", "abc1%"] {
        let error = store.call(name).await.unwrap_err();
        assert!(
            matches!(error, StoreError::UnknownCall { .. }),
            "{name}: {error}"
        );
    }
    let error = store.call("ab").await.unwrap_err();
    assert!(matches!(error, StoreError::AmbiguousCall { .. }), "{error}");
}

#[tokio::test]
async fn the_health_of_an_endpoint_is_that_of_its_last_calls() {
    let room = Room::new();
    four(&room.open()).await;
    let later = room.open_at(TODAY + DAY);
    let calls = (1..=100).map(|wait| call("f", &[("two", Ok(wait))]));
    record(&queue(&later), calls).await;
    let health = later.endpoint_health().await.unwrap();
    let names: Vec<&str> = health.iter().map(|one| one.endpoint.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    let day = |ms: Option<u64>| Duration::from_millis(ms.unwrap()).as_secs() / DAY.as_secs();
    let today = TODAY.as_secs() / DAY.as_secs();
    assert_eq!(day(health[0].last_answered_ms), today);
    assert_eq!(day(health[1].last_answered_ms), today + 1);
    let fault = health[0].last_fault.as_ref().unwrap();
    assert_eq!((&*fault.call.id, &*fault.cause), ("call_d4", "cut"));
    assert!(!fault.was_mended);
    let first = health[1].first_events.unwrap();
    // One of the hundred and one came the day before.
    assert_eq!((first.calls, first.p50_us, first.p95_us), (101, 50, 95));
}

#[tokio::test]
async fn the_oldest_go_when_records_take_too_much() {
    let room = Room::new();
    let store = room.open();
    let bounds = CallBounds {
        bytes: 20_000,
        ..CallBounds::default()
    };
    let queue = CallQueue::new(Arc::clone(&store), bounds);
    for number in 0..300 {
        let way: &[_] = if number % 2 == 0 {
            &[("one", Err("cut"))]
        } else {
            &[("one", Ok(1))]
        };
        record(&queue, [call(&format!("{number:03}"), way)]).await;
    }
    let left = found(&store, CallFilter::default()).await;
    assert!((20..200).contains(&left.len()), "{}", left.len());
    assert_eq!(left[0], "299");
    let expected: Vec<String> = (300 - left.len()..300)
        .rev()
        .map(|n| format!("{n:03}"))
        .collect();
    assert_eq!(left, expected);
    // Nothing refers to what is gone.
    let db = Connection::open(room.path("alipes.db")).unwrap();
    let sql = "SELECT count(*) FROM call_kind WHERE call < (SELECT min(number) FROM call)";
    let stray: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(stray, 0);
    assert_eq!(queue.warning(), None);
}

#[tokio::test]
async fn old_records_go_by_day_and_a_leap_of_the_clock_deletes_nothing() {
    let room = Room::new();
    let store = room.open();
    four(&store).await;
    queue(&store).prune_daily().await.unwrap();
    // A month and more at once may be a leap of the clock.
    for (days, left) in [(29, 4), (29 + 31, 4), (29 + 33, 0)] {
        let store = room.open_at(TODAY + days * DAY);
        queue(&store).prune_daily().await.unwrap();
        assert_eq!(
            found(&store, CallFilter::default()).await.len(),
            left,
            "{days}"
        );
    }
}

#[tokio::test]
async fn what_old_records_took_counts_no_more_with_what_was_said_in_them() {
    let room = Room::new();
    let store = room.open();
    let bodies = CallBodies {
        request: "question".repeat(100),
        response: "answer".to_owned(),
    };
    let before = queue(&store);
    before.record(said(call("a1", &[("one", Ok(1))]), Some(bodies)));
    before.settled().await;
    before.prune_daily().await.unwrap();
    for days in [30, 31] {
        let later = room.open_at(TODAY + days * DAY);
        queue(&later).prune_daily().await.unwrap();
    }
    let db = Connection::open(room.path("alipes.db")).unwrap();
    let sql = "SELECT value FROM fact WHERE name = 'call_bytes'";
    let bytes: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(bytes, 0);
}

#[tokio::test]
async fn what_was_said_expires() {
    let room = Room::new();
    let store = room.open();
    let bodies = CallBodies {
        request: "question".to_owned(),
        response: "answer".to_owned(),
    };
    let queue = queue(&store);
    queue.record(said(call("a1", &[("one", Ok(1))]), Some(bodies.clone())));
    queue.settled().await;
    let number = store.call("last").await.unwrap().number;
    assert_eq!(store.bodies(number).await, Ok(Some(bodies)));
    let later = room.open_at(TODAY + 2 * DAY);
    assert_eq!(later.bodies(number).await, Ok(None));
    // The next call that is recorded takes it off the disk.
    record(
        &CallQueue::new(later, CallBounds::default()),
        [call("b2", &[("one", Ok(1))])],
    )
    .await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    let count = "SELECT count(*) FROM call_body";
    let left: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_full_store_costs_records_and_one_warning_and_recording_goes_on_when_there_is_room() {
    let room = Room::new();
    let mut options = room.options();
    options.largest = 200 << 10;
    let store = Arc::new(SqliteStore::open(options).unwrap());
    let queue = queue(&store);
    let huge = |id: &str| CallRecord {
        conversation: "x".repeat(300 << 10),
        ..call(id, &[("one", Ok(1))])
    };
    record(&queue, [huge("a1")]).await;
    record(&queue, [huge("b2")]).await;
    let warning = queue.warning().unwrap();
    assert_eq!(warning.lost, 2);
    assert!(
        matches!(warning.why, Some(StoreError::Full { .. })),
        "{warning}"
    );
    assert_eq!(queue.warning(), None);
    record(&queue, [call("c3", &[("one", Ok(1))])]).await;
    assert_eq!(found(&store, CallFilter::default()).await, ["c3"]);
    assert_eq!(queue.warning(), None);
}

#[tokio::test]
async fn records_never_wait_and_what_is_too_much_is_counted() {
    let room = Room::new();
    let store = room.open();
    let queue = queue(&store);
    // The writing thread is held up.
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..3_000 {
        queue.record(unwritten(call(&format!("{number:04}"), &[("one", Ok(1))])));
    }
    let lost = queue.warning().unwrap();
    assert!(lost.lost > 900 && lost.why.is_none(), "{lost}");
    db.execute_batch("ROLLBACK").unwrap();
    queue.settled().await;
    let kept = store.calls(&CallFilter::default(), 10_000).await.unwrap();
    assert!(kept.len() >= 1_024 && kept.len() < 2_100, "{}", kept.len());
}

#[tokio::test]
async fn a_record_is_written_although_nothing_else_comes_and_nobody_waits_for_it() {
    let room = Room::new();
    let store = room.open();
    let queue = queue(&store);
    queue.record(unwritten(call("alone", &[("one", Ok(1))])));
    while found(&store, CallFilter::default()).await != ["alone"] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn records_that_gather_are_written_before_the_store_closes() {
    let room = Room::new();
    {
        let queue = queue(&room.open());
        for id in ["c1", "c2"] {
            queue.record(unwritten(call(id, &[("one", Ok(1))])));
        }
    }
    let found = found(&room.open(), CallFilter::default()).await;
    assert_eq!(found, ["c2", "c1"]);
}

#[tokio::test]
async fn conversations_go_on_beside_a_flood_of_records() {
    let room = Room::new();
    let store = room.open();
    let queue = queue(&store);
    for number in 0..1_000 {
        queue.record(unwritten(call(&format!("{number:04}"), &[("one", Ok(1))])));
    }
    talk(&store, "a", "hello").await;
    assert_eq!(ids(&store).await, ["a"]);
    queue.settled().await;
    assert_eq!(
        store
            .calls(&CallFilter::default(), 10_000)
            .await
            .unwrap()
            .len(),
        1_000
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_hides_no_other() {
    let room = Room::new();
    let store = room.open();
    four(&store).await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch(r#"UPDATE call SET record = replace(record, '"call_c3"', '3')"#)
        .unwrap();
    assert_eq!(
        found(&store, CallFilter::default()).await,
        ["d4", "b2", "a1"]
    );
    assert!(store.call("c3").await.is_err());
}

#[tokio::test]
async fn a_store_from_before_there_were_records_gets_them() {
    let room = Room::new();
    talk(&room.open(), "a", "hello").await;
    let db = Connection::open(room.path("alipes.db")).unwrap();
    db.execute_batch(
        "DROP TABLE call; DROP TABLE call_kind; DROP TABLE call_body; DROP TABLE endpoint_memory;
         PRAGMA user_version = 1",
    )
    .unwrap();
    drop(db);
    let store = room.open();
    four(&store).await;
    assert_eq!(found(&store, CallFilter::default()).await.len(), 4);
    assert_eq!(ids(&store).await, ["a"]);
}

#[tokio::test]
async fn records_outlive_a_repair_but_for_those_on_damaged_pages() {
    let room = Room::new();
    let id = |day: u32, number: u32| format!("d{day}n{number:02}");
    for day in 0..3 {
        let store = room.open_at(TODAY + day * DAY);
        let large = |number| CallRecord {
            conversation: "x".repeat(500),
            ..call(&id(day, number), &[("one", Err("cut")), ("two", Ok(1))])
        };
        record(&queue(&store), (0..30).map(large)).await;
        if day == 2 {
            let bodies = CallBodies {
                request: "question".to_owned(),
                response: "answer".to_owned(),
            };
            let last = call("said", &[("one", Ok(1))]);
            let queue = queue(&store);
            queue.record(said(last, Some(bodies)));
            queue.settled().await;
            store.backup(&room.path("whole.db")).await.unwrap();
        }
    }
    let mut whole = std::fs::read(room.path("whole.db")).unwrap();
    let text = b"\"id\":\"call_d1n15\"";
    let at = whole.windows(text.len()).position(|bytes| bytes == text);
    let page = at.unwrap() / 4096 * 4096;
    whole[page..page + 4096].fill(0xA5);
    for name in ["alipes.db-wal", "alipes.db-shm"] {
        let _ = std::fs::remove_file(room.path(name));
    }
    std::fs::write(room.path("alipes.db"), whole).unwrap();

    let repaired = SqliteStore::repair(&room.options()).unwrap();
    assert!((91 - 32..91).contains(&repaired.calls), "{repaired:?}");
    let store = room.open_at(TODAY + 2 * DAY);
    let kept = found(&store, of(Some("cut"), Some("one"), false)).await;
    assert_eq!(kept.len() as u64 + 1, repaired.calls);
    for number in 0..30 {
        assert!(kept.contains(&id(0, number)) && kept.contains(&id(2, number)));
    }
    assert!(!kept.contains(&id(1, 15)));
    let said = store.call("last").await.unwrap();
    assert_eq!(said.call.id, "call_said");
    let bodies = store.bodies(said.number).await.unwrap();
    assert_eq!(bodies.unwrap().response, "answer");
    // What is recorded from now on comes behind it.
    record(&queue(&store), [call("new", &[("one", Ok(1))])]).await;
    assert_eq!(found(&store, of(None, None, false)).await[0], "new");
}
