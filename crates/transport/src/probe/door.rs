//! One way out of this machine, and everything that is looked at through it, at once.

use std::net::SocketAddr;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::{
    Alpn, CertificateFacts, Egress, EgressKey, Family, KeyShares, NetError, NetErrorKind,
    Phase as NetPhase, Target, Timings, Way, Witness,
};
use bytes::Bytes;
use futures_util::future::{BoxFuture, Shared};

use super::look::{Look, Outcome, Step};
use super::survey::{Door, Plan};
use crate::fault::of_net_error;
use crate::step::signed;
use crate::{CredentialError, Fault, Phase, Route, Transport};

/// The key, asked for once for all who need it.
pub(super) type Token = Shared<BoxFuture<'static, Result<Option<crate::Token>, CredentialError>>>;

/// One door, about to be tried.
pub(super) struct Knock<'p> {
    pub(super) plan: &'p Plan,
    pub(super) target: &'p Target,
    /// Through this door alone.
    pub(super) transport: Transport,
    pub(super) egress: Egress,
    pub(super) key: EgressKey,
    pub(super) is_taken: bool,
    pub(super) token: Token,
    /// Of the whole survey; longer than `limit`, so that it ends nothing by itself.
    pub(super) deadline: Deadline,
    /// Of each probe.
    pub(super) limit: Deadline,
}

impl Knock<'_> {
    /// Tries everything, and gives the list of models beside it.
    pub(super) async fn look(&self) -> (Door, Option<Bytes>) {
        let is_direct = self.egress.way == Way::Direct;
        let ((dialled, certificate), classical, families, requests, (models, body)) = tokio::join!(
            self.dial(),
            async {
                match self.target.tls {
                    true => Some(self.classical().await),
                    false => None,
                }
            },
            async {
                match is_direct {
                    true => self.families().await,
                    false => Vec::new(),
                }
            },
            self.requests(),
            async {
                match self.is_taken {
                    true => self.models().await,
                    false => (None, None),
                }
            },
        );
        let mut looks: Vec<Look> = dialled.into_iter().chain(classical).collect();
        looks.extend(families.into_iter().chain(requests).chain(models));
        looks.sort_by_key(|look| look.step);
        let door = Door {
            egress: self.egress.clone(),
            is_taken: self.is_taken,
            key: self.key.clone(),
            looks,
            certificate,
        };
        (door, body)
    }

    /// The dial, phase by phase, and whom the server says it is.
    async fn dial(&self) -> (Vec<Look>, Option<CertificateFacts>) {
        let witness = Witness::new();
        let dialer = &self.transport.dialer;
        let dialer = dialer
            .with_key_shares(KeyShares::PostQuantum)
            .witnessed(witness.clone());
        let dialled = dialer.dial(self.target, Alpn::Http2OrHttp1, self.limit);
        let looks = match dialled.await {
            Ok(connection) => {
                let facts = &connection.facts;
                let seen = |step| match (step, &facts.tls) {
                    (Step::Connect, _) => facts.remote_addr.to_string(),
                    (Step::Tls, Some(tls)) => format!("{}, {}", tls.version, tls.key_exchange),
                    _ => String::new(),
                };
                phases(&facts.timings)
                    .map(|(step, took)| Look::new(step, Outcome::Passed(seen(step)), took))
                    .collect()
            }
            Err(error) => self.failed_dial(&error),
        };
        (looks, witness.shown())
    }

    /// What went well before what did not.
    fn failed_dial(&self, error: &NetError) -> Vec<Look> {
        let fault = Box::new(self.signed(self.named(error)));
        let mut looks: Vec<Look> = phases(&error.facts.timings)
            .map(|(step, took)| Look::new(step, Outcome::Passed(String::new()), took))
            .collect();
        // The phase that failed is the last that was timed; what cannot be reached for a proxy is
        // that proxy's failure, whichever phase it was.
        let took = looks.pop().map_or(Duration::ZERO, |look| look.took);
        let step = match fault.phase {
            Phase::Resolve => Step::Name,
            Phase::Connect => Step::Connect,
            Phase::Proxy => Step::Proxy,
            _ => Step::Tls,
        };
        looks.push(Look::new(step, Outcome::Failed(fault), took));
        looks
    }

    async fn classical(&self) -> Look {
        let dialer = &self.transport.dialer;
        let dialer = dialer.with_key_shares(KeyShares::Classical);
        let dialled = dialer.dial(self.target, Alpn::Http2OrHttp1, self.limit);
        let step = Step::TlsClassical;
        match dialled.await {
            Ok(connection) => {
                let facts = &connection.facts;
                let took = facts.timings.of(NetPhase::Tls).unwrap_or_default();
                let seen = facts.tls.as_ref().map(|tls| tls.key_exchange.to_owned());
                Look::new(step, Outcome::Passed(seen.unwrap_or_default()), took)
            }
            Err(error) if error.phase == NetPhase::Tls => {
                let took = error.facts.timings.of(NetPhase::Tls).unwrap_or_default();
                let fault = self.signed(self.named(&error));
                Look::new(step, Outcome::Failed(Box::new(fault)), took)
            }
            Err(_) => Look::skipped(step, "not reached"),
        }
    }

    /// Each family by itself, straight to the server.
    async fn families(&self) -> Vec<Look> {
        let (v4, v6) = tokio::join!(
            self.family(Family::V4, Step::Ipv4),
            self.family(Family::V6, Step::Ipv6),
        );
        vec![v4, v6]
    }

    async fn family(&self, family: Family, step: Step) -> Look {
        let clock = &self.transport.clock;
        let dialer = &self.transport.dialer;
        let begun = clock.now();
        let reached = async {
            let found = dialer.look_up(&self.target.host, family, self.limit);
            let Some(ip) = found.await?.into_iter().next() else {
                return Ok(None);
            };
            let address = SocketAddr::new(ip, self.target.port);
            let took = dialer.reach(address, self.limit).await?;
            Ok(Some((address, took)))
        };
        match reached.await {
            Ok(Some((address, took))) => {
                Look::new(step, Outcome::Passed(address.to_string()), took)
            }
            Ok(None) => Look::skipped(step, "no address"),
            // An address of a family that this machine has no way out for is as good as none.
            Err(error) if is_missing(&error) => Look::skipped(step, "not on this network"),
            Err(error) => {
                let fault = self.signed(self.named(&error));
                Look::new(step, Outcome::Failed(Box::new(fault)), clock.since(begun))
            }
        }
    }

    /// The fault of an error, by the name it has in turns.
    pub(super) fn named(&self, error: &NetError) -> Fault {
        of_net_error(error, &self.deadline)
    }

    pub(super) fn signed(&self, fault: Fault) -> Fault {
        signed(fault, &self.plan.endpoint, &self.transport.redactor)
    }

    /// Whether turns may go by this route.
    pub(super) fn has(&self, route: Route) -> bool {
        self.plan.endpoint.routes().contains(&route)
    }
}

/// There is no way out for that family, which is no fault of the way.
fn is_missing(error: &NetError) -> bool {
    error.phase == NetPhase::Connect
        && matches!(
            error.kind,
            NetErrorKind::Unreachable | NetErrorKind::Offline
        )
}

/// The steps that a dial was timed at.
fn phases(timings: &Timings) -> impl Iterator<Item = (Step, Duration)> + '_ {
    timings.iter().filter_map(|(phase, took)| {
        let step = match phase {
            NetPhase::Resolve => Step::Name,
            NetPhase::Connect => Step::Connect,
            NetPhase::Proxy => Step::Proxy,
            NetPhase::Tls => Step::Tls,
            _ => return None,
        };
        Some((step, took))
    })
}
