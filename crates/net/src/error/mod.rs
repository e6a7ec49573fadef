//! What can go wrong on a connection: a phase, a typed kind, and what was known by then.
//!
//! The kind says *what*, the phase *when*, the facts *on which connection and how far*. Together
//! they decide whether a request may be sent again; this room only reports them.

mod classify;

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::Expired;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use thiserror::Error;

use crate::egress::Egress;
use crate::facts::ConnectionFacts;
use crate::phase::{Phase, Timings};
use crate::target::Target;

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
    /// The address at the other end, or the last one tried.
    pub remote_addr: Option<SocketAddr>,
    /// How long the phases took, the failed one included.
    pub timings: Timings,
    /// Whether an earlier request had used the connection.
    pub reused: bool,
    /// Whether a byte of the request may have reached the server. On HTTP/2, where requests share
    /// a connection, bytes of another request count too: never false when it should be true.
    pub written: bool,
    /// The error underneath.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What happened.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum NetErrorKind {
    /// The resolver is sure that the name has no address.
    #[error("no such host name")]
    NameNotFound,
    /// The resolver itself failed; the number is `getaddrinfo`'s EAI code.
    #[error("the name could not be looked up (resolver code {0})")]
    ResolverFailed(i32),
    /// Nothing listens there, or a firewall says so.
    #[error("connection refused")]
    Refused,
    /// The network has no way there (any more).
    #[error("no route to the address")]
    Unreachable,
    /// A limit passed.
    #[error("the limit {limit} of {length:?} has passed")]
    TimedOut {
        /// The limit's name, as configuration spells it.
        limit: &'static str,
        /// Its length.
        length: Duration,
    },
    /// The connection was reset.
    #[error("connection reset")]
    Reset,
    /// The connection ended where more was due.
    #[error("connection closed before it was complete")]
    Closed,
    /// The operating system refused the socket (permissions, descriptors, memory).
    #[error("the operating system refused the connection")]
    Io,
    /// No trusted authority signed the certificate.
    #[error("the certificate's issuer is not trusted")]
    CertificateUnknownIssuer,
    /// The certificate is for other names.
    #[error("the certificate is for another host")]
    CertificateWrongHost,
    /// The certificate's time is over, by this machine's clock.
    #[error("the certificate has expired, by this machine's clock")]
    CertificateExpired,
    /// The certificate's time has not come, by this machine's clock.
    #[error("the certificate is not valid yet, by this machine's clock")]
    CertificateNotYetValid,
    /// Anything else about the certificate.
    #[error("the certificate is not acceptable")]
    CertificateOther,
    /// The server ended the handshake with this alert (RFC 8446, section 6).
    #[error("the server refused TLS with alert {0}")]
    TlsAlert(u8),
    /// Anything else about TLS.
    #[error("TLS failed")]
    TlsOther,
    /// No certificate authority could be found on this machine.
    #[error("this machine has no CA certificates; install them or name a CA file")]
    NoRootCertificates,
    /// The server broke the protocol: not HTTP, a bad frame, a bad upgrade.
    #[error("the server broke the protocol")]
    Protocol,
    /// The server proved that it did not process the request (HTTP/2 `REFUSED_STREAM`, or a
    /// GOAWAY that excludes it): sending it again is safe.
    #[error("the server refused to take the request on this connection")]
    StreamRefused,
    /// The server reset the request's HTTP/2 stream with this code (RFC 9113, section 7).
    #[error("the server cancelled the request with HTTP/2 code {0}")]
    StreamReset(u32),
    /// A bound of ours was exceeded: headers or a message.
    #[error("the answer is larger than allowed")]
    TooLarge,
    /// The server answered the WebSocket upgrade with a response of its own.
    #[error("the server refused the upgrade with status {status}")]
    UpgradeRefused {
        /// The answer's status.
        status: StatusCode,
        /// The answer's headers.
        headers: Box<HeaderMap>,
        /// The first bytes of its body, at most 4,096.
        body: Bytes,
    },
    /// The URL is not one to connect to.
    #[error("not an http, https, ws or wss URL with a host")]
    BadUrl,
    /// An extra CA file cannot be used.
    #[error("the CA file {} cannot be used", path.display())]
    CaFile {
        /// Which one.
        path: PathBuf,
    },
}

/// Why a CA file cannot be used; the source of [`NetErrorKind::CaFile`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaFileProblem {
    /// It could not be opened or read.
    #[error("it cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is not PEM, or holds no certificate.
    #[error("it holds no PEM certificate")]
    NoCertificate,
    /// One of its certificates cannot serve as an authority.
    #[error("a certificate in it cannot be parsed")]
    BadCertificate,
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        let Some(target) = &self.facts.target else {
            return Ok(());
        };
        write!(f, " while {} {target}", self.phase.doing())?;
        match (&self.facts.remote_addr, &self.facts.egress) {
            (Some(address), Some(egress)) => write!(f, " ({address}, {egress})"),
            (None, Some(egress)) => write!(f, " ({egress})"),
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
    /// These facts and those of a connection that stands.
    pub(crate) fn on(self, connection: &ConnectionFacts) -> Self {
        Self {
            egress: Some(connection.egress.clone()),
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
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(kind: NetErrorKind) -> Self {
        Self {
            kind,
            remote_addr: None,
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
