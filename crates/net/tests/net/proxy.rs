//! The simulator's proxies, reached in every way that a dialer knows.

use std::net::SocketAddr;
use std::sync::Arc;

use alipes_simulator::{Manner, Proxy as Simulated, ProxyOptions, Speech};

use crate::support::Authority;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    Https,
    Socks5,
    Socks5h,
}

/// User and password as they stand in a proxy's URL.
pub(crate) const LOGIN: &str = "user:p%3Ass@";

/// Passes on whom [`LOGIN`] describes.
pub(crate) const STRICT: Manner = Manner::Strict {
    user: "user",
    password: "p:ss",
};

/// A proxy that takes everybody to one server, whatever name they ask for.
pub(crate) struct Proxy {
    simulated: Simulated,
    kind: Kind,
}

impl Proxy {
    pub(crate) async fn start(
        kind: Kind,
        manner: Manner,
        origin: SocketAddr,
        authority: &Authority,
    ) -> Self {
        let speech = match kind {
            Kind::Http | Kind::Https => Speech::Http,
            Kind::Socks5 | Kind::Socks5h => Speech::Socks5,
        };
        let tls = (kind == Kind::Https).then(|| Arc::new(authority.localhost(&["http/1.1"])));
        let options = ProxyOptions {
            speech,
            tls,
            origin: Some(origin),
            ..ProxyOptions::local(manner)
        };
        let simulated = Simulated::start(options).await.unwrap();
        Self { simulated, kind }
    }

    pub(crate) fn url(&self, login: &str) -> String {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
            Kind::Socks5h => "socks5h",
        };
        format!("{scheme}://{login}localhost:{}", self.address().port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.simulated.local_addr()
    }

    /// Where it was asked to connect to.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.simulated.asked()
    }
}
