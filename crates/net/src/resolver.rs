//! From a host to addresses: A and AAAA at once, without waiting for the slower one.
//!
//! Some networks never answer AAAA. So the first family that has addresses is enough to start
//! connecting, and the other one joins when it comes (RFC 8305, sections 3 and 5). Some resolvers
//! fall silent or fail for a while although the network is fine. So addresses that were good
//! before are tried when the resolver has said nothing for a second, or could not say.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use tokio::time::timeout;

use crate::error::{Failure, NetErrorKind};
use crate::sockets::{Family, ResolveError, Sockets};

/// How long an answered A waits for AAAA, which is preferred (RFC 8305, section 3).
const GRACE: Duration = Duration::from_millis(50);

/// How long the resolver may be silent before addresses of old are tried.
const SILENCE: Duration = Duration::from_secs(1);

/// What to look up.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// A name, or an address that needs no looking up.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Only IPv4, or IPv6 first, or what was best before.
    pub(crate) families: Families,
    /// Addresses that were good before.
    pub(crate) known: Vec<IpAddr>,
}

/// Which address families to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Families {
    /// Both, this one preferred.
    Both(Family),
    /// IPv4 alone.
    V4,
}

/// What to connect to now, and perhaps more later.
pub(crate) struct Addresses {
    pub(crate) now: Vec<SocketAddr>,
    pub(crate) later: Option<BoxFuture<'static, Vec<SocketAddr>>>,
}

impl Addresses {
    pub(crate) fn one(address: SocketAddr) -> Self {
        Self {
            now: vec![address],
            later: None,
        }
    }
}

type Answer = Result<Vec<SocketAddr>, ResolveError>;
type Lookup = BoxFuture<'static, Answer>;

/// The host's addresses; an address given as such is not looked up.
pub(crate) async fn resolve(
    sockets: &Arc<dyn Sockets>,
    question: Question,
) -> Result<Addresses, Failure> {
    let Question { port, families, .. } = question;
    if let Ok(ip) = question.host.parse::<IpAddr>() {
        return Ok(Addresses::one(SocketAddr::new(ip, port)));
    }
    let known: Vec<_> = question
        .known
        .iter()
        .filter(|ip| families != Families::V4 || ip.is_ipv4())
        .map(|ip| SocketAddr::new(*ip, port))
        .collect();
    let asking = ask(Arc::clone(sockets), question);
    if known.is_empty() {
        return asking.await;
    }
    let mut asking = Box::pin(asking);
    match timeout(SILENCE, &mut asking).await {
        Ok(Err(failure)) if matches!(failure.kind(), NetErrorKind::ResolverFailed(_)) => {
            Ok(Addresses {
                now: known,
                later: None,
            })
        }
        Ok(answer) => answer,
        Err(_elapsed) => Ok(Addresses {
            now: known,
            later: Some(Box::pin(async move {
                asking.await.map_or_else(|_| Vec::new(), |found| found.now)
            })),
        }),
    }
}

async fn ask(sockets: Arc<dyn Sockets>, question: Question) -> Result<Addresses, Failure> {
    let v4 = lookup(&sockets, &question, Family::V4);
    let preferred = match question.families {
        Families::V4 => return only(v4).await,
        Families::Both(preferred) => preferred,
    };
    let v6 = lookup(&sockets, &question, Family::V6);
    let (first, second) = match preferred {
        Family::V6 => (v6, v4),
        Family::V4 => (v4, v6),
    };
    match select(first, second).await {
        Either::Left((first, second)) => prefer(first, second).await,
        Either::Right((second, mut first)) => match (second, timeout(GRACE, &mut first).await) {
            (second, Ok(first)) => prefer(first, Box::pin(std::future::ready(second))).await,
            (second, Err(_elapsed)) => prefer(second, first).await,
        },
    }
}

async fn only(lookup: Lookup) -> Result<Addresses, Failure> {
    let now = lookup.await.map_err(failure)?;
    Ok(Addresses { now, later: None })
}

/// Starts with the family that has answered; falls back to the other if it has nothing.
async fn prefer(answered: Answer, pending: Lookup) -> Result<Addresses, Failure> {
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
        // "No such name" needs both families' word; one that failed leaves it open.
        Err(second) if first == ResolveError::NotFound => Err(failure(second)),
        Err(_) => Err(failure(first)),
    }
}

fn failure(error: ResolveError) -> Failure {
    let kind = match error {
        ResolveError::NotFound => NetErrorKind::NameNotFound,
        ResolveError::Failed(code) => NetErrorKind::ResolverFailed(code),
    };
    Failure::new(kind).caused_by(error)
}

fn lookup(sockets: &Arc<dyn Sockets>, question: &Question, family: Family) -> Lookup {
    let sockets = Arc::clone(sockets);
    let (host, port) = (question.host.clone(), question.port);
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
