//! Asks a proxy to pass us on, on a connection to it that stands.
//!
//! CONNECT for every target, plain ones included: what travels inside is then the same for HTTP
//! and WebSocket, and a proxy sees names and never requests. Whatever comes behind the proxy's
//! answer already belongs to the target and is not lost.
//!
//! The caller limits the time. A proxy that answers garbage fails as
//! [`Protocol`](crate::NetErrorKind::Protocol), one that hangs up as
//! [`Closed`](crate::NetErrorKind::Closed); refusals have kinds of their own.

mod http_connect;
mod socks5;

use std::net::IpAddr;

use crate::dialer::Alpn;
use crate::egress::{ProxyScheme, ProxyUrl};
use crate::error::Failure;
use crate::sockets::BoxStream;
use crate::target::{Target, bracketed};
use crate::tls::{Hello, Tls};

/// Where a proxy shall take us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// For the proxy to look up.
    Name(String),
    Address(IpAddr),
}

impl Destination {
    /// The target by its name, or by the address that was found for it here.
    pub(crate) fn new(target: &Target, found: Option<IpAddr>) -> Self {
        let address = found.or_else(|| target.host.parse().ok());
        Self {
            host: match address {
                Some(ip) => Host::Address(ip),
                None => Host::Name(target.host.clone()),
            },
            port: target.port,
        }
    }

    fn authority(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(ip) => bracketed(&ip.to_string()),
        };
        format!("{host}:{}", self.port)
    }
}

/// The stream behind the proxy.
pub(crate) async fn pass_through(
    stream: BoxStream,
    proxy: &ProxyUrl,
    destination: &Destination,
    tls: &Tls,
    hello: &Hello,
) -> Result<BoxStream, Failure> {
    let login = proxy.login.as_ref();
    match proxy.scheme {
        ProxyScheme::Http => http_connect::ask(stream, destination, login).await,
        ProxyScheme::Https => {
            let secured = tls
                .connect(stream, (&proxy.host, None), Alpn::Http1, hello)
                .await?;
            http_connect::ask(secured.stream, destination, login).await
        }
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => socks5::ask(stream, destination, login).await,
    }
}
