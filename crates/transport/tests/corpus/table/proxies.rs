//! What a proxy can do to those who leave by it, and what leaving by another door can do.

use std::time::Duration;

use alipes_net::Family as IpFamily;
use alipes_simulator::{Manner, Network};
use alipes_transport::Phase::{Headers, Proxy, Tls, Upgrade};

use super::dialing::failing;
use crate::diagnosis::{
    DEADLINE, OFFLINE, PROXY_AUTH, PROXY_REFUSED, RESET, RESOLVER_FAILED, SILENT, TIMED_OUT,
};
use crate::row::Outcome::{Answer, Fault};
use crate::row::{Examined, Family, Row, Wires};
use crate::stage::{Door, PROXY_HOST};

pub(super) fn rows() -> Vec<Row> {
    [refusals(), silences(), absences(), doors()].concat()
}

fn row(name: &str, about: &'static str, manner: Manner) -> Row {
    Row::new(Family::Proxies, name, about).by(Door::Proxy(manner))
}

fn refusals() -> Vec<Row> {
    let strict = Manner::Strict {
        user: "somebody",
        password: "a word",
    };
    vec![
        row("proxy", "the proxy takes everybody there", Manner::Obliging),
        row(
            "proxy 403",
            "the proxy answers CONNECT with 403",
            Manner::Refuses(403),
        )
        .named(Proxy, PROXY_REFUSED)
        .ends(Fault, 16_000, 0),
        row(
            "proxy 407",
            "the proxy answers CONNECT with 407",
            Manner::Refuses(407),
        )
        .named(Proxy, PROXY_AUTH)
        .ends(Fault, 500, 0),
        row(
            "proxy wants credentials",
            "the proxy serves those with a password",
            strict,
        )
        .named(Proxy, PROXY_AUTH)
        .ends(Fault, 500, 0),
        row(
            "proxy 502",
            "the proxy answers CONNECT with 502",
            Manner::Refuses(502),
        )
        .named(Proxy, PROXY_REFUSED)
        .ends(Fault, 16_000, 0),
        row(
            "proxy hangs up",
            "the proxy hangs up in place of an answer",
            Manner::HangsUp,
        )
        .named(Proxy, PROXY_REFUSED)
        .ends(Fault, 16_000, 0),
        row(
            "proxy speaks in tongues",
            "the proxy answers with something else",
            Manner::Says(b"220 mail.test\r\n\r\n"),
        )
        .named(Proxy, PROXY_REFUSED)
        .ends(Fault, 16_000, 0),
    ]
}

fn silences() -> Vec<Row> {
    vec![
        row(
            "proxy silent",
            "the proxy never answers CONNECT",
            Manner::Freezes,
        )
        .named(Proxy, PROXY_REFUSED)
        .ends(Fault, 130_000, 0),
        row(
            "proxy swallows the upgrade",
            "the 101 never comes back",
            Manner::SwallowsUpgrades,
        )
        .over(Wires::Plain)
        .named(Upgrade, TIMED_OUT)
        .ends(Answer, 3_000, 2),
        row(
            "proxy swallows everything",
            "the proxy says yes, and nothing ever comes back",
            Manner::SwallowsAll,
        )
        .over(Wires::Plain)
        .named(Upgrade, TIMED_OUT)
        .ends_as(SILENT)
        .examined(Examined::At(Headers))
        .ends(Fault, 64_000, 0),
        row(
            "proxy swallows everything",
            "the proxy says yes, and nothing ever comes back",
            Manner::SwallowsAll,
        )
        .over(Wires::Tls)
        .named(Tls, TIMED_OUT)
        .ends(Fault, 180_000, 0),
    ]
}

/// What is not the proxy's doing.
fn absences() -> Vec<Row> {
    let row = |name, about| row(name, about, Manner::Obliging);
    vec![
        row(
            "no network, by a proxy",
            "this machine has no network, and gets none",
        )
        .at(0, Network::go_away)
        .named(Proxy, OFFLINE)
        .ends(Fault, 31 * 60_000, 0),
        row(
            "no network for 60 s, by a proxy",
            "this machine gets its network after a minute",
        )
        .at(0, Network::go_away)
        .at(60_000, Network::come_back)
        .named(Proxy, OFFLINE)
        .ends(Answer, 68_000, 1),
        row(
            "resolver fails, by a proxy",
            "the resolver says SERVFAIL to the question for the proxy, always",
        )
        .at(0, |network| {
            for family in [IpFamily::V4, IpFamily::V6] {
                network.name_slowly(PROXY_HOST, family, vec![failing()]);
            }
        })
        .named(Proxy, RESOLVER_FAILED)
        .ends(Fault, 16_000, 0),
        Row::new(
            Family::Proxies,
            "proxy silent, 5 s allowed",
            "the step's time is up while the proxy is silent",
        )
        .by(Door::Proxy(Manner::Freezes))
        .within(Duration::from_secs(5))
        .named(Proxy, DEADLINE)
        .ends(Fault, 5_000, 0),
    ]
}

fn doors() -> Vec<Row> {
    let row = |name, about, door| {
        Row::new(Family::Proxies, name, about)
            .by(door)
            .over(Wires::Tls)
    };
    vec![
        row(
            "TLS reset, proxy used",
            "a direct handshake would be reset",
            Door::ProxyAlone,
        ),
        row(
            "TLS reset, proxy not used",
            "a direct handshake is reset, and the environment has a proxy",
            Door::PassesProxy,
        )
        .named(Tls, RESET)
        .suspects_proxy()
        .ends(Fault, 16_000, 0),
    ]
}
