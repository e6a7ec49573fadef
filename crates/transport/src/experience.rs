//! What the sessions of a process have met, and share: so that a refusal, a challenge, a limit or an
//! outage is paid for once and not by every conversation.
//!
//! Each mechanism is a file of its own; here is what an answer and a fault mean to all of them, and
//! how they are kept for the next process.

mod accounts;
mod dials;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::DialMemory;
use tokio::time::Instant;

pub use accounts::{AccountRest, QuotaLeft, TimesAsked};

use crate::breaker::{BreakerKey, Breakers, Destination, Opened};
use crate::hedge::HedgeTokens;
use crate::memory::{Fact, FactMap, Facts, Remembered};
use crate::patience::learned::LearnedPatience;
use crate::permits::{LOWERED_FOR, Lowered, Permits};
use crate::reachability::Reachability;
use crate::reason::Reason;
use crate::retry_share::RetryShares;
use crate::{
    Cause, Endpoint, Fault, MemoryStore, MemoryWarning, PathClass, Phase, Route, Snapshot,
};

/// For how long a refused WebSocket and a challenged route are left alone.
const REST: Duration = Duration::from_secs(600);

/// For how long requests go uncompressed to an endpoint that could not read one.
const ZSTD_REST: Duration = Duration::from_secs(3_600);

/// For how long a way is believed to hold answers back. One that does not shows it sooner.
const HELD_BACK_FOR: Duration = Duration::from_secs(3_600);

/// For how long net believes what it has learnt.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What has been met.
#[derive(Debug)]
pub struct Experience {
    clock: Clock,
    pub(crate) facts: Facts,
    pub(crate) breakers: Breakers,
    pub(crate) permits: Permits,
    pub(crate) hedges: HedgeTokens,
    pub(crate) retries: RetryShares,
    pub(crate) patience: LearnedPatience,
    reachability: Reachability,
    /// A store that fails once fails again: one warning is enough.
    warned: AtomicBool,
}

/// Something that is left alone for now, and why.
#[derive(Clone, Debug)]
pub(crate) struct LeftAlone {
    pub(crate) reason: Option<Reason>,
    pub(crate) ago: Duration,
    pub(crate) remaining: Duration,
}

impl Experience {
    /// Nothing has been met yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            facts: Facts::new(clock.clone()),
            breakers: Breakers::default(),
            permits: Permits::new(clock.clone()),
            hedges: HedgeTokens::default(),
            retries: RetryShares::default(),
            patience: LearnedPatience::default(),
            reachability: Reachability::default(),
            warned: AtomicBool::new(false),
            clock,
        }
    }

    /// Why `route` is left alone, if it is.
    pub(crate) fn route_left_alone(&self, to: &Destination, route: Route) -> Option<LeftAlone> {
        if self.facts.is_empty() {
            return None;
        }
        let facts = route_facts(to, route).into_iter();
        let known = facts.filter_map(|fact| self.facts.find(&fact));
        let last = known.max_by_key(|remembered| remembered.until)?;
        Some(self.remembered(last))
    }

    fn remembered(&self, known: Remembered) -> LeftAlone {
        let wall = self.clock.wall();
        LeftAlone {
            ago: wall.duration_since(known.noted()).unwrap_or_default(),
            remaining: known.remaining(self.clock.unix_ms()),
            reason: known.reason,
        }
    }

    /// Whether it could not read a compressed request, not long ago.
    pub(crate) fn refuses_zstd(&self, endpoint: &Endpoint) -> bool {
        let fact = || Fact::ZstdRefused {
            endpoint: endpoint.key().clone(),
        };
        !self.facts.is_empty() && self.facts.find(&fact()).is_some()
    }

    /// What a plain request met with like the compressed one before it was not about the compression.
    pub(crate) fn reads_zstd(&self, endpoint: &Endpoint) {
        let endpoint = endpoint.key().clone();
        self.facts.withdraw(&Fact::ZstdRefused { endpoint });
    }

    /// Whether something on the way holds answers back until they are whole.
    pub(crate) fn holds_back(&self, to: &Destination) -> bool {
        self.facts.find(&to.buffered_path()).is_some()
    }

    /// Whether its edge answers no pings on `route`.
    pub(crate) fn leaves_pings_unanswered(&self, to: &Destination, route: Route) -> bool {
        self.facts.find(&to.pings_unanswered(route)).is_some()
    }

    /// An answer came on a connection whose pings were answered, or were waited for in vain.
    pub(crate) fn pinged(&self, to: &Destination, route: Route, is_answered: bool) {
        let fact = to.pings_unanswered(route);
        match is_answered {
            true => self.facts.withdraw(&fact),
            false => self.facts.note(fact, DAY, None),
        }
    }

    /// An answer over SSE was held back, or was not. Whether that is news that a user should hear.
    pub(crate) fn arrived(&self, to: &Destination, held_back: bool) -> bool {
        if !held_back && self.facts.is_empty() {
            return false;
        }
        let fact = to.buffered_path();
        let known = self.facts.find(&fact).is_some();
        match held_back {
            true => self.facts.note(fact, HELD_BACK_FOR, None),
            false => self.facts.withdraw(&fact),
        }
        held_back && !known
    }

    /// Why calls beside the turn are left alone there: an edge may challenge those and let turns pass.
    pub(crate) fn auxiliary_left_alone(&self, to: &Destination) -> Option<LeftAlone> {
        let challenged = to.challenged(PathClass::Auxiliary, Route::Sse);
        let known = self.facts.find(&challenged)?;
        Some(self.remembered(known))
    }

    /// A call beside the turn was answered, or failed by `fault`.
    pub(crate) fn auxiliary_ended(&self, to: &Destination, fault: Option<&Fault>) {
        let challenged = to.challenged(PathClass::Auxiliary, Route::Sse);
        match fault {
            Some(fault) if fault.cause == Cause::Challenge => {
                self.facts.note(challenged, REST, Some(Reason::of(fault)));
            }
            Some(_) => {}
            None => self.facts.withdraw(&challenged),
        }
    }

    /// Why the whole destination is left alone: a breaker is open.
    pub(crate) fn destination_left_alone(&self, to: &Destination) -> Option<LeftAlone> {
        self.left_alone(&to.breakers())
    }

    /// Why the account is left alone, whatever the way there is like.
    pub(crate) fn account_left_alone(&self, to: &Destination) -> Option<LeftAlone> {
        self.left_alone(&to.account_breakers())
    }

    fn left_alone(&self, keys: &[BreakerKey]) -> Option<LeftAlone> {
        let now = self.clock.now();
        let open = self.breakers.worst(keys, now)?;
        Some(LeftAlone {
            ago: now.saturating_duration_since(open.since),
            remaining: open.until.saturating_duration_since(now),
            reason: Some(open.reason),
        })
    }

    /// An attempt was answered: whatever spoke against it is not true any more.
    pub(crate) fn answered(&self, to: &Destination, route: Route) {
        self.reachability.reached();
        if !self.breakers.is_empty() {
            self.close(&to.breakers());
        }
        if !self.facts.is_empty() {
            for fact in route_facts(to, route) {
                self.facts.withdraw(&fact);
            }
        }
    }

    /// An attempt failed. Gives the fault, by another name if only all endpoints together tell what
    /// it is.
    pub(crate) fn failed(&self, to: &Destination, endpoint: &Endpoint, fault: Fault) -> Fault {
        let now = self.clock.now();
        if self.reachability.failed(endpoint.base_url(), &fault, now) {
            let offline = Fault {
                cause: Cause::Offline,
                ..fault
            };
            return offline.because("nor can an endpoint that has nothing to do with it");
        }
        for (fact, lasting) in facts_of(to, &fault) {
            self.facts.note(fact, lasting, Some(Reason::of(&fault)));
        }
        if fault.names_concurrency() {
            self.too_many_at_once(to, endpoint.profile().concurrency, &fault);
        } else {
            self.count(to, &fault, now);
        }
        fault
    }

    /// A probe, which is no turn, has found a route open or not. It opens and closes no breaker.
    pub(crate) fn probed(&self, to: &Destination, route: Route, outcome: Result<(), &Fault>) {
        match outcome {
            Ok(()) => {
                for fact in route_facts(to, route) {
                    self.facts.withdraw(&fact);
                }
            }
            Err(fault) => {
                for (fact, lasting) in facts_of(to, fault) {
                    self.facts.note(fact, lasting, Some(Reason::of(fault)));
                }
            }
        }
    }

    /// Counts a fault against what it condemns. One that came as an answer also shows that the path
    /// is good.
    fn count(&self, to: &Destination, fault: &Fault, now: Instant) {
        let condemned = to.condemned_by(fault);
        if fault.evidence.status.is_some() && condemned != Some(to.path()) {
            self.close(&[to.path()]);
        }
        let Some(key) = condemned else { return };
        let named = matches!(fault.cause, Cause::UsageLimit | Cause::Quota);
        let until = fault.retry_after.filter(|_| named).map(|wait| now + wait);
        let opened = self
            .breakers
            .failed(key.clone(), Reason::of(fault), until, now);
        if let Some(opened) = opened.filter(|_| key.outlives_the_process()) {
            let lasting = opened.until.saturating_duration_since(now);
            let fact = Fact::BreakerOpen(key);
            self.facts.note(fact, lasting, Some(opened.reason));
        }
    }

    fn close(&self, keys: &[BreakerKey]) {
        for key in self.breakers.succeeded(keys, self.clock.now()) {
            self.facts.withdraw(&Fact::BreakerOpen(key));
        }
    }

    fn too_many_at_once(&self, to: &Destination, limit: usize, fault: &Fault) {
        let lowered = self.permits.too_many(&to.lane(), limit);
        let mut met = Remembered::for_the_next(LOWERED_FOR, self.clock.unix_ms());
        met.limit = Some(lowered.to);
        met.reason = Some(Reason::of(fault));
        self.facts.keep(to.concurrency_met(), met);
    }

    /// The limit that this or another process has met, while it is believed.
    pub(crate) fn limit_met(&self, to: &Destination) -> Option<Lowered> {
        if self.facts.is_empty() {
            return None;
        }
        let met = self.facts.find(&to.concurrency_met())?;
        let remaining = met.remaining(self.clock.unix_ms());
        Some(Lowered {
            to: met.limit?,
            until: self.clock.now() + remaining,
        })
    }

    /// Takes in what earlier processes have met, and gives net its part. The first time that a store
    /// fails there is a warning for the front to print.
    pub(crate) async fn recall(
        &self,
        store: &dyn MemoryStore,
        dials: &DialMemory,
    ) -> Option<MemoryWarning> {
        match store.load().await {
            Ok(stored) => {
                self.take_in(stored, dials);
                None
            }
            Err(warning) => self.once(warning),
        }
    }

    /// Keeps what is worth it for the next process, and takes in what others have met meanwhile.
    pub(crate) async fn keep(
        &self,
        store: &dyn MemoryStore,
        dials: &DialMemory,
    ) -> Option<MemoryWarning> {
        self.learn_from(dials);
        let ours = Snapshot::of(self.facts.all(), self.patience.all());
        if ours.is_empty() {
            return None;
        }
        match store.save(ours, self.clock.wall()).await {
            Ok(merged) => {
                self.take_in(merged, dials);
                None
            }
            Err(warning) => self.once(warning),
        }
    }

    fn take_in(&self, stored: Snapshot, dials: &DialMemory) {
        let (facts, patience) = stored.into_parts();
        self.facts.merge(facts);
        self.patience.merge(patience);
        let known: FactMap = self.facts.all();
        for (fact, remembered) in &known {
            match (fact, &remembered.reason) {
                _ if remembered.withdrawn => dials::unteach(dials, fact),
                (Fact::BreakerOpen(key), Some(reason)) => {
                    let opened = self.opened(remembered, reason);
                    self.breakers.learn(key.clone(), opened);
                }
                _ => dials::teach(dials, fact, remembered),
            }
        }
    }

    /// A stored date on this process's own clock.
    fn opened(&self, remembered: &Remembered, reason: &Reason) -> Opened {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let ago = wall.duration_since(remembered.noted()).unwrap_or_default();
        Opened {
            reason: reason.clone(),
            since: now.checked_sub(ago).unwrap_or(now),
            until: now + remembered.remaining(self.clock.unix_ms()),
        }
    }

    fn once(&self, warning: MemoryWarning) -> Option<MemoryWarning> {
        let first = !self.warned.swap(true, Ordering::Relaxed);
        first.then_some(warning)
    }
}

/// The facts that close `route`.
fn route_facts(to: &Destination, route: Route) -> Vec<Fact> {
    let challenged = to.challenged(PathClass::Main, route);
    let refused = (route == Route::WebSocket).then(|| Fact::WebSocketRefused {
        egress: to.egress.clone(),
        endpoint: to.endpoint.clone(),
    });
    refused.into_iter().chain([challenged]).collect()
}

/// What a fault says about the attempts to come, beyond this step: a refusal says something about
/// this network, a 5xx only about now (transport, "Routes, breakers, accounts").
fn facts_of(to: &Destination, fault: &Fault) -> Vec<(Fact, Duration)> {
    if fault.cause == Cause::EncodingRefused {
        let endpoint = to.endpoint.clone();
        return vec![(Fact::ZstdRefused { endpoint }, ZSTD_REST)];
    }
    let refused = fault.phase == Phase::Upgrade
        && matches!(
            fault.cause,
            Cause::UpgradeRefused
                | Cause::Blocked
                | Cause::NotAnApi
                | Cause::Reset
                | Cause::TimedOut
        );
    let closing = route_facts(to, fault.route).into_iter();
    let proven = closing.filter(|fact| match fact {
        Fact::Challenged { .. } => fault.cause == Cause::Challenge,
        _ => refused,
    });
    proven.map(|fact| (fact, REST)).collect()
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
