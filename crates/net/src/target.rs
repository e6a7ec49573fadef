//! Where a connection leads: the part of a URL that a socket cares about.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

use crate::error::{Failure, NetError, NetErrorKind};
use crate::phase::Phase;

/// A server's name and port, and whether it is spoken to through TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whether the connection is encrypted (`https`, `wss`).
    pub tls: bool,
    /// A host name in ASCII, or an IP address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl Target {
    /// The target of an `http`, `https`, `ws` or `wss` URL.
    ///
    /// # Errors
    /// [`NetErrorKind::BadUrl`] for any other scheme, or without a host.
    pub fn from_url(url: &Url) -> Result<Self, NetError> {
        let tls = match url.scheme() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(bad_url()),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(bad_url()),
        };
        let port = url.port_or_known_default().ok_or_else(bad_url)?;
        Ok(Self { tls, host, port })
    }

    /// Whether it is on this machine itself (RFC 6761, section 6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        match host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }

    /// The `host` header's value: the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default {
            bracketed(&self.host)
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", bracketed(&self.host), self.port)
    }
}

/// A host as it stands before a port.
pub(crate) fn bracketed(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// The URL itself is not repeated: it may carry a password.
pub(crate) fn bad_url() -> NetError {
    Failure::new(NetErrorKind::BadUrl).during(Phase::Resolve)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, NetErrorKind> {
        Target::from_url(&url.parse().unwrap()).map_err(|error| error.kind)
    }

    #[test]
    fn the_scheme_decides_tls_and_the_default_port() {
        let plain = target("ws://example.com/x").unwrap();
        assert_eq!((plain.tls, plain.port), (false, 80));
        assert_eq!(plain.authority(), "example.com");
        let secure = target("wss://example.com:8443/x").unwrap();
        assert_eq!((secure.tls, secure.port), (true, 8443));
        assert_eq!(secure.authority(), "example.com:8443");
    }

    #[test]
    fn an_address_keeps_its_brackets_only_on_the_wire() {
        let target = target("https://[::1]/").unwrap();
        assert_eq!(target.host, "::1");
        assert_eq!(target.authority(), "[::1]");
        assert_eq!(target.to_string(), "[::1]:443");
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in ["file:///etc/hosts", "ftp://example.com/", "data:,x"] {
            assert!(matches!(target(url), Err(NetErrorKind::BadUrl)), "{url}");
        }
    }
}
