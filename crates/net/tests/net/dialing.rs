//! Names, addresses and limits: on a network made of paused time, then on this machine.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::{
    Alpn, BoxStream, Connection, Dialer, DialerOptions, Egress, Family, Limits, NetError,
    NetErrorKind, Phase, Protocol, ResolveError, Sockets, Target, Tls, TlsOptions,
};
use futures_util::future::BoxFuture;

use crate::support::{Server, deadline, listen, plain_dialer, within};

const V4: &str = "192.0.2.1:443";
const V4_TOO: &str = "192.0.2.2:443";
const V6: &str = "[2001:db8::1]:443";

type Answer = Result<Vec<IpAddr>, ResolveError>;

/// A network as a table; what is not in it never answers.
#[derive(Default)]
struct Network {
    v4: Option<(u64, Answer)>,
    v6: Option<(u64, Answer)>,
    connects: HashMap<SocketAddr, io::ErrorKind>,
    open: Vec<SocketAddr>,
    tried: Mutex<Vec<SocketAddr>>,
}

impl Network {
    fn v4(mut self, delay: u64, answer: Result<&[&str], ResolveError>) -> Self {
        self.v4 = Some((delay, answer.map(ips)));
        self
    }

    fn v6(mut self, delay: u64, answer: Result<&[&str], ResolveError>) -> Self {
        self.v6 = Some((delay, answer.map(ips)));
        self
    }

    fn open(mut self, address: &str) -> Self {
        self.open.push(address.parse().unwrap());
        self
    }

    fn fails(mut self, address: &str, kind: io::ErrorKind) -> Self {
        self.connects.insert(address.parse().unwrap(), kind);
        self
    }

    async fn dial(self) -> Dialled {
        let network = Arc::new(self);
        let clock = Clock::system();
        let dialer = Dialer::new(DialerOptions {
            sockets: Arc::clone(&network) as Arc<dyn Sockets>,
            tls: Tls::new(TlsOptions::default()).unwrap(),
            limits: Limits::default(),
            clock: clock.clone(),
        });
        let target = Target {
            tls: false,
            host: "example.com".to_owned(),
            port: 443,
        };
        let begun = clock.now();
        let outcome = dialer.dial(&target, Alpn::Http1, deadline()).await;
        let tried = network
            .tried
            .lock()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        Dialled {
            outcome,
            tried,
            took: clock.since(begun),
        }
    }
}

struct Dialled {
    outcome: Result<Connection, NetError>,
    tried: Vec<String>,
    took: Duration,
}

impl Dialled {
    fn address(&self) -> String {
        self.outcome
            .as_ref()
            .ok()
            .unwrap()
            .facts
            .remote_addr
            .to_string()
    }

    fn error(self) -> NetError {
        self.outcome.err().unwrap()
    }
}

impl Sockets for Network {
    fn resolve<'a>(&'a self, _host: &'a str, family: Family) -> BoxFuture<'a, Answer> {
        let entry = match family {
            Family::V4 => self.v4.clone(),
            Family::V6 => self.v6.clone(),
        };
        Box::pin(async move {
            let Some((delay, answer)) = entry else {
                return std::future::pending().await;
            };
            tokio::time::sleep(Duration::from_millis(delay)).await;
            answer
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.tried.lock().unwrap().push(address);
        Box::pin(async move {
            if let Some(kind) = self.connects.get(&address) {
                return Err((*kind).into());
            }
            if self.open.contains(&address) {
                return Ok(Box::new(tokio::io::duplex(1).0) as BoxStream);
            }
            std::future::pending().await
        })
    }
}

fn ips(addresses: &[&str]) -> Vec<IpAddr> {
    addresses
        .iter()
        .map(|text| text.parse::<SocketAddr>().unwrap().ip())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_never_answers_aaaa_costs_its_grace_only() {
    let dialled = Network::default().v4(10, Ok(&[V4])).open(V4).dial().await;
    assert_eq!(dialled.address(), V4);
    assert_eq!(dialled.took, Duration::from_millis(60));
}

#[tokio::test(start_paused = true)]
async fn aaaa_is_preferred_if_it_comes_within_its_grace() {
    let network = Network::default().v4(10, Ok(&[V4])).v6(40, Ok(&[V6]));
    let dialled = network.open(V4).open(V6).dial().await;
    assert_eq!(dialled.tried, [V6]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_ipv6_path_costs_a_quarter_of_a_second() {
    let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
    let dialled = network.open(V4).dial().await;
    assert_eq!(dialled.address(), V4);
    assert_eq!(dialled.tried, [V6, V4]);
    assert_eq!(dialled.took, Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_refused_address_is_followed_by_the_next_at_once() {
    let network = Network::default()
        .v4(0, Ok(&[V4, V4_TOO]))
        .v6(0, Err(ResolveError::NotFound));
    let dialled = network
        .fails(V4, io::ErrorKind::ConnectionRefused)
        .open(V4_TOO)
        .dial()
        .await;
    assert_eq!(dialled.tried, [V4, V4_TOO]);
    assert_eq!(dialled.took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_slower_family_joins_when_the_faster_one_leads_nowhere() {
    let network = Network::default().v6(0, Ok(&[V6])).v4(3_000, Ok(&[V4]));
    let dialled = network
        .fails(V6, io::ErrorKind::NetworkUnreachable)
        .open(V4)
        .dial()
        .await;
    assert_eq!(dialled.address(), V4);
    assert_eq!(dialled.took, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_missing_family_does_not_hide_why_the_other_failed() {
    let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
    let network = network.fails(V6, io::ErrorKind::NetworkUnreachable);
    let error = network
        .fails(V4, io::ErrorKind::ConnectionRefused)
        .dial()
        .await
        .error();
    assert!(matches!(error.kind, NetErrorKind::Refused), "{error}");
    assert_eq!(error.facts.remote_addr, Some(V4.parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn no_such_name_needs_both_families_word() {
    let sure = Network::default()
        .v4(0, Err(ResolveError::NotFound))
        .v6(0, Err(ResolveError::NotFound));
    let error = sure.dial().await.error();
    assert!(matches!(error.kind, NetErrorKind::NameNotFound), "{error}");
    assert_eq!(error.phase, Phase::Resolve);

    let unsure = Network::default()
        .v4(0, Err(ResolveError::Failed(-3)))
        .v6(0, Err(ResolveError::NotFound));
    let error = unsure.dial().await.error();
    assert!(
        matches!(error.kind, NetErrorKind::ResolverFailed(-3)),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_resolver_ends_by_its_limit() {
    let dialled = Network::default().dial().await;
    assert_eq!(dialled.took, Duration::from_secs(12));
    let error = dialled.error();
    assert!(
        matches!(
            error.kind,
            NetErrorKind::TimedOut {
                limit: "resolve",
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.facts.written);
}

#[tokio::test(start_paused = true)]
async fn addresses_that_swallow_everything_end_by_the_connect_limit() {
    let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
    let error = network.dial().await.error();
    assert_eq!(error.phase, Phase::Connect);
    assert!(
        matches!(
            error.kind,
            NetErrorKind::TimedOut {
                limit: "connect",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.facts.timings.of(Phase::Connect),
        Some(Duration::from_secs(10))
    );
}

#[tokio::test]
async fn an_earlier_deadline_ends_a_phase_and_is_named() {
    let target = Target {
        tls: false,
        host: "127.0.0.1".to_owned(),
        port: 9,
    };
    let outcome = plain_dialer()
        .dial(&target, Alpn::Http1, within(Duration::ZERO))
        .await;
    let error = outcome.err().unwrap();
    assert!(
        matches!(
            error.kind,
            NetErrorKind::Refused | NetErrorKind::TimedOut { limit: "test", .. }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_port_is_named_with_its_address() {
    let address = listen().await.local_addr().unwrap();
    let target = Target {
        tls: false,
        host: "127.0.0.1".to_owned(),
        port: address.port(),
    };
    let error = plain_dialer()
        .dial(&target, Alpn::Http1, deadline())
        .await
        .err()
        .unwrap();
    assert!(matches!(error.kind, NetErrorKind::Refused), "{error}");
    assert_eq!(
        (error.phase, error.facts.remote_addr),
        (Phase::Connect, Some(address))
    );
    let message = format!("connection refused while connecting to {address} ({address}, direct)");
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn localhost_is_found_and_the_connection_describes_itself() {
    let server = Server::start(|_stream| std::future::pending()).await;
    let target = Target {
        tls: false,
        host: "localhost".to_owned(),
        port: server.address.port(),
    };
    let connection = plain_dialer()
        .dial(&target, Alpn::Http2OrHttp1, deadline())
        .await
        .unwrap();
    let facts = connection.facts;
    assert_eq!(
        (facts.egress, facts.remote_addr),
        (Egress::Direct, server.address)
    );
    assert_eq!(
        (facts.protocol, facts.tls, facts.reused),
        (Protocol::Http1, None, false)
    );
    let phases: Vec<_> = facts.timings.iter().map(|(phase, _)| phase).collect();
    assert_eq!(phases, [Phase::Resolve, Phase::Connect]);
}

#[tokio::test]
async fn a_name_that_does_not_exist_fails_while_it_is_looked_up() {
    let target = Target {
        tls: false,
        host: "no-such-host.invalid".to_owned(),
        port: 443,
    };
    let error = plain_dialer()
        .dial(&target, Alpn::Http1, deadline())
        .await
        .err()
        .unwrap();
    assert_eq!(error.phase, Phase::Resolve);
    // A machine without a resolver cannot be sure, and says so.
    assert!(
        matches!(
            error.kind,
            NetErrorKind::NameNotFound | NetErrorKind::ResolverFailed(_)
        ),
        "{error}"
    );
}
