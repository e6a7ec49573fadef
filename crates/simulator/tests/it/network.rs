//! The network in memory does to a client what a real one can, in virtual time.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::websocket;
use alipes_net::{
    Call, Dialer, DialerOptions, Family, HttpClient, Limits, NetError, Protocol, ResolveError,
    Response, Sockets as _, Tls, TlsOptions,
};
use alipes_simulator::{Closed, Lookup, Network, Options, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use url::Url;

use crate::client::{kind, options, prompt, text};

const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 443);
const HOUR: Duration = Duration::from_secs(3_600);

fn server() -> SocketAddr {
    SERVER.into()
}

fn simulator(network: &Network, tls: bool, faults: &[&str]) -> Simulator {
    let options = Options {
        listen: server(),
        tls,
        ..options(faults)
    };
    Simulator::within(network, options).unwrap()
}

fn dialer(network: &Network, simulator: &Simulator) -> Dialer {
    let pem = simulator.ca_pem().map(|pem| pem.as_bytes().to_vec());
    let options = TlsOptions {
        only_these_roots: pem,
        ..TlsOptions::default()
    };
    Dialer::new(DialerOptions {
        sockets: Arc::new(network.clone()),
        tls: Tls::new(options).unwrap(),
        limits: Limits::default(),
        clock: Clock::system(),
    })
}

fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", HOUR)
}

async fn ask(network: &Network, simulator: &Simulator) -> Result<Response, NetError> {
    let client = HttpClient::new(dialer(network, simulator), Clock::system());
    let call = Call {
        method: "POST".parse().unwrap(),
        url: Url::parse(&format!("{}/responses", simulator.base_url())).unwrap(),
        headers: [("content-type", "application/json")]
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect(),
        body: prompt("hello").to_string().into(),
        partition: String::new(),
        fresh: false,
    };
    client.send(call, deadline()).await
}

/// One whole answer over WebSocket.
async fn turn(network: &Network, simulator: &Simulator) {
    let url = format!("{}/responses", simulator.base_url()).replacen("http", "ws", 1);
    let upgrade = websocket::Upgrade::new(Url::parse(&url).unwrap());
    let dialer = dialer(network, simulator);
    let upgraded = websocket::connect(&dialer, upgrade, deadline()).await;
    let mut socket = upgraded.unwrap().socket;
    let events = crate::client::turn(&mut *socket, prompt("hello")).await;
    assert_eq!(kind(events.last().unwrap()), "response.completed");
}

#[tokio::test(start_paused = true)]
async fn every_protocol_runs_over_it_and_leaves_nothing_behind() {
    for (tls, protocol) in [(false, Protocol::Http1), (true, Protocol::Http2)] {
        let network = Network::new(Clock::system());
        let simulator = simulator(&network, tls, &[]);
        let response = ask(&network, &simulator).await.unwrap();
        assert_eq!(response.facts.protocol, protocol);
        assert!(text(response).await.contains("response.completed"));

        let url = format!("{}/responses", simulator.base_url()).replacen("http", "ws", 1);
        let upgrade = alipes_net::websocket::Upgrade::new(Url::parse(&url).unwrap());
        let dialer = dialer(&network, &simulator);
        let mut socket = alipes_net::websocket::connect(&dialer, upgrade, deadline())
            .await
            .unwrap()
            .socket;
        let events = crate::client::turn(&mut *socket, prompt("hello")).await;
        assert_eq!(kind(events.last().unwrap()), "response.completed");
        assert_eq!(network.client_ends(), 1);
        drop(socket);
        tokio::task::yield_now().await;
        assert_eq!(network.client_ends(), 0);
        simulator.stop().await;
        assert_eq!(network.open_ends(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn with_latency_every_answer_comes_later_and_an_upgrade_is_one() {
    let latency = Duration::from_millis(50);
    let clock = Clock::system();
    let network = Network::new(clock.clone());
    let options = Options {
        listen: server(),
        latency,
        ..options(&[])
    };
    let simulator = Simulator::within(&network, options).unwrap();
    let begun = clock.now();
    text(ask(&network, &simulator).await.unwrap()).await;
    let posted = clock.since(begun);
    turn(&network, &simulator).await;
    let spoken = clock.since(begun) - posted;
    // A timer of tokio may be a millisecond late.
    let grain = Duration::from_millis(1);
    assert!((latency..=latency + grain).contains(&posted), "{posted:?}");
    let two = 2 * latency;
    assert!((two..=two + 2 * grain).contains(&spoken), "{spoken:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_of_an_hour_costs_nothing() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network, true, &["connection-silent"]);
    let begun = Clock::system().now();
    let error = ask(&network, &simulator).await.err().unwrap();
    // Two ClientHellos, ten seconds each.
    assert_eq!(
        Clock::system().since(begun),
        Duration::from_secs(20),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_comes_after_all() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network, false, &[]);
    let begun = Clock::system().now();
    for (round, fault) in (1..).zip(["sse-late-first-event", "sse-pause-after-text"]) {
        simulator.set_scenario(options(&[fault]).scenario);
        let response = ask(&network, &simulator).await.unwrap();
        assert!(text(response).await.contains("response.completed"));
        let after = Clock::system().since(begun);
        assert_eq!(after, Duration::from_secs(12 * round), "{fault}");
    }
    for (round, fault) in (3..).zip(["websocket-late-first-event", "websocket-pause-after-text"]) {
        simulator.set_scenario(options(&[fault]).scenario);
        turn(&network, &simulator).await;
        let after = Clock::system().since(begun);
        assert_eq!(after, Duration::from_secs(12 * round), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_cut_comes_after_its_silence() {
    for (fault, last, silence) in [
        ("sse-cut-late", "response.created", 45),
        ("sse-cut-late-after-call", "response.output_item.done", 130),
    ] {
        let begun = Clock::system().now();
        let (said, ended) = read_to_its_end(fault).await;
        ended.unwrap();
        let mut kinds = said.lines().filter(|line| line.starts_with("data: "));
        assert!(kinds.next_back().unwrap().contains(last), "{fault}: {said}");
        let after = Clock::system().since(begun);
        assert_eq!(after, Duration::from_secs(silence), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_a_reset_is_read_before_it() {
    for (fault, expected) in [
        ("sse-reset-after-created", Err(ErrorKind::ConnectionReset)),
        ("sse-cut-after-created", Ok(())),
    ] {
        let (said, ended) = read_to_its_end(fault).await;
        assert!(said.contains("response.created"));
        assert_eq!(ended.map_err(|error| error.kind()), expected);
    }
}

/// What an answer with this fault says, and how its connection ends.
async fn read_to_its_end(fault: &str) -> (String, std::io::Result<()>) {
    let network = Network::new(Clock::system());
    let _simulator = simulator(&network, false, &[fault]);
    let mut stream = network.connect(server()).await.unwrap();
    let body = prompt("hello").to_string();
    let head = "POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let ended = stream.read_to_end(&mut said).await;
    (String::from_utf8_lossy(&said).into_owned(), ended.map(drop))
}

#[tokio::test(start_paused = true)]
async fn a_frozen_server_takes_64_kib_and_no_more() {
    let network = Network::new(Clock::system());
    let _simulator = simulator(&network, false, &["connection-silent"]);
    let mut stream = network.connect(server()).await.unwrap();
    let sending = stream.write_all(&[0; 100_000]);
    assert!(timeout(HOUR / 6, sending).await.is_err());
    assert_eq!(network.most_queued(), 64 * 1024);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_closed_in_every_way() {
    let network = Network::new(Clock::system());
    let connect = async || network.connect(server()).await.map(drop);
    assert_eq!(
        connect().await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    let _simulator = simulator(&network, false, &[]);
    for (how, kind) in [
        (Closed::Refused, ErrorKind::ConnectionRefused),
        (Closed::Unreachable, ErrorKind::HostUnreachable),
        (Closed::Reset, ErrorKind::ConnectionReset),
    ] {
        network.close(server(), how);
        assert_eq!(connect().await.unwrap_err().kind(), kind);
    }
    network.close(server(), Closed::BlackHole);
    assert!(timeout(HOUR, connect()).await.is_err());
    network.open(server());
    connect().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_come_late_or_never_or_wrong() {
    let network = Network::new(Clock::system());
    let ip: IpAddr = [192, 0, 2, 7].into();
    let ask = async || network.resolve("a.test", Family::V4).await;
    assert_eq!(ask().await, Err(ResolveError::NotFound));
    let late = Duration::from_secs(5);
    let lookups = vec![
        Lookup::never(),
        Lookup {
            after: Some(Duration::ZERO),
            answer: Err(ResolveError::Failed(-3)),
        },
        Lookup::at_once(&[ip]).after(late),
    ];
    network.name_slowly("a.test", Family::V4, lookups);
    assert!(timeout(HOUR, ask()).await.is_err());
    assert_eq!(ask().await, Err(ResolveError::Failed(-3)));
    let begun = Clock::system().now();
    assert_eq!(ask().await, Ok(vec![ip]));
    assert_eq!(Clock::system().since(begun), late);
    assert_eq!(
        network.resolve("a.test", Family::V6).await,
        Err(ResolveError::NotFound)
    );
}

#[tokio::test(start_paused = true)]
async fn a_network_that_went_away_takes_its_connections_along() {
    let network = Network::new(Clock::system());
    let simulator = simulator(&network, false, &[]);
    let mut stream = network.connect(server()).await.unwrap();
    network.go_away();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(timeout(HOUR, stream.read_u8()).await.is_err());
    let error = network.connect(server()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
    assert!(network.local_ip(server()).is_err());
    network.come_back();
    assert!(ask(&network, &simulator).await.is_ok());
    assert!(timeout(HOUR, stream.read_u8()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn latency_delays_every_byte_and_every_end() {
    let network = Network::new(Clock::system());
    let half_second = Duration::from_millis(500);
    network.set_latency(half_second);
    let _simulator = simulator(&network, false, &["connection-cut"]);
    let begun = Clock::system().now();
    let mut stream = network.connect(server()).await.unwrap();
    assert_eq!(Clock::system().since(begun), 2 * half_second);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(Clock::system().since(begun), 3 * half_second);
}
