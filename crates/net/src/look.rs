//! Single steps of a dial, each by itself: for whoever wants to know which of them fails.
//!
//! A dial hides what it survives: a family that has no address, one that swallows packets. Here
//! each is asked alone, with the same resolver and the same sockets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use alipes_base::Deadline;

use crate::dialer::Dialer;
use crate::error::{ErrorFacts, Failure, NetError, NetErrorKind};
use crate::phase::Phase;
use crate::sockets::{Family, ResolveError};
use crate::trip::Trip;

impl Dialer {
    /// The addresses of `host` in one family; none if the resolver is sure that there are none.
    ///
    /// # Errors
    /// [`NetError`] in phase `resolve`, if the resolver could not say.
    pub async fn look_up(
        &self,
        host: &str,
        family: Family,
        deadline: Deadline,
    ) -> Result<Vec<IpAddr>, NetError> {
        if let Ok(given) = host.parse::<IpAddr>() {
            let is_of_it = Family::of(given) == family;
            return Ok(is_of_it.then_some(given).into_iter().collect());
        }
        let options = self.options();
        let asking = async {
            match options.sockets.resolve(host, family).await {
                Err(ResolveError::NotFound) => Ok(Vec::new()),
                Err(error @ ResolveError::Failed(code)) => {
                    Err(Failure::new(NetErrorKind::ResolverFailed(code)).caused_by(error))
                }
                Ok(found) => Ok(found),
            }
        };
        let mut trip = Trip::new(self, deadline, ErrorFacts::default());
        trip.phase(Phase::Resolve, options.limits.resolve, asking)
            .await
    }

    /// Connects to one address, straight, and hangs up; gives how long that took.
    ///
    /// # Errors
    /// [`NetError`] in phase `connect`.
    pub async fn reach(
        &self,
        address: SocketAddr,
        deadline: Deadline,
    ) -> Result<Duration, NetError> {
        let options = self.options();
        let connecting = async {
            let stream = options.sockets.connect(address).await;
            stream.map_err(|error| Failure::from(error).tried_at(address))
        };
        let known = ErrorFacts {
            remote_addr: Some(address),
            ..ErrorFacts::default()
        };
        let mut trip = Trip::new(self, deadline, known);
        let limit = options.limits.connect;
        trip.phase(Phase::Connect, limit, connecting).await?;
        Ok(trip.timings().total())
    }
}
