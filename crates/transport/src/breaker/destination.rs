//! Whom a request goes to, and which part of that a fault condemns.

use serde::{Deserialize, Serialize};

use crate::memory::Fact;
use crate::permits::LaneKey;
use crate::{AccountKey, Cause, EndpointKey, Fault, PathClass, Route, Scope};

/// Everything a request depends on that may be broken for others too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The way out of this machine.
    pub(crate) egress: String,
    pub(crate) endpoint: EndpointKey,
    pub(crate) model: String,
    pub(crate) account: AccountKey,
}

/// What a breaker is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "breaker", rename_all = "kebab-case")]
pub(crate) enum BreakerKey {
    /// Whether the endpoint can be reached that way.
    Path {
        egress: String,
        endpoint: EndpointKey,
    },
    /// Whether it has room for that model.
    Model {
        endpoint: EndpointKey,
        model: String,
    },
    /// Whether the account has anything left of one kind of limit.
    Limit { account: AccountKey, family: Family },
    /// Whether the account is let in.
    Account { account: AccountKey },
}

/// A kind of limit; one may be spent while the others are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Family {
    /// Requests or tokens a minute.
    Rate,
    /// The plan's windows.
    Plan,
    /// Paid credit.
    Credit,
}

impl BreakerKey {
    /// Whether it is worth telling other processes. Whether an account is let in is not: a user mends
    /// a key outside of this program, and the next start is the test of it.
    pub(crate) fn outlives_the_process(&self) -> bool {
        !matches!(self, Self::Account { .. })
    }
}

impl Destination {
    /// The breakers that stand before a request to it.
    pub(crate) fn breakers(&self) -> Vec<BreakerKey> {
        let mut breakers = vec![self.path(), self.model()];
        breakers.extend(self.account_breakers());
        breakers
    }

    /// Those of them that are about the account alone.
    pub(crate) fn account_breakers(&self) -> Vec<BreakerKey> {
        let families = [Family::Rate, Family::Plan, Family::Credit];
        let limits = families.map(|family| self.limit(family));
        [self.account()].into_iter().chain(limits).collect()
    }

    /// The breaker that `fault` counts against; `None` where it condemns nothing beyond itself, or
    /// has a memory of its own (a refused WebSocket, a challenge).
    pub(crate) fn condemned_by(&self, fault: &Fault) -> Option<BreakerKey> {
        match fault.cause {
            // The life of a connection, this machine's own trouble, and that of somebody who is not asked here.
            Cause::StaleConnection
            | Cause::ConnectionExpired
            | Cause::UnknownPreviousResponse
            | Cause::Offline
            | Cause::SignInUnavailable
            | Cause::BufferedPath
            | Cause::EncodingRefused
            | Cause::UpgradeRefused
            | Cause::Challenge => None,
            Cause::RateLimited => Some(self.limit(Family::Rate)),
            Cause::UsageLimit => Some(self.limit(Family::Plan)),
            Cause::Quota => Some(self.limit(Family::Credit)),
            _ => match fault.scope() {
                Scope::Connection | Scope::Address | Scope::Egress | Scope::Endpoint => {
                    Some(self.path())
                }
                Scope::Model => Some(self.model()),
                Scope::Account => Some(self.account()),
                Scope::Route | Scope::Request => None,
            },
        }
    }

    /// Its requests run side by side in this lane.
    pub(crate) fn lane(&self) -> LaneKey {
        (self.endpoint.clone(), self.account.clone())
    }

    /// The fact that this lane is too wide.
    pub(crate) fn concurrency_met(&self) -> Fact {
        Fact::ConcurrencyMet {
            endpoint: self.endpoint.clone(),
            account: self.account.clone(),
        }
    }

    /// The fact that `route` asks for a browser challenge on paths of this class.
    pub(crate) fn challenged(&self, class: PathClass, route: Route) -> Fact {
        Fact::Challenged {
            egress: self.egress.clone(),
            endpoint: self.endpoint.clone(),
            class,
            route,
        }
    }

    /// The fact that the way there holds answers back.
    pub(crate) fn buffered_path(&self) -> Fact {
        Fact::BufferedPath {
            egress: self.egress.clone(),
            endpoint: self.endpoint.clone(),
        }
    }

    /// The fact that its edge answers no pings on `route`.
    pub(crate) fn pings_unanswered(&self, route: Route) -> Fact {
        Fact::PingsUnanswered {
            egress: self.egress.clone(),
            endpoint: self.endpoint.clone(),
            route,
        }
    }

    /// The breaker of the way there.
    pub(crate) fn path(&self) -> BreakerKey {
        BreakerKey::Path {
            egress: self.egress.clone(),
            endpoint: self.endpoint.clone(),
        }
    }

    fn model(&self) -> BreakerKey {
        BreakerKey::Model {
            endpoint: self.endpoint.clone(),
            model: self.model.clone(),
        }
    }

    fn account(&self) -> BreakerKey {
        BreakerKey::Account {
            account: self.account.clone(),
        }
    }

    fn limit(&self, family: Family) -> BreakerKey {
        BreakerKey::Limit {
            account: self.account.clone(),
            family,
        }
    }
}
