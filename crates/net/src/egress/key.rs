//! A name for the way out that memory, breakers and challenges can be keyed by.
//!
//! A proxy names itself. A direct way is named by the local address that packets leave from,
//! because the same laptop in another network, or with its VPN up, is another client to the world.
//! Connecting a UDP socket makes the operating system choose that address and sends nothing.
//! Privacy extensions change an IPv6 address every day, so only its network counts (RFC 8981).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::ProxyUrl;
use crate::sockets::Sockets;

/// Somewhere on the internet, as routing tables see it: documentation addresses (RFC 5737,
/// RFC 3849), which nobody answers from and nothing is sent to.
const ANYWHERE: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        9,
    ),
];

/// A way out of this machine, as text to key things by: no credentials, stable while the machine
/// stays in its network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EgressKey(Arc<str>);

impl EgressKey {
    /// The text, such as `direct 192.168.1.7` or `http://proxy.example:3128`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn proxy(proxy: &ProxyUrl) -> Self {
        Self(proxy.to_string().into())
    }

    fn direct(from: &str) -> Self {
        Self(format!("direct {from}").into())
    }
}

/// A key as it was stored.
impl From<&str> for EgressKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for EgressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a direct way to `host`. One key for both families, as a dial does not know in
/// advance which will win: IPv4's address where there is one.
pub(crate) fn local_key(sockets: &dyn Sockets, host: &str) -> EgressKey {
    let given = host.parse().map(|ip| SocketAddr::new(ip, 9));
    let towards = given.as_ref().map_or(&ANYWHERE[..], std::slice::from_ref);
    match towards.iter().find_map(|to| sockets.local_ip(*to).ok()) {
        Some(IpAddr::V4(ip)) => EgressKey::direct(&ip.to_string()),
        Some(IpAddr::V6(ip)) => EgressKey::direct(&network_of(ip)),
        None => EgressKey::direct("unknown"),
    }
}

fn network_of(ip: Ipv6Addr) -> String {
    let [a, b, c, d, ..] = ip.segments();
    format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
}

/// Whether this machine has no address to reach the internet from, in neither family.
pub(crate) fn is_offline(sockets: &dyn Sockets) -> bool {
    ANYWHERE.iter().all(|to| match sockets.local_ip(*to) {
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::Unsupported,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::SystemSockets;

    #[test]
    fn an_ipv6_address_counts_by_its_network() {
        let one = "2001:db8:1:2:aaaa::1".parse().unwrap();
        let other = "2001:db8:1:2:bbbb::9".parse().unwrap();
        assert_eq!(network_of(one), "2001:db8:1:2::/64");
        assert_eq!(network_of(one), network_of(other));
    }

    #[test]
    fn the_way_to_loopback_leaves_from_loopback() {
        let key = local_key(&SystemSockets::new(), "127.0.0.1");
        assert_eq!(key.as_str(), "direct 127.0.0.1");
        assert_eq!(key, EgressKey::from("direct 127.0.0.1"));
    }
}
