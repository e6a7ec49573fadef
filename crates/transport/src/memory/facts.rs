//! Single facts about endpoints and ways out, each until a date.
//!
//! A fact is believed until it ends and no longer: networks are mended, plans renewed, firewalls
//! changed. One that has proven wrong is withdrawn, and the withdrawal is kept as long as the fact
//! would have been, because another process may still hold it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use alipes_base::Clock;
use serde::{Deserialize, Serialize};

use crate::breaker::BreakerKey;
use crate::reason::Reason;
use crate::{AccountKey, EndpointKey, PathClass, Route};

/// How many are kept.
const MOST: usize = 512;

/// Nothing is believed for longer: the longest plan windows are a week.
const LONGEST_MS: u64 = 8 * 24 * 3_600 * 1_000;

/// Clocks of processes on one machine agree within this; a date further ahead is wrong.
const SKEW_MS: u64 = 300_000;

/// Something worth knowing before the next attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub(crate) enum Fact {
    /// This way out was refused the WebSocket.
    #[serde(rename = "websocket-refused")]
    WebSocketRefused {
        egress: String,
        endpoint: EndpointKey,
    },
    /// The endpoint's edge asks for a browser challenge there.
    Challenged {
        egress: String,
        endpoint: EndpointKey,
        class: PathClass,
        route: Route,
    },
    /// Something on this way out swallows or resets the longer ClientHello.
    ClassicalHello { egress: String },
    /// The IPv6 addresses of this host did not answer there before IPv4 did.
    Ipv6Silent { egress: String, host: String },
    /// The server, as `host:port`, wants fewer pings: [`Remembered::limit`] times rarer.
    CalmAsked { server: String },
    /// Its edge answers no pings on this route: their silence says nothing about it.
    PingsUnanswered {
        egress: String,
        endpoint: EndpointKey,
        route: Route,
    },
    /// It does not read compressed requests.
    ZstdRefused { endpoint: EndpointKey },
    /// Something on this way holds answers over SSE back until they are whole.
    BufferedPath {
        egress: String,
        endpoint: EndpointKey,
    },
    /// So many requests at once are too many; [`Remembered::limit`] are not.
    ConcurrencyMet {
        endpoint: EndpointKey,
        account: AccountKey,
    },
    /// A breaker is open.
    BreakerOpen(BreakerKey),
    /// The account was asked; [`Remembered::limit`] says how often of late.
    Asked { account: AccountKey },
    /// What the account has left of its plan; [`Remembered::limit`] in percent.
    QuotaLeft { account: AccountKey },
}

/// What is known of a fact. Dates are in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) noted: u64,
    pub(crate) until: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) withdrawn: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// Facts by what they are about.
pub(crate) type FactMap = BTreeMap<Fact, Remembered>;

/// All facts that this process knows.
#[derive(Debug)]
pub(crate) struct Facts {
    clock: Clock,
    map: Mutex<FactMap>,
}

impl Remembered {
    /// Something noted `now` and believed for `lasting`.
    pub(crate) fn for_the_next(lasting: Duration, now: u64) -> Self {
        let lasting = u64::try_from(lasting.as_millis()).unwrap_or(LONGEST_MS);
        Self {
            noted: now,
            until: now.saturating_add(lasting.min(LONGEST_MS)),
            withdrawn: false,
            reason: None,
            limit: None,
        }
    }

    /// When it was noted.
    pub(crate) fn noted(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.noted)
    }

    /// When it ends.
    pub(crate) fn until(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.until)
    }

    /// How much longer it is believed.
    pub(crate) fn remaining(&self, now: u64) -> Duration {
        Duration::from_millis(self.until.saturating_sub(now))
    }

    /// Whether it counts more than `other` about the same: the later, and of two at once the one that
    /// lasts longer.
    fn overrules(&self, other: &Self) -> bool {
        (self.noted, self.until) > (other.noted, other.until)
    }

    fn is_credible(&self, now: u64) -> bool {
        let ends_in_time = self.until <= self.noted.saturating_add(LONGEST_MS);
        now < self.until && self.noted <= now.saturating_add(SKEW_MS) && ends_in_time
    }
}

impl Facts {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            map: Mutex::default(),
        }
    }

    /// What is known of `fact` and still believed.
    pub(crate) fn find(&self, fact: &Fact) -> Option<Remembered> {
        let now = self.clock.unix_ms();
        let map = self.map();
        let found = map.get(fact)?;
        (!found.withdrawn && found.is_credible(now)).then(|| found.clone())
    }

    /// Whether there is nothing to be found, so that nobody need ask for anything by name.
    pub(crate) fn is_empty(&self) -> bool {
        self.map().is_empty()
    }

    /// Believes `fact` for `lasting` from now on.
    pub(crate) fn note(&self, fact: Fact, lasting: Duration, reason: Option<Reason>) {
        let mut remembered = Remembered::for_the_next(lasting, self.clock.unix_ms());
        remembered.reason = reason;
        self.keep(fact, remembered);
    }

    /// Believes `fact`. What is said later never ends before what was said earlier, so that the
    /// earlier word cannot outlive it in somebody else's memory.
    pub(crate) fn keep(&self, fact: Fact, mut remembered: Remembered) {
        let mut map = self.map();
        if let Some(earlier) = map.get(&fact) {
            remembered.until = remembered.until.max(earlier.until);
        }
        map.insert(fact, remembered);
        make_room(&mut map);
    }

    /// `fact` has proven wrong.
    pub(crate) fn withdraw(&self, fact: &Fact) {
        let now = self.clock.unix_ms();
        if let Some(known) = self.map().get_mut(fact) {
            known.withdrawn = true;
            known.noted = now.max(known.noted.saturating_add(1));
            known.reason = None;
        }
    }

    /// Everything, for whoever stores it.
    pub(crate) fn all(&self) -> FactMap {
        let mut map = self.map();
        forget_old(&mut map, self.clock.unix_ms());
        map.clone()
    }

    /// Adds what others know.
    pub(crate) fn merge(&self, others: FactMap) {
        merge(&mut self.map(), others, self.clock.unix_ms());
    }

    fn map(&self) -> MutexGuard<'_, FactMap> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds `others` to `map`: of two opinions the later one counts, whoever merges in which order.
pub(crate) fn merge(map: &mut FactMap, others: FactMap, now: u64) {
    for (fact, other) in others {
        let newer = map.get(&fact).is_none_or(|known| other.overrules(known));
        if newer {
            map.insert(fact, other);
        }
    }
    forget_old(map, now);
}

fn forget_old(map: &mut FactMap, now: u64) {
    map.retain(|_, remembered| remembered.is_credible(now));
    make_room(map);
}

/// What ends first makes room.
fn make_room(map: &mut FactMap) {
    while map.len() > MOST {
        let first = map
            .iter()
            .min_by_key(|(_, remembered)| remembered.until)
            .map(|(fact, _)| fact.clone());
        let Some(first) = first else { return };
        map.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::time::advance;

    const MINUTE: Duration = Duration::from_secs(60);

    fn facts() -> Facts {
        Facts::new(Clock::anchored(SystemTime::UNIX_EPOCH + 1_000_000 * MINUTE))
    }

    fn hello(egress: &str) -> Fact {
        Fact::ClassicalHello {
            egress: egress.to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fact_is_believed_until_it_ends() {
        let facts = facts();
        facts.note(hello("a"), 10 * MINUTE, None);
        advance(10 * MINUTE - Duration::from_millis(1)).await;
        let found = facts.find(&hello("a")).unwrap();
        assert_eq!(found.noted(), SystemTime::UNIX_EPOCH + 1_000_000 * MINUTE);
        let left = found.remaining(facts.clock.unix_ms());
        assert_eq!(left, Duration::from_millis(1));
        assert!(facts.find(&hello("b")).is_none());
        advance(Duration::from_millis(1)).await;
        assert!(facts.find(&hello("a")).is_none() && facts.all().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_withdrawn_fact_does_not_come_back_from_another_process() {
        let facts = facts();
        facts.note(hello("a"), 10 * MINUTE, None);
        let elsewhere = facts.all();
        facts.withdraw(&hello("a"));
        facts.merge(elsewhere.clone());
        assert!(facts.find(&hello("a")).is_none());
        let mut stored = elsewhere;
        merge(&mut stored, facts.all(), facts.clock.unix_ms());
        assert!(stored[&hello("a")].withdrawn);
        advance(MINUTE).await;
        facts.note(hello("a"), MINUTE, None);
        assert!(facts.find(&hello("a")).is_some(), "it is true again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stored_date_that_cannot_be_is_not_believed() {
        let facts = facts();
        let now = facts.clock.unix_ms();
        let (hour, year) = (3_600_000, 365 * 24 * 3_600_000);
        for (noted, until) in [
            (now + year, now + year + hour),
            (now, now + year),
            (now - year, u64::MAX),
            (now - hour, now),
        ] {
            let remembered = Remembered {
                noted,
                until,
                ..Remembered::for_the_next(MINUTE, now)
            };
            facts.merge([(hello("a"), remembered)].into());
            assert!(facts.find(&hello("a")).is_none(), "{noted} {until}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn facts_are_bounded_and_what_ends_first_makes_room() {
        let facts = facts();
        for n in 0..600 {
            facts.note(hello(&n.to_string()), MINUTE * (n + 1), None);
        }
        assert_eq!(facts.all().len(), MOST);
        assert!(facts.find(&hello("599")).is_some());
    }

    fn any_map() -> impl Strategy<Value = FactMap> {
        let entry = (0u8..6, 0u64..30, 1u64..30, any::<bool>());
        prop::collection::vec(entry, 0..12).prop_map(|entries| {
            let of = |(name, noted, lasting, withdrawn): (u8, u64, u64, bool)| {
                let remembered = Remembered {
                    noted: noted * 1_000,
                    until: (noted + lasting) * 1_000 + u64::from(withdrawn),
                    withdrawn,
                    reason: None,
                    limit: None,
                };
                (hello(&name.to_string()), remembered)
            };
            entries.into_iter().map(of).collect()
        })
    }

    proptest! {
        #[test]
        fn merging_is_the_same_in_every_order(a in any_map(), b in any_map(), c in any_map()) {
            let merged = |maps: &[&FactMap]| {
                let mut all = FactMap::new();
                for map in maps {
                    merge(&mut all, (*map).clone(), 0);
                }
                all
            };
            let once = merged(&[&a, &b, &c]);
            prop_assert_eq!(&once, &merged(&[&c, &a, &b]));
            prop_assert_eq!(&once, &merged(&[&b, &a, &c, &b, &a]));
        }
    }
}
