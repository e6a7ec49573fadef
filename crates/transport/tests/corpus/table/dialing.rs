//! What a dial can meet with before there is a connection: names, addresses, certificates, and a network that goes away.

use std::time::Duration;

use alipes_net::{Family as IpFamily, ResolveError};
use alipes_simulator::{Closed, Lookup, Network};
use alipes_transport::Phase::{Connect, Credential, FirstOutput, Resolve, Stream};

use crate::diagnosis::{
    EDGE_DEAD, NAME_NOT_FOUND, NO_NEWER_TOKEN, OFFLINE, REFUSED, RESET, RESOLVER_FAILED, TIMED_OUT,
    UNREACHABLE,
};
use crate::row::Outcome::{Answer, Fault, Restarted};
use crate::row::{Examined, Family, Row};
use crate::stage::{HOST, server};

/// An address of the server that leads nowhere.
const V6: [u16; 8] = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1];

pub(super) fn rows() -> Vec<Row> {
    [keys(), names(), addresses(), absences()].concat()
}

fn row(name: &str, about: &'static str) -> Row {
    Row::new(Family::Dialing, name, about)
}

fn lookups(network: &Network, of: impl Fn() -> Vec<Lookup>) {
    network.name_slowly(HOST, IpFamily::V4, of());
    network.name_slowly(HOST, IpFamily::V6, of());
}

fn found() -> Lookup {
    Lookup::at_once(&[server().ip()])
}

fn keys() -> Vec<Row> {
    let row = |name, about, seconds| row(name, about).keyless_for(seconds);
    vec![
        row(
            "sign-in service fails for 3 s",
            "the token has ended, and for 3 s the sign-in service gives no newer one",
            3,
        )
        .named(Credential, NO_NEWER_TOKEN)
        .ends(Answer, 6_000, 1),
        row(
            "sign-in service fails for an hour",
            "the token has ended, and the sign-in service gives no newer one",
            3_600,
        )
        .named(Credential, NO_NEWER_TOKEN)
        .ends(Fault, 16_000, 0),
    ]
}

fn names() -> Vec<Row> {
    vec![
        row(
            "name not found",
            "the resolver is sure that there is no such name",
        )
        .at(0, |network| lookups(network, || vec![Lookup::at_once(&[])]))
        .named(Resolve, NAME_NOT_FOUND)
        .ends(Fault, 500, 0),
        row("resolver fails", "the resolver says SERVFAIL, always")
            .at(0, |network| lookups(network, || vec![failing()]))
            .named(Resolve, RESOLVER_FAILED)
            .ends(Fault, 16_000, 0),
        row(
            "resolver fails once",
            "the resolver says SERVFAIL to the first question",
        )
        .at(0, |network| lookups(network, || vec![failing(), found()]))
        .named(Resolve, RESOLVER_FAILED)
        .examined(Examined::AsNothing)
        .ends(Answer, 500, 1),
        row(
            "first query lost",
            "the first question gets its answer after 5 s, as libc asks again",
        )
        .at(0, |network| {
            let late = || found().after(Duration::from_secs(5));
            lookups(network, || vec![late(), found()]);
        })
        .ends(Answer, 6_000, 1),
        row("resolver silent", "no question is ever answered")
            .at(0, |network| lookups(network, || vec![Lookup::never()]))
            .named(Resolve, RESOLVER_FAILED)
            .ends(Fault, 130_000, 0),
    ]
}

pub(super) fn failing() -> Lookup {
    /// `EAI_AGAIN`.
    const TRY_AGAIN: i32 = -3;
    Lookup {
        answer: Err(ResolveError::Failed(TRY_AGAIN)),
        ..found()
    }
}

fn addresses() -> Vec<Row> {
    vec![
        row(
            "AAAA black hole",
            "the IPv6 address of the server answers nothing",
        )
        .at(0, |network| {
            let v6 = V6.into();
            network.name_slowly(HOST, IpFamily::V6, vec![Lookup::at_once(&[v6])]);
            network.close((v6, server().port()).into(), Closed::BlackHole);
        })
        .examined(Examined::As(Connect, TIMED_OUT))
        .ends(Answer, 1_000, 1),
        row(
            "AAAA lookup lost",
            "the question for IPv6 addresses is never answered",
        )
        .at(0, |network| {
            network.name_slowly(HOST, IpFamily::V6, vec![Lookup::never()]);
        })
        .examined(Examined::As(Resolve, RESOLVER_FAILED))
        .ends(Answer, 1_000, 1),
        row("refused", "nothing listens on the port")
            .at(0, |network| network.close(server(), Closed::Refused))
            .named(Connect, REFUSED)
            .ends(Fault, 16_000, 0),
        row("refused for 3 s", "nothing listens on the port for 3 s")
            .at(0, |network| network.close(server(), Closed::Refused))
            .at(3_000, |network| network.open(server()))
            .named(Connect, REFUSED)
            .ends(Answer, 11_000, 1),
        row("refused for 7 s", "nothing listens on the port for 7 s")
            .at(0, |network| network.close(server(), Closed::Refused))
            .at(7_000, |network| network.open(server()))
            .named(Connect, REFUSED)
            .ends(Answer, 15_000, 1),
        row("unreachable", "there is no way to the address")
            .at(0, |network| network.close(server(), Closed::Unreachable))
            .named(Connect, UNREACHABLE)
            .ends(Fault, 16_000, 0),
        row(
            "reset while connecting",
            "the connection is reset before it stands",
        )
        .at(0, |network| network.close(server(), Closed::Reset))
        .named(Connect, RESET)
        .ends(Fault, 16_000, 0),
        row("connect black hole", "the address answers nothing")
            .at(0, |network| network.close(server(), Closed::BlackHole))
            .named(Connect, TIMED_OUT)
            .ends(Fault, 130_000, 0),
        row(
            "connect black hole for 7 s",
            "the address answers nothing for 7 s",
        )
        .at(0, |network| network.close(server(), Closed::BlackHole))
        .at(7_000, |network| network.open(server()))
        .named(Connect, TIMED_OUT)
        .ends(Answer, 15_000, 1),
    ]
}

/// The network goes away and comes back after 5 s, as when a laptop changes from cable to radio.
fn absences() -> Vec<Row> {
    vec![
        row("no network", "this machine has no network, and gets none")
            .at(0, Network::go_away)
            .named(Resolve, OFFLINE)
            .ends(Fault, 31 * 60_000, 0),
        row(
            "no network for 5 s",
            "this machine gets its network after 5 s",
        )
        .at(0, Network::go_away)
        .at(5_000, Network::come_back)
        .named(Resolve, OFFLINE)
        .ends(Answer, 13_000, 1),
        row(
            "no network for 60 s",
            "this machine gets its network after a minute",
        )
        .at(0, Network::go_away)
        .at(60_000, Network::come_back)
        .named(Resolve, OFFLINE)
        .ends(Answer, 68_000, 1),
        row(
            "network gone and back before the answer",
            "the network changes while the first output is awaited",
        )
        .fault("websocket-stall-after-created@1")
        .at(1_000, Network::go_away)
        .at(6_000, Network::come_back)
        .named(FirstOutput, EDGE_DEAD)
        .ends(Answer, 14_000, 2),
        row(
            "network gone and back in the text",
            "the network changes in the middle of the text",
        )
        .pace(400)
        .at(1_000, Network::go_away)
        .at(6_000, Network::come_back)
        .named(Stream, EDGE_DEAD)
        .ends(Restarted, 40_000, 2),
        row(
            "network changed between steps",
            "the socket of the step before leads nowhere any more",
        )
        .after_a_step(Duration::from_secs(60))
        .at(0, |network| {
            network.go_away();
            network.come_back();
        })
        .ends(Answer, 10_000, 1),
    ]
}
