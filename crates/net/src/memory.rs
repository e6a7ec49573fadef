//! What dials have learnt, so that the next one need not find out again.
//!
//! Five things: where ClientHellos must be classical (per way out), which address family wins and
//! whether IPv6 is late or dead (per host and way out), which addresses were good (per host, for when
//! the resolver is silent), and which servers want fewer pings. Each is kept for a day of the wall
//! clock, so that it can be stored: a network that was mended is believed again the next day.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use alipes_base::Clock;

use crate::egress::EgressKey;
use crate::sockets::Family;
use crate::target::Target;

/// How long anything is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// How many entries of a kind are kept.
const MOST: usize = 256;

/// How many addresses of one host are kept.
const ADDRESSES: usize = 4;

/// How many times rarer than usual pings become at most.
const RAREST: u32 = 8;

/// What dials have learnt; shared by a [`Dialer`](crate::Dialer) and its clones.
#[derive(Debug)]
pub struct DialMemory {
    clock: Clock,
    classical: Lasting<EgressKey, ()>,
    families: Lasting<(String, EgressKey), Family>,
    silent_ipv6: Lasting<(String, EgressKey), ()>,
    addresses: Lasting<String, Vec<IpAddr>>,
    calm: Lasting<String, u32>,
}

impl DialMemory {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            classical: Lasting::default(),
            families: Lasting::default(),
            silent_ipv6: Lasting::default(),
            addresses: Lasting::default(),
            calm: Lasting::default(),
        }
    }

    /// The ways out where ClientHellos are classical, and until when: for whoever stores them.
    #[must_use]
    pub fn classical(&self) -> Vec<(EgressKey, SystemTime)> {
        let all = self.classical.all(self.clock.wall());
        all.into_iter()
            .map(|(key, (), until)| (key, until))
            .collect()
    }

    /// Sends classical ClientHellos on this way out until then; at most a day from now.
    pub fn make_classical(&self, key: EgressKey, until: SystemTime) {
        let latest = self.clock.wall() + REMEMBERED;
        self.classical.keep(key, (), until.min(latest));
    }

    /// A post-quantum ClientHello was answered on this way out.
    pub fn passes_large_hellos(&self, key: &EgressKey) {
        self.classical.forget(key);
    }

    /// The servers, as `host:port`, that want fewer pings, how many times rarer they are sent there,
    /// and until when: for whoever stores them.
    #[must_use]
    pub fn calmed(&self) -> Vec<(String, u32, SystemTime)> {
        self.calm.all(self.clock.wall())
    }

    /// Pings that server so many times rarer until then; at most a day from now.
    pub fn make_calm(&self, server: String, factor: u32, until: SystemTime) {
        let latest = self.clock.wall() + REMEMBERED;
        let factor = factor.clamp(1, RAREST);
        self.calm.keep(server, factor, until.min(latest));
    }

    /// How many times rarer than usual a server is to be pinged; 1 where it has not complained.
    #[must_use]
    pub fn calm(&self, server: &Target) -> u32 {
        let found = self.calm.find(&server.to_string(), self.clock.wall());
        found.unwrap_or(1)
    }

    /// A server has closed an HTTP/2 connection with `ENHANCE_YOUR_CALM`.
    pub(crate) fn learn_calm(&self, server: &Target) {
        let factor = (self.calm(server) * 2).min(RAREST);
        self.calm.keep(server.to_string(), factor, self.tomorrow());
    }

    /// The hosts, each with a way out, whose IPv6 addresses did not answer before IPv4 did, and until when
    /// that is believed: for whoever stores them.
    #[must_use]
    pub fn silent_ipv6(&self) -> Vec<((String, EgressKey), SystemTime)> {
        let all = self.silent_ipv6.all(self.clock.wall());
        all.into_iter().map(|(of, (), until)| (of, until)).collect()
    }

    /// Begins with IPv4 there until then; at most a day from now.
    pub fn make_ipv6_silent(&self, host: &str, key: &EgressKey, until: SystemTime) {
        let latest = self.clock.wall() + REMEMBERED;
        let of = (host.to_owned(), key.clone());
        self.silent_ipv6.keep(of, (), until.min(latest));
    }

    /// Whether the IPv6 addresses of `host` did not answer there before IPv4 did, though they had begun
    /// earlier. They may be dead or only slower: nobody waited.
    #[must_use]
    pub fn is_ipv6_silent(&self, host: &str, key: &EgressKey) -> bool {
        let of = (host.to_owned(), key.clone());
        self.silent_ipv6.find(&of, self.clock.wall()).is_some()
    }

    /// An IPv6 address of `host` has answered there.
    pub fn hears_ipv6(&self, host: &str, key: &EgressKey) {
        self.silent_ipv6.forget(&(host.to_owned(), key.clone()));
    }

    pub(crate) fn learn_silent_ipv6(&self, host: &str, key: &EgressKey) {
        self.make_ipv6_silent(host, key, self.tomorrow());
    }

    pub(crate) fn needs_classical(&self, key: &EgressKey) -> bool {
        self.classical.find(key, self.clock.wall()).is_some()
    }

    pub(crate) fn learn_classical(&self, key: EgressKey) {
        self.classical.keep(key, (), self.tomorrow());
    }

    pub(crate) fn family(&self, host: &str, key: &EgressKey) -> Option<Family> {
        let of = (host.to_owned(), key.clone());
        let won = self.families.find(&of, self.clock.wall());
        won.or_else(|| self.is_ipv6_silent(host, key).then_some(Family::V4))
    }

    /// An address of `host` answered.
    pub(crate) fn learn_address(&self, host: &str, key: &EgressKey, ip: IpAddr) {
        let of = (host.to_owned(), key.clone());
        self.families.keep(of, Family::of(ip), self.tomorrow());
        if ip.is_ipv6() {
            self.hears_ipv6(host, key);
        }
        let mut good = self.addresses(host);
        good.retain(|known| *known != ip);
        good.insert(0, ip);
        good.truncate(ADDRESSES);
        self.addresses.keep(host.to_owned(), good, self.tomorrow());
    }

    /// The addresses of `host` that answered, the latest first.
    pub(crate) fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let found = self.addresses.find(host, self.clock.wall());
        found.unwrap_or_default()
    }

    /// The resolver is sure that there is no such name any more.
    pub(crate) fn forget_addresses(&self, host: &str) {
        self.addresses.forget(host);
    }

    fn tomorrow(&self) -> SystemTime {
        self.clock.wall() + REMEMBERED
    }
}

/// A bounded map whose entries end at a date.
#[derive(Debug)]
struct Lasting<K, V>(Mutex<HashMap<K, (SystemTime, V)>>);

impl<K, V> Default for Lasting<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Lasting<K, V> {
    fn find<Q>(&self, key: &Q, now: SystemTime) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.with(|map| {
            let (until, value) = map.get(key)?;
            (*until > now).then(|| value.clone())
        })
    }

    /// The entry that would have ended first makes room.
    fn keep(&self, key: K, value: V, until: SystemTime) {
        self.with(|map| {
            if map.len() >= MOST && !map.contains_key(&key) {
                let first = map.iter().min_by_key(|(_, (until, _))| *until);
                if let Some(key) = first.map(|(key, _)| key.clone()) {
                    map.remove(&key);
                }
            }
            map.insert(key, (until, value));
        });
    }

    fn forget<Q>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.with(|map| map.remove(key));
    }

    fn all(&self, now: SystemTime) -> Vec<(K, V, SystemTime)> {
        self.with(|map| {
            map.retain(|_, (until, _)| *until > now);
            map.iter()
                .map(|(key, (until, value))| (key.clone(), value.clone(), *until))
                .collect()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<K, (SystemTime, V)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> DialMemory {
        DialMemory::new(Clock::anchored(SystemTime::UNIX_EPOCH))
    }

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_forgotten_after_a_day() {
        let (memory, key) = (memory(), EgressKey::from("direct 192.0.2.9"));
        memory.learn_classical(key.clone());
        memory.learn_address("a", &key, ip(1));
        tokio::time::advance(REMEMBERED - Duration::from_secs(1)).await;
        assert!(memory.needs_classical(&key));
        assert_eq!(memory.family("a", &key), Some(Family::V4));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!memory.needs_classical(&key) && memory.classical().is_empty());
        assert_eq!(memory.family("a", &key), None);
        assert!(memory.addresses("a").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_stored_is_believed_for_a_day_at_most() {
        let (memory, key) = (memory(), EgressKey::from("stored"));
        memory.make_classical(key.clone(), SystemTime::UNIX_EPOCH + 99 * REMEMBERED);
        let day = SystemTime::UNIX_EPOCH + REMEMBERED;
        assert_eq!(memory.classical(), [(key, day)]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_complaint_halves_the_pings_of_that_server_down_to_an_eighth_for_a_day() {
        let memory = memory();
        let server = Target {
            tls: true,
            host: "a".to_owned(),
            port: 443,
        };
        let other = Target {
            port: 8_443,
            ..server.clone()
        };
        for factor in [2, 4, 8, 8] {
            memory.learn_calm(&server);
            assert_eq!(memory.calm(&server), factor);
        }
        assert_eq!(memory.calm(&other), 1);
        let day = SystemTime::UNIX_EPOCH + REMEMBERED;
        assert_eq!(memory.calmed(), [("a:443".to_owned(), 8, day)]);
        memory.make_calm("a:8443".to_owned(), 999, day + REMEMBERED);
        assert_eq!(memory.calm(&other), 8);
        tokio::time::advance(REMEMBERED).await;
        assert_eq!((memory.calm(&server), memory.calm(&other)), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_good_address_comes_first_and_few_are_kept() {
        let (memory, key) = (memory(), EgressKey::from("x"));
        for last in [1, 2, 3, 4, 5, 3] {
            memory.learn_address("a", &key, ip(last));
        }
        assert_eq!(memory.addresses("a"), [3, 5, 4, 2].map(ip));
        memory.forget_addresses("a");
        assert!(memory.addresses("a").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_memory_is_bounded() {
        let (memory, key) = (memory(), EgressKey::from("x"));
        for host in 0..=MOST {
            tokio::time::advance(Duration::from_secs(1)).await;
            memory.learn_address(&host.to_string(), &key, ip(1));
        }
        assert!(memory.addresses("0").is_empty());
        assert_eq!(memory.addresses("1"), [ip(1)]);
    }
}
