//! The list of what can go wrong: one variant per thing that a caller treats differently.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use thiserror::Error;

use crate::egress::EgressSource;

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
    /// This machine has no way to the internet at all: no address to leave from.
    #[error("this machine is offline")]
    Offline,
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
    /// The proxy answered our CONNECT with a status of its own.
    #[error("the proxy refused with status {status}")]
    ProxyRefused {
        /// The answer's status.
        status: StatusCode,
        /// The answer's headers.
        headers: Box<HeaderMap>,
        /// The first bytes of its body, at most 4,096.
        body: Bytes,
    },
    /// The SOCKS proxy could not or would not connect us (RFC 1928, section 6).
    #[error("the proxy refused with SOCKS reply {0}")]
    SocksRefused(u8),
    /// The proxy wants to know who we are, or does not believe it.
    #[error("the proxy wants {}", credentials(.sent))]
    ProxyAuth {
        /// Whether we sent credentials.
        sent: bool,
        /// The ways to authenticate that it offered, such as `Basic, Negotiate`; we speak the
        /// first. Empty for SOCKS.
        offered: String,
    },
    /// A proxy's URL cannot be used; the source is a [`ProxyProblem`](crate::ProxyProblem).
    #[error("the proxy from {named_by} cannot be used")]
    BadProxy {
        /// Who named it.
        named_by: EgressSource,
    },
    /// The URL is not one to connect to.
    #[error("not an http, https, ws or wss URL with a host")]
    BadUrl,
    /// An extra CA file cannot be used.
    #[error("the CA file {} cannot be used (correct or unset {named_by})", path.display())]
    CaFile {
        /// Which one.
        path: PathBuf,
        /// Who named it.
        named_by: String,
    },
}

impl NetErrorKind {
    /// Whether a certificate that was shown is not believed.
    pub(crate) fn is_about_the_certificate(&self) -> bool {
        matches!(
            self,
            Self::CertificateUnknownIssuer
                | Self::CertificateWrongHost
                | Self::CertificateExpired
                | Self::CertificateNotYetValid
                | Self::CertificateOther
        )
    }
}

fn credentials(sent: &bool) -> &'static str {
    if *sent {
        "other credentials than those in its URL"
    } else {
        "credentials: put user:password@ into its URL"
    }
}

/// Why a CA file cannot be used; the source of [`NetErrorKind::CaFile`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaFileProblem {
    /// It could not be opened or read.
    #[error("it cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It has nothing in it.
    #[error("it is empty")]
    Empty,
    /// Nobody has so many authorities.
    #[error("it is larger than 16 MiB")]
    TooLarge,
    /// It is not PEM, or holds no certificate.
    #[error("it holds no PEM certificate")]
    NoCertificate,
    /// One of its certificates cannot serve as an authority.
    #[error("a certificate in it cannot be parsed")]
    BadCertificate,
}
