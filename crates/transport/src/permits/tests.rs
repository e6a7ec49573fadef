//! Permits under paused time.

use tokio::task::JoinSet;
use tokio::time::advance;
use url::Url;

use super::*;

const LONG: Duration = Duration::from_secs(3_600);
const LIMIT: usize = 2;

fn key() -> LaneKey {
    let endpoint = EndpointKey::of(&Url::parse("http://h/v1").unwrap());
    let account = AccountKey::of(&endpoint, "a");
    (endpoint, account)
}

fn permits() -> Permits {
    Permits::new(Clock::system())
}

fn now(permits: &Permits) -> Option<Permit> {
    permits.try_now(&key(), LIMIT)
}

/// Requests that wait, each known by a name.
type Waiting = JoinSet<(&'static str, Result<Permit, NoPermit>)>;

/// Lets a request wait, and everything that can go on go on.
async fn wait(waiting: &mut Waiting, permits: &Permits, priority: Priority, name: &'static str) {
    let permits = permits.clone();
    waiting.spawn(async move {
        let deadline = Deadline::after(&permits.clock, "turn", LONG);
        (name, permits.wait(&key(), LIMIT, priority, &deadline).await)
    });
    settle().await;
}

async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// The one that has got its permit by now, if one has.
async fn called(waiting: &mut Waiting) -> Option<(&'static str, Permit)> {
    settle().await;
    let (name, permit) = waiting.try_join_next()?.unwrap();
    Some((name, permit.unwrap()))
}

#[tokio::test(start_paused = true)]
async fn as_many_run_as_the_limit_says_and_a_dropped_permit_is_free_again() {
    let permits = permits();
    let (first, second) = (now(&permits).unwrap(), now(&permits).unwrap());
    assert!(now(&permits).is_none());
    drop(first);
    let third = now(&permits).unwrap();
    assert!(now(&permits).is_none());
    drop((second, third));
    let other = (key().0, AccountKey::of(&key().0, "other"));
    assert!(permits.try_now(&other, LIMIT).is_some());
}

#[tokio::test(start_paused = true)]
async fn main_goes_before_auxiliary_and_the_first_to_come_first() {
    let (permits, mut waiting) = (permits(), Waiting::new());
    let (mut running, _other) = (now(&permits).unwrap(), now(&permits).unwrap());
    for (priority, name) in [
        (Priority::Auxiliary, "auxiliary"),
        (Priority::Main, "main 1"),
        (Priority::Main, "main 2"),
    ] {
        wait(&mut waiting, &permits, priority, name).await;
    }
    assert!(called(&mut waiting).await.is_none());
    let mut order = Vec::new();
    while order.len() < 3 {
        drop(running);
        let (name, permit) = called(&mut waiting).await.unwrap();
        order.push(name);
        running = permit;
    }
    assert_eq!(order, ["main 1", "main 2", "auxiliary"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_passes_those_who_wait() {
    let (permits, mut waiting) = (permits(), Waiting::new());
    let (first, second) = (now(&permits).unwrap(), now(&permits).unwrap());
    wait(&mut waiting, &permits, Priority::Main, "waits").await;
    drop((first, second));
    // One of the two places is already the waiting request's.
    assert!(now(&permits).is_some());
    assert_eq!(called(&mut waiting).await.unwrap().0, "waits");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_by_its_deadline_and_says_so() {
    let permits = permits();
    let _running = (now(&permits), now(&permits));
    let deadline = Deadline::after(&permits.clock, "turn", Duration::from_secs(5));
    let waited = permits.wait(&key(), LIMIT, Priority::Main, &deadline).await;
    assert_eq!(waited.unwrap_err(), NoPermit::Expired(deadline.expired()));
    assert_eq!(deadline.remaining(&permits.clock), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_or_never_takes_its_permit_blocks_nobody() {
    let (permits, mut waiting) = (permits(), Waiting::new());
    let (first, second) = (now(&permits).unwrap(), now(&permits).unwrap());
    let mut gone = Waiting::new();
    wait(&mut gone, &permits, Priority::Main, "gone").await;
    wait(&mut waiting, &permits, Priority::Main, "stays").await;
    gone.shutdown().await;
    drop(first);
    let (name, permit) = called(&mut waiting).await.unwrap();
    assert_eq!(name, "stays");
    // Called, and cancelled before it looked: its permit goes on to the next.
    wait(&mut gone, &permits, Priority::Main, "called").await;
    wait(&mut waiting, &permits, Priority::Main, "next").await;
    drop(second);
    gone.abort_all();
    gone.shutdown().await;
    assert_eq!(called(&mut waiting).await.unwrap().0, "next");
    drop(permit);
    assert!(now(&permits).is_some() && now(&permits).is_some());
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_lowers_the_limit_for_ten_minutes() {
    let (permits, mut waiting) = (permits(), Waiting::new());
    let (first, second) = (now(&permits).unwrap(), now(&permits).unwrap());
    assert_eq!(permits.too_many(&key(), LIMIT).to, 1);
    drop(first);
    assert!(now(&permits).is_none(), "one is running, and one is enough");
    wait(&mut waiting, &permits, Priority::Main, "waits").await;
    advance(LOWERED_FOR - Duration::from_secs(1)).await;
    assert!(called(&mut waiting).await.is_none());
    advance(Duration::from_secs(1)).await;
    assert_eq!(called(&mut waiting).await.unwrap().0, "waits");
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn even_the_lowest_limit_lets_one_run() {
    let permits = permits();
    assert_eq!(permits.too_many(&key(), LIMIT).to, 1);
    let until = permits.clock.now() + LONG;
    permits.lower(&key(), LIMIT, Lowered { to: 0, until });
    assert!(now(&permits).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_an_end() {
    let (permits, mut waiting) = (permits(), Waiting::new());
    let _running = (now(&permits), now(&permits));
    for _ in 0..256 {
        wait(&mut waiting, &permits, Priority::Auxiliary, "waits").await;
    }
    let deadline = Deadline::after(&permits.clock, "turn", LONG);
    let refused = permits.wait(&key(), LIMIT, Priority::Main, &deadline).await;
    assert_eq!(refused.unwrap_err(), NoPermit::Full { waiting: 256 });
    waiting.shutdown().await;
    wait(&mut waiting, &permits, Priority::Auxiliary, "fits").await;
    assert!(waiting.try_join_next().is_none(), "a place was free again");
}
