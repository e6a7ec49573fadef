//! From the errors of the libraries below to our kinds: by type, errno and code, never by text.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use super::{Failure, NetErrorKind};

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(io_kind(&error)).caused_by(error)
    }
}

impl From<rustls::Error> for Failure {
    fn from(error: rustls::Error) -> Self {
        Self::new(tls_kind(&error)).caused_by(error)
    }
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        Self::new(http1_kind(&error)).caused_by(error)
    }
}

impl From<h2::Error> for Failure {
    fn from(error: h2::Error) -> Self {
        Self::new(http2_kind(&error)).caused_by(error)
    }
}

/// TLS reports its own errors through the stream, wrapped in an `io::Error`.
pub(crate) fn io_kind(error: &io::Error) -> NetErrorKind {
    use io::ErrorKind as Kind;
    if let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return tls_kind(tls);
    }
    match error.kind() {
        Kind::ConnectionRefused => NetErrorKind::Refused,
        Kind::ConnectionReset | Kind::ConnectionAborted => NetErrorKind::Reset,
        Kind::BrokenPipe | Kind::UnexpectedEof | Kind::NotConnected | Kind::WriteZero => {
            NetErrorKind::Closed
        }
        // The kernel's own time-out: it sent again and again and the network swallowed it.
        Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::AddrNotAvailable
        | Kind::TimedOut => NetErrorKind::Unreachable,
        Kind::InvalidData | Kind::InvalidInput => NetErrorKind::Protocol,
        _ => NetErrorKind::Io,
    }
}

fn tls_kind(error: &rustls::Error) -> NetErrorKind {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_kind(certificate),
        rustls::Error::AlertReceived(alert) => NetErrorKind::TlsAlert(u8::from(*alert)),
        _ => NetErrorKind::TlsOther,
    }
}

fn certificate_kind(error: &CertificateError) -> NetErrorKind {
    use CertificateError as Certificate;
    match error {
        Certificate::UnknownIssuer => NetErrorKind::CertificateUnknownIssuer,
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            NetErrorKind::CertificateWrongHost
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            NetErrorKind::CertificateExpired
        }
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            NetErrorKind::CertificateNotYetValid
        }
        _ => NetErrorKind::CertificateOther,
    }
}

fn http1_kind(error: &hyper::Error) -> NetErrorKind {
    if error.is_parse_too_large() {
        NetErrorKind::TooLarge
    } else if let Some(io) = io_source(error) {
        io_kind(io)
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        NetErrorKind::Closed
    } else {
        NetErrorKind::Protocol
    }
}

fn io_source(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

fn http2_kind(error: &h2::Error) -> NetErrorKind {
    if error.is_go_away() && error.is_remote() {
        // h2 gives a stream the peer's GOAWAY only if it lies above the last id that the peer
        // will process; streams below go on, and end in an io error if the connection does.
        return NetErrorKind::StreamRefused;
    }
    if let Some(io) = error.get_io() {
        return io_kind(io);
    }
    match error.reason() {
        // What h2 itself says of headers or frames over every bound.
        Some(h2::Reason::ENHANCE_YOUR_CALM) if error.is_library() => NetErrorKind::TooLarge,
        Some(h2::Reason::REFUSED_STREAM) if error.is_remote() => NetErrorKind::StreamRefused,
        Some(code) if error.is_remote() => NetErrorKind::StreamReset(code.into()),
        _ => NetErrorKind::Protocol,
    }
}
