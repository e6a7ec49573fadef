//! How an endpoint's routes stand, for people: which one the next request takes, and why no other.

use std::time::Duration;

use alipes_net::Target;
use url::Url;

use crate::{Cause, Route, Session, Transport};

/// A route, as the next request would find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteStanding {
    /// The route.
    pub route: Route,
    /// The next request takes it.
    pub is_next: bool,
    /// Why it is left alone, if it is.
    pub rest: Option<RouteRest>,
    /// Something on the way holds its answers back until they are whole.
    pub held_back: bool,
}

/// A route that is left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRest {
    /// Why, where that was kept.
    pub cause: Option<Cause>,
    /// For how long that has been known.
    pub known_for: Duration,
    /// For how much longer.
    pub remaining: Duration,
}

impl Session {
    /// The endpoint's routes, best first. Asks nobody.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteStanding> {
        let next = self.first_route();
        let to = self.about.destination("");
        let standing = |route: &Route| {
            let known = self
                .about
                .transport
                .experience
                .route_left_alone(&to, *route);
            RouteStanding {
                route: *route,
                is_next: *route == next,
                rest: known.map(|known| RouteRest {
                    cause: known.reason.map(|reason| reason.cause),
                    known_for: known.ago,
                    remaining: known.remaining,
                }),
                held_back: *route == Route::Sse && self.about.holds_back(""),
            }
        };
        self.about.endpoint.routes().iter().map(standing).collect()
    }
}

impl Transport {
    /// Whether the IPv6 addresses of this URL's host are known not to answer before IPv4 does, on the way
    /// that requests take. Asks nobody.
    #[must_use]
    pub fn is_ipv6_silent(&self, url: &Url) -> bool {
        let target = Target::from_url(url);
        target.is_ok_and(|target| {
            let key = self.dialer.egress_key(&target);
            self.dialer.memory().is_ipv6_silent(&target.host, &key)
        })
    }
}
