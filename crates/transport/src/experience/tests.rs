//! What faults and answers mean to all of it, and what the next process knows.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use alipes_base::Deadline;
use alipes_net::EgressKey;
use futures_util::future::BoxFuture;
use tokio::time::advance;

use super::*;
use crate::breaker::Destination;
use crate::{AccountKey, EndpointKey, Priority, Profile};

const START: Duration = Duration::from_secs(1_795_000_000);

/// A store in memory, or one that always fails.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Snapshot>,
    broken: bool,
}

impl MemoryStore for Shelf {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async {
            self.working()?;
            Ok(self.kept.lock().unwrap().clone())
        })
    }

    fn save(
        &self,
        ours: Snapshot,
        now: SystemTime,
    ) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async move {
            self.working()?;
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.merge(ours, now);
            Ok(kept.clone())
        })
    }
}

impl Shelf {
    fn working(&self) -> Result<(), MemoryWarning> {
        let warning = || MemoryWarning::Unread("the shelf is broken".into());
        (!self.broken).then_some(()).ok_or_else(warning)
    }
}

/// A process of its own on the same machine, at the same time.
struct Process {
    experience: Experience,
    dials: alipes_net::Dialer,
}

fn process(clock: &Clock) -> Process {
    use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
    let dials = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    Process {
        experience: Experience::new(clock.clone()),
        dials,
    }
}

impl Process {
    async fn keep(&self, store: &Shelf) -> Option<MemoryWarning> {
        self.experience.keep(store, self.dials.memory()).await
    }

    async fn recall(&self, store: &Shelf) -> Option<MemoryWarning> {
        self.experience.recall(store, self.dials.memory()).await
    }

    fn failed(&self, phase: Phase, cause: Cause, change: impl FnOnce(&mut Fault)) {
        let mut fault = Fault::new(phase, cause);
        fault.route = Route::WebSocket;
        change(&mut fault);
        self.experience.failed(&to(), &endpoint(), fault);
    }
}

fn clock() -> Clock {
    Clock::anchored(SystemTime::UNIX_EPOCH + START)
}

fn endpoint() -> Endpoint {
    let profile = Profile::named("openai-codex").unwrap();
    Endpoint::new("test", "https://h.example/v1", profile, None).unwrap()
}

fn to() -> Destination {
    let endpoint = EndpointKey::of(endpoint().base_url());
    Destination {
        egress: "direct 192.0.2.7".to_owned(),
        account: AccountKey::of(&endpoint, "a"),
        endpoint,
        model: "m".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_process_knows_what_this_one_has_met() {
    let (clock, store) = (clock(), Shelf::default());
    let (first, next) = (process(&clock), process(&clock));
    first.failed(Phase::Upgrade, Cause::UpgradeRefused, |_| {});
    for _ in 0..5 {
        first.failed(Phase::Headers, Cause::Overloaded, |_| {});
    }
    let hello = EgressKey::from("direct 192.0.2.7");
    let until = clock.wall() + DAY;
    first.dials.memory().make_classical(hello.clone(), until);
    let calm = || ("h:443".to_owned(), 4, until);
    let (server, factor, _) = calm();
    first.dials.memory().make_calm(server, factor, until);
    assert!(first.keep(&store).await.is_none());

    advance(Duration::from_secs(5)).await;
    assert!(next.recall(&store).await.is_none());
    let refused = next.experience.route_left_alone(&to(), Route::WebSocket);
    let refused = refused.unwrap();
    assert_eq!(refused.ago, Duration::from_secs(5));
    assert_eq!(refused.remaining, REST - refused.ago);
    assert_eq!(refused.reason.unwrap().cause, Cause::UpgradeRefused);
    let overloaded = next.experience.destination_left_alone(&to()).unwrap();
    assert_eq!(overloaded.reason.unwrap().cause, Cause::Overloaded);
    assert_eq!(overloaded.ago, Duration::from_secs(5));
    assert_eq!(next.dials.memory().classical(), [(hello, until)]);
    assert_eq!(next.dials.memory().calmed(), [calm()]);
}

#[tokio::test(start_paused = true)]
async fn ipv6_that_was_silent_is_known_to_the_next_process_until_it_answers() {
    let (clock, store) = (clock(), Shelf::default());
    let (first, second, third) = (process(&clock), process(&clock), process(&clock));
    let key = EgressKey::from("direct 192.0.2.7");
    let until = clock.wall() + DAY;
    first.dials.memory().make_ipv6_silent("h", &key, until);
    first.keep(&store).await;
    second.recall(&store).await;
    assert!(second.dials.memory().is_ipv6_silent("h", &key));
    advance(Duration::from_secs(1)).await;
    second.dials.memory().hears_ipv6("h", &key);
    second.keep(&store).await;
    // Whoever still believed it hears better, too.
    first.keep(&store).await;
    third.recall(&store).await;
    for process in [&first, &third] {
        assert!(!process.dials.memory().is_ipv6_silent("h", &key));
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_that_passes_large_hellos_again_is_known_to_every_process() {
    let (clock, store) = (clock(), Shelf::default());
    let (first, second, third) = (process(&clock), process(&clock), process(&clock));
    let key = EgressKey::from("direct 192.0.2.7");
    let until = clock.wall() + DAY;
    first.dials.memory().make_classical(key.clone(), until);
    first.keep(&store).await;
    second.recall(&store).await;
    advance(Duration::from_secs(1)).await;
    second.dials.memory().passes_large_hellos(&key);
    second.keep(&store).await;
    first.keep(&store).await;
    third.recall(&store).await;
    for process in [&first, &third] {
        assert_eq!(process.dials.memory().classical(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_back_what_was_stored() {
    let (clock, store) = (clock(), Shelf::default());
    let (first, second, third) = (process(&clock), process(&clock), process(&clock));
    first.failed(Phase::Upgrade, Cause::Challenge, |_| {});
    for _ in 0..5 {
        first.failed(Phase::Headers, Cause::Overloaded, |_| {});
    }
    first.keep(&store).await;
    second.recall(&store).await;
    advance(Duration::from_secs(1)).await;
    second.experience.answered(&to(), Route::WebSocket);
    second.keep(&store).await;
    first.keep(&store).await;
    third.recall(&store).await;
    for process in [&second, &third] {
        let known = &process.experience;
        assert!(known.route_left_alone(&to(), Route::WebSocket).is_none());
        assert!(known.destination_left_alone(&to()).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_about_one_route_and_says_which_request() {
    let process = process(&clock());
    process.failed(Phase::Headers, Cause::Challenge, |fault| {
        fault.route = Route::Sse;
        fault.evidence.cf_ray = Some("8f2-SJC".to_owned());
    });
    let known = &process.experience;
    let left = known.route_left_alone(&to(), Route::Sse).unwrap();
    assert_eq!(left.reason.unwrap().cf_ray.as_deref(), Some("8f2-SJC"));
    assert!(known.route_left_alone(&to(), Route::WebSocket).is_none());
    assert!(known.destination_left_alone(&to()).is_none());
    advance(REST).await;
    assert!(known.route_left_alone(&to(), Route::Sse).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_spent_plan_is_left_alone_until_its_reset() {
    let process = process(&clock());
    let reset = Duration::from_secs(3_600);
    process.failed(Phase::Headers, Cause::UsageLimit, |fault| {
        fault.retry_after = Some(reset);
    });
    let left = process.experience.destination_left_alone(&to()).unwrap();
    assert_eq!(left.remaining, reset);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_concurrency_is_asked_by_fewer_at_once() {
    let (clock, store) = (clock(), Shelf::default());
    let (first, next) = (process(&clock), process(&clock));
    let limit = endpoint().profile().concurrency;
    let permits = &first.experience.permits;
    let running = [(); 3].map(|()| permits.try_now(&to().lane(), limit).unwrap());
    first.failed(Phase::Headers, Cause::RateLimited, |fault| {
        fault.message = Some("Too many concurrent requests".to_owned());
    });
    drop(running);
    assert!(first.experience.destination_left_alone(&to()).is_none());
    first.keep(&store).await;
    next.recall(&store).await;
    let met = next.experience.limit_met(&to()).unwrap();
    assert_eq!(met.to, 2);
    let permits = &next.experience.permits;
    permits.lower(&to().lane(), limit, met);
    let _running = [(); 2].map(|()| permits.try_now(&to().lane(), limit).unwrap());
    let deadline = Deadline::after(&clock, "turn", Duration::from_secs(1));
    let lane = to().lane();
    let third = permits.wait(&lane, limit, Priority::Main, &deadline);
    assert!(third.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn two_unrelated_endpoints_out_of_reach_mean_offline_and_condemn_nobody() {
    let known = process(&clock()).experience;
    let unreachable = || Fault::new(Phase::Connect, Cause::Unreachable);
    let first = known.failed(&to(), &endpoint(), unreachable());
    assert_eq!(first.cause, Cause::Unreachable);
    let profile = Profile::named("openai").unwrap();
    let other = Endpoint::new("other", "https://other.test/v1", profile, None).unwrap();
    let second = known.failed(&to(), &other, unreachable());
    assert_eq!(second.cause, Cause::Offline);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_one_warning() {
    let broken = Shelf {
        broken: true,
        ..Shelf::default()
    };
    let process = process(&clock());
    process.failed(Phase::Upgrade, Cause::UpgradeRefused, |_| {});
    assert!(process.recall(&broken).await.is_some());
    assert!(process.keep(&broken).await.is_none());
}
