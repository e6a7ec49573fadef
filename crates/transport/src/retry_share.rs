//! How many requests to an endpoint may be the same one once more, over all sessions of a process.
//!
//! Each step has a budget of its own, and that is right for one user in front of a server that
//! stumbles. But twenty steps that each send their request eight times are what keeps a server down
//! that has just come up. So of what an endpoint is sent within a minute, only one in five requests
//! may be a repetition, and beside them a few that one user's steps need whatever the others do.
//!
//! What costs nothing here: a request that was never sent, or that the server proved not to have
//! processed. A connection that cannot be opened is no load, and a network that changes hands must
//! not end every turn of a process at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::EndpointKey;

/// What is looked at, and how finely.
const WINDOW: Duration = Duration::from_secs(60);
const SLOT: Duration = Duration::from_secs(5);

/// So many repetitions in a window are always allowed: three steps' whole budget.
const FLOOR: u32 = 21;

/// One more for so many requests.
const REQUESTS: u32 = 5;

/// How many endpoints are kept.
const MOST: usize = 64;

/// The shares of all endpoints.
#[derive(Debug, Default)]
pub(crate) struct RetryShares(Mutex<BTreeMap<EndpointKey, RetryShare>>);

impl RetryShares {
    /// A new request goes to `endpoint`.
    pub(crate) fn request(&self, endpoint: &EndpointKey, now: Instant) {
        self.with(endpoint, |share| share.request(now));
    }

    /// Whether a request to `endpoint` may be repeated; then it counts as repeated.
    pub(crate) fn take(&self, endpoint: &EndpointKey, now: Instant) -> bool {
        self.with(endpoint, |share| share.take(now))
    }

    fn with<T>(&self, endpoint: &EndpointKey, work: impl FnOnce(&mut RetryShare) -> T) -> T {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= MOST && !shares.contains_key(endpoint) {
            // What has been quiet for the longest has the least to tell.
            let oldest = shares.iter().min_by_key(|(_, share)| share.last());
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                shares.remove(&oldest);
            }
        }
        work(shares.entry(endpoint.clone()).or_default())
    }
}

/// One endpoint's share. Pure: it is told what happens and when.
#[derive(Debug, Default)]
struct RetryShare(VecDeque<Slot>);

/// What was sent from one moment on.
#[derive(Debug)]
struct Slot {
    begun: Instant,
    requests: u32,
    repeated: u32,
}

impl RetryShare {
    fn request(&mut self, now: Instant) {
        self.slot(now).requests += 1;
    }

    fn take(&mut self, now: Instant) -> bool {
        self.slot(now);
        let sum = |count: fn(&Slot) -> u32| self.0.iter().map(count).sum::<u32>();
        let allowed = FLOOR + sum(|slot| slot.requests) / REQUESTS;
        let granted = sum(|slot| slot.repeated) < allowed;
        self.slot(now).repeated += u32::from(granted);
        granted
    }

    fn last(&self) -> Option<Instant> {
        self.0.back().map(|slot| slot.begun)
    }

    /// The slot of this moment, without what is over.
    fn slot(&mut self, now: Instant) -> &mut Slot {
        let age = |slot: &Slot| now.saturating_duration_since(slot.begun);
        while self
            .0
            .front()
            .is_some_and(|slot| age(slot) >= WINDOW + SLOT)
        {
            self.0.pop_front();
        }
        match self.0.pop_back() {
            Some(last) if age(&last) < SLOT => self.0.push_back(last),
            last => {
                self.0.extend(last);
                self.0.push_back(Slot {
                    begun: now,
                    requests: 0,
                    repeated: 0,
                });
            }
        }
        let last = self.0.len() - 1;
        &mut self.0[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Clock;
    use proptest::prelude::*;
    use url::Url;

    fn taken(share: &mut RetryShare, now: Instant) -> u32 {
        std::iter::from_fn(|| share.take(now).then_some(())).fold(0, |taken, ()| taken + 1)
    }

    #[tokio::test(start_paused = true)]
    async fn one_user_alone_has_three_steps_budgets_in_a_minute() {
        let (mut share, now) = (RetryShare::default(), Clock::system().now());
        share.request(now);
        assert_eq!(taken(&mut share, now), FLOOR);
        assert_eq!(taken(&mut share, now + WINDOW - SLOT), 0);
        assert_eq!(taken(&mut share, now + WINDOW + SLOT), FLOOR);
    }

    #[tokio::test(start_paused = true)]
    async fn many_sessions_together_repeat_one_request_in_five() {
        let (mut share, now) = (RetryShare::default(), Clock::system().now());
        (0..200).for_each(|_| share.request(now));
        assert_eq!(taken(&mut share, now), FLOOR + 40);
    }

    #[tokio::test(start_paused = true)]
    async fn each_endpoint_has_its_own_share_and_only_so_many_are_kept() {
        let (shares, now) = (RetryShares::default(), Clock::system().now());
        let key = |n: usize| EndpointKey::of(&Url::parse(&format!("https://h/{n}")).unwrap());
        while shares.take(&key(0), now) {}
        assert!(shares.take(&key(1), now));
        for n in 1..=2 * MOST {
            shares.request(&key(n), now + SLOT * 2);
        }
        assert_eq!(shares.0.lock().unwrap().len(), MOST);
    }

    proptest! {
        #[test]
        fn no_minute_has_more_repetitions_than_its_share(
            events in prop::collection::vec((0u64..8_000, any::<bool>()), 0..400),
        ) {
            let start = Clock::system().now();
            let (mut share, mut now) = (RetryShare::default(), start);
            let (mut requests, mut repeated) = (Vec::new(), Vec::new());
            for (pause, is_request) in events {
                now += Duration::from_millis(pause);
                if is_request {
                    share.request(now);
                    requests.push(now);
                } else if share.take(now) {
                    repeated.push(now);
                }
            }
            for end in &repeated {
                let within = |all: &[Instant], window| {
                    let fits = |at: &&Instant| *at <= end && *end - **at < window;
                    u32::try_from(all.iter().filter(fits).count()).unwrap()
                };
                let most = FLOOR + within(&requests, WINDOW + SLOT) / REQUESTS;
                prop_assert!(within(&repeated, WINDOW) <= most);
                prop_assert!(share.0.len() <= 14);
            }
        }
    }
}
