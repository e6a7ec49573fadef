//! What can go wrong on a connection: a phase, a typed kind, and what was known by then.
//!
//! The kind says *what*, the phase *when*, the facts *on which connection and how far*. Together
//! they decide whether a request may be sent again; this room only reports them.

mod classify;
mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use alipes_base::Expired;

pub use self::kind::{CaFileProblem, NetErrorKind};
use crate::egress::{Egress, EgressKey, UnusedProxy};
use crate::facts::{ConnectionFacts, way};
use crate::phase::{Phase, Timings};
use crate::target::Target;
use crate::tls::CertificateFacts;

/// A connection or request that failed.
#[derive(Clone, Debug)]
pub struct NetError {
    /// When it happened.
    pub phase: Phase,
    /// What happened.
    pub kind: NetErrorKind,
    /// What was known by then.
    pub facts: Box<ErrorFacts>,
}

/// The circumstances of a [`NetError`].
#[derive(Clone, Debug, Default)]
pub struct ErrorFacts {
    /// Where it led.
    pub target: Option<Target>,
    /// How it left this machine, once decided.
    pub egress: Option<Egress>,
    /// The way out's name for memory and breakers.
    pub egress_key: Option<EgressKey>,
    /// Whether only IPv4 addresses were looked up.
    pub ipv4_only: bool,
    /// A proxy that this machine has, and the dial did not use.
    pub unused_proxy: Option<UnusedProxy>,
    /// The address at the other end (the proxy's, if there is one), or the last one tried.
    pub remote_addr: Option<SocketAddr>,
    /// How long the phases took, the failed one included.
    pub timings: Timings,
    /// Whether an earlier request had used the connection.
    pub reused: bool,
    /// Whether a byte of the request may have reached the server. On HTTP/2, where requests share
    /// a connection, bytes of another request count too: never false when it should be true.
    pub written: bool,
    /// The certificate that was not believed, if it was for that.
    pub certificate: Option<Box<CertificateFacts>>,
    /// The error underneath.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        let Some(target) = &self.facts.target else {
            return Ok(());
        };
        write!(f, " while {} {target}", self.phase.doing())?;
        match (&self.facts.remote_addr, self.facts.way()) {
            (Some(address), Some(way)) => write!(f, " ({address}, {way})"),
            (None, Some(way)) => write!(f, " ({way})"),
            _ => Ok(()),
        }
    }
}

impl StdError for NetError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.facts
            .source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl ErrorFacts {
    /// The way out of this machine in words, once decided.
    #[must_use]
    pub fn way(&self) -> Option<String> {
        let egress = self.egress.as_ref()?;
        Some(way(egress, self.ipv4_only))
    }

    /// These facts and those of a connection that stands.
    pub(crate) fn on(self, connection: &ConnectionFacts) -> Self {
        Self {
            egress: Some(connection.egress.clone()),
            egress_key: Some(connection.egress_key.clone()),
            ipv4_only: connection.ipv4_only,
            unused_proxy: connection.unused_proxy.clone(),
            remote_addr: Some(connection.remote_addr),
            timings: connection.timings.clone(),
            reused: connection.reused,
            ..self
        }
    }
}

/// What went wrong, before it is known where: the form in which the inner modules report.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: NetErrorKind,
    remote_addr: Option<SocketAddr>,
    certificate: Option<Box<CertificateFacts>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(kind: NetErrorKind) -> Self {
        Self {
            kind,
            remote_addr: None,
            certificate: None,
            source: None,
        }
    }

    pub(crate) fn caused_by(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    pub(crate) fn tried_at(self, address: SocketAddr) -> Self {
        Self {
            remote_addr: Some(address),
            ..self
        }
    }

    /// The certificate that it is about.
    pub(crate) fn shown(self, certificate: Option<CertificateFacts>) -> Self {
        Self {
            certificate: certificate.map(Box::new),
            ..self
        }
    }

    /// The same circumstances, better understood.
    pub(crate) fn renamed(self, kind: NetErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn kind(&self) -> &NetErrorKind {
        &self.kind
    }

    /// The whole error, with what is known around it.
    pub(crate) fn at(self, phase: Phase, facts: ErrorFacts) -> NetError {
        NetError {
            phase,
            kind: self.kind,
            facts: Box::new(ErrorFacts {
                remote_addr: self.remote_addr.or(facts.remote_addr),
                certificate: self.certificate,
                source: self.source,
                ..facts
            }),
        }
    }

    /// The whole error where nothing else is known yet.
    pub(crate) fn during(self, phase: Phase) -> NetError {
        self.at(phase, ErrorFacts::default())
    }
}

impl From<Expired> for Failure {
    fn from(expired: Expired) -> Self {
        Self::new(NetErrorKind::TimedOut {
            limit: expired.limit,
            length: expired.length,
        })
    }
}
