//! From a host to addresses: A and AAAA at once, without waiting for the slower one.
//!
//! Some networks never answer AAAA. So the first family that has addresses is enough to start
//! connecting, and the other one joins when it comes (RFC 8305, sections 3 and 5).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use crate::error::{Failure, NetErrorKind};
use crate::sockets::{Family, ResolveError, Sockets};
use crate::target::Target;

/// How long an answered A waits for AAAA, which is preferred (RFC 8305, section 3).
const GRACE: Duration = Duration::from_millis(50);

/// What to connect to now, and perhaps more later.
pub(crate) struct Addresses {
    pub(crate) now: Vec<SocketAddr>,
    pub(crate) later: Option<BoxFuture<'static, Vec<SocketAddr>>>,
}

type Lookup = BoxFuture<'static, Result<Vec<SocketAddr>, ResolveError>>;

/// The target's addresses; an address given as such is not looked up.
pub(crate) async fn resolve(
    sockets: &Arc<dyn Sockets>,
    target: &Target,
) -> Result<Addresses, Failure> {
    if let Ok(address) = target.host.parse::<IpAddr>() {
        let now = vec![SocketAddr::new(address, target.port)];
        return Ok(Addresses { now, later: None });
    }
    let v6 = lookup(sockets, target, Family::V6);
    let v4 = lookup(sockets, target, Family::V4);
    match select(v6, v4).await {
        Either::Left((v6, v4)) => prefer(v6, v4).await,
        Either::Right((v4, mut v6)) => match (v4, tokio::time::timeout(GRACE, &mut v6).await) {
            (v4, Ok(v6)) => prefer(v6, Box::pin(std::future::ready(v4))).await,
            (v4, Err(_elapsed)) => prefer(v4, v6).await,
        },
    }
}

/// Starts with the family that has answered; falls back to the other if it has nothing.
async fn prefer(
    answered: Result<Vec<SocketAddr>, ResolveError>,
    pending: Lookup,
) -> Result<Addresses, Failure> {
    let first = match answered {
        Ok(now) => {
            let later = Box::pin(async move { pending.await.unwrap_or_default() });
            return Ok(Addresses {
                now,
                later: Some(later),
            });
        }
        Err(error) => error,
    };
    match pending.await {
        Ok(now) => Ok(Addresses { now, later: None }),
        Err(second) => Err(neither(first, second)),
    }
}

/// "No such name" needs both families' word; one that failed leaves it open.
fn neither(first: ResolveError, second: ResolveError) -> Failure {
    let error = if first == ResolveError::NotFound {
        second
    } else {
        first
    };
    let kind = match error {
        ResolveError::NotFound => NetErrorKind::NameNotFound,
        ResolveError::Failed(code) => NetErrorKind::ResolverFailed(code),
    };
    Failure::new(kind).caused_by(error)
}

fn lookup(sockets: &Arc<dyn Sockets>, target: &Target, family: Family) -> Lookup {
    let sockets = Arc::clone(sockets);
    let (host, port) = (target.host.clone(), target.port);
    Box::pin(async move {
        let addresses = sockets.resolve(&host, family).await?;
        if addresses.is_empty() {
            return Err(ResolveError::NotFound);
        }
        Ok(addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    })
}
