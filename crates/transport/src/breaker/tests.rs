//! Breakers under paused time.

use alipes_base::Clock;
use tokio::time::advance;
use url::Url;

use super::*;
use crate::reason::Reason;
use crate::{AccountKey, Cause, EndpointKey, Fault, Phase};

fn now() -> Instant {
    Clock::system().now()
}

fn after(seconds: u64) -> Instant {
    now() + Duration::from_secs(seconds)
}

fn destination(host: &str, model: &str, account: &str) -> Destination {
    let endpoint = EndpointKey::of(&Url::parse(host).unwrap());
    Destination {
        egress: "direct 192.0.2.7".to_owned(),
        account: AccountKey::of(&endpoint, account),
        endpoint,
        model: model.to_owned(),
    }
}

/// Leave to go, unless a breaker is against it.
fn admit(breakers: &Breakers, keys: &[BreakerKey], now: Instant) -> Result<Admission, Opened> {
    match breakers.worst(keys, now) {
        Some(open) => Err(open),
        None => Ok(breakers.insist(keys, now)),
    }
}

fn fault(cause: Cause) -> Fault {
    Fault::new(Phase::Connect, cause)
}

fn fail_in_a_row(breaker: &mut Breaker, times: usize) {
    for _ in 0..times {
        breaker.failed(now(), None);
    }
}

/// Counts `times` faults of `cause` against `to`.
fn fail(breakers: &Breakers, to: &Destination, cause: Cause, times: usize) {
    for _ in 0..times {
        let fault = fault(cause);
        if let Some(key) = to.condemned_by(&fault) {
            breakers.failed(key, Reason::of(&fault), None, now());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn five_in_a_row_open_it_and_an_answer_between_starts_anew() {
    let mut breaker = Breaker::default();
    for _ in 0..4 {
        assert!(!breaker.failed(now(), None));
    }
    breaker.succeeded(now());
    for _ in 0..4 {
        assert!(!breaker.failed(now(), None));
    }
    assert_eq!(breaker.verdict(now()), Verdict::Closed);
    assert!(breaker.failed(now(), None));
    assert_eq!(breaker.verdict(now()), Verdict::Open { until: after(15) });
}

#[tokio::test(start_paused = true)]
async fn under_half_of_ten_within_a_minute_opens_it_too() {
    let mut breaker = Breaker::default();
    let half = [
        true, false, true, false, true, false, true, false, true, false,
    ];
    for good in half {
        match good {
            true => breaker.succeeded(now()),
            false => fail_in_a_row(&mut breaker, 1),
        }
    }
    assert_eq!(breaker.verdict(now()), Verdict::Closed, "half is enough");
    assert!(breaker.failed(now(), None), "5 of 11 are not");

    let mut slow = Breaker::default();
    for good in half.into_iter().chain([false]) {
        advance(Duration::from_secs(7)).await;
        match good {
            true => slow.succeeded(now()),
            false => fail_in_a_row(&mut slow, 1),
        }
    }
    assert_eq!(
        slow.verdict(now()),
        Verdict::Closed,
        "older ones do not count"
    );
}

#[tokio::test(start_paused = true)]
async fn one_request_probes_and_each_failed_probe_doubles_the_rest_up_to_ten_minutes() {
    let mut breaker = Breaker::default();
    fail_in_a_row(&mut breaker, 5);
    for rest in [15, 30, 60, 120, 240, 480, 600, 600] {
        advance(Duration::from_secs(rest) - Duration::from_millis(1)).await;
        assert!(matches!(breaker.verdict(now()), Verdict::Open { .. }));
        advance(Duration::from_millis(1)).await;
        assert_eq!(breaker.verdict(now()), Verdict::ProbeDue, "{rest}");
        breaker.probe(now());
        assert!(matches!(breaker.verdict(now()), Verdict::Open { .. }));
        breaker.failed(now(), None);
    }
    breaker.probe(now());
    breaker.succeeded(now());
    assert_eq!(breaker.verdict(now()), Verdict::Closed);
}

#[tokio::test(start_paused = true)]
async fn who_insists_while_it_rests_does_not_lengthen_the_rest() {
    let mut breaker = Breaker::default();
    fail_in_a_row(&mut breaker, 20);
    assert_eq!(breaker.verdict(now()), Verdict::Open { until: after(15) });
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_spent_until_a_known_time_is_left_alone_until_then() {
    let mut breaker = Breaker::default();
    assert!(breaker.failed(now(), Some(after(3_600))));
    assert_eq!(
        breaker.verdict(now()),
        Verdict::Open {
            until: after(3_600)
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_or_never_ends_lets_the_next_one_probe() {
    let (breakers, to) = (Breakers::default(), destination("http://h/v1", "m", "a"));
    fail(&breakers, &to, Cause::Refused, 5);
    let keys = to.breakers();
    let denied = admit(&breakers, &keys, now()).unwrap_err();
    assert_eq!((denied.reason.cause, denied.since), (Cause::Refused, now()));
    advance(Duration::from_secs(15)).await;
    let probe = admit(&breakers, &keys, now()).unwrap();
    assert!(admit(&breakers, &keys, now()).is_err(), "only one probes");
    drop(probe);
    let _stuck = admit(&breakers, &keys, now()).unwrap();
    advance(PROBE).await;
    assert!(admit(&breakers, &keys, now()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_whoever_insisted_closes_it() {
    let (breakers, to) = (Breakers::default(), destination("http://h/v1", "m", "a"));
    fail(&breakers, &to, Cause::Overloaded, 5);
    let keys = to.breakers();
    let admission = breakers.insist(&keys, now());
    let closed = breakers.succeeded(&keys, now());
    assert_eq!(
        closed,
        [to.condemned_by(&fault(Cause::Overloaded)).unwrap()]
    );
    drop(admission);
    assert!(admit(&breakers, &keys, now()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_fault_condemns_what_its_scope_says_and_nothing_else() {
    let to = destination("http://h/v1", "m", "a");
    let others = [
        destination("http://other/v1", "m", "a"),
        destination("http://h/v1", "other", "a"),
        destination("http://h/v1", "m", "other"),
    ];
    // Whether each of the others is denied: another endpoint, model, account.
    let table = [
        (Cause::Refused, [false, true, true]),
        (Cause::Reset, [false, true, true]),
        (Cause::ResolverFailed, [false, true, true]),
        (Cause::Certificate, [false, true, true]),
        (Cause::Intercepted, [false, true, true]),
        (Cause::ServerError, [false, true, true]),
        (Cause::Overloaded, [false, false, true]),
        (Cause::UsageLimit, [false, true, false]),
        (Cause::RateLimited, [false, true, false]),
        (Cause::Unauthorized, [false, true, false]),
    ];
    for (cause, denied) in table {
        let breakers = Breakers::default();
        fail(&breakers, &to, cause, 5);
        assert!(
            admit(&breakers, &to.breakers(), now()).is_err(),
            "{cause:?}"
        );
        let found = others
            .each_ref()
            .map(|other| admit(&breakers, &other.breakers(), now()).is_err());
        assert_eq!(found, denied, "{cause:?}");
    }
    for cause in [
        Cause::StaleConnection,
        Cause::Offline,
        Cause::InvalidRequest,
        Cause::Cancelled,
        Cause::UpgradeRefused,
    ] {
        assert_eq!(to.condemned_by(&fault(cause)), None, "{cause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_process_found_open_is_believed_and_probed_in_time() {
    let (breakers, to) = (Breakers::default(), destination("http://h/v1", "m", "a"));
    let overloaded = fault(Cause::Overloaded);
    let opened = Opened {
        reason: Reason::of(&overloaded),
        since: now(),
        until: after(30),
    };
    let key = to.condemned_by(&overloaded).unwrap();
    assert!(key.outlives_the_process());
    breakers.learn(key, opened.clone());
    assert_eq!(admit(&breakers, &to.breakers(), now()).unwrap_err(), opened);
    advance(Duration::from_secs(30)).await;
    assert!(admit(&breakers, &to.breakers(), now()).is_ok());
    let refused = to.condemned_by(&fault(Cause::Unauthorized)).unwrap();
    assert!(!refused.outlives_the_process(), "a key is mended outside");
}

#[tokio::test(start_paused = true)]
async fn the_board_is_bounded() {
    let breakers = Breakers::default();
    let named = |model: usize| destination("http://h/v1", &model.to_string(), "a");
    for model in 0..300 {
        advance(Duration::from_millis(1)).await;
        fail(&breakers, &named(model), Cause::Overloaded, 5);
    }
    let open = |model| breakers.worst(&named(model).breakers(), now()).is_some();
    assert_eq!((0..300).filter(|model| open(*model)).count(), 256);
    assert!(!open(43) && open(44));
}
