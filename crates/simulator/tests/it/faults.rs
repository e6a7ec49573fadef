//! Every fault does on the wire what its row says.

mod sse;
mod websocket;

use std::collections::BTreeSet;

use alipes_net::NetErrorKind;
use alipes_net::websocket::Message;
use alipes_simulator::{Target, faults};

pub(crate) use self::sse::SSE;
pub(crate) use self::websocket::pongs;
use self::websocket::{Turn, WEBSOCKET, observe};
use crate::client::{End, Raw, answer, ask, connect, create, deadline, prompt, start};
use crate::edges::EDGES;
use crate::issuer;

const NOTHING: &str = "";
const CREATED: &str = "response.created";
const DELTA: &str = "response.output_text.delta";
const ITEM: &str = "response.output_item.done";
const COMPLETED: &str = "response.completed";
const FAILED: &str = "response.failed";

fn end(kind: &NetErrorKind) -> End {
    match kind {
        NetErrorKind::Reset => End::Reset,
        NetErrorKind::Closed => End::Closed,
        other => panic!("ended by {other}"),
    }
}

#[tokio::test]
async fn an_event_of_64_mib_is_one_event() {
    const BYTES: usize = 64 << 20;
    let simulator = start(&["sse-huge-event", "websocket-huge-event"]).await;
    let mut raw = Raw::open(&simulator).await;
    raw.send("POST", "/v1/responses", &prompt("hi").to_string())
        .await;
    raw.swallow(BYTES).await;
    assert_eq!(raw.read(|_| false).await, End::Closed);
    assert!(raw.text.contains(COMPLETED));

    let mut socket = connect(&simulator, true).await.unwrap().socket;
    socket.send_text(create(prompt("hi"))).await.unwrap();
    let error = loop {
        match deadline().run(socket.next()).await.unwrap() {
            Ok(Message::Text(text)) => assert!(text.len() < BYTES),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
}

#[tokio::test]
async fn faults_of_a_connection_strike_before_anything_is_read() {
    for (fault, expected) in [
        ("connection-reset", End::Reset),
        ("connection-cut", End::Closed),
        ("connection-silent", End::Quiet),
    ] {
        let simulator = start(&[&format!("{fault}@1")]).await;
        let mut raw = Raw::open(&simulator).await;
        assert_eq!(
            raw.read(|_| expected == End::Quiet).await,
            expected,
            "{fault}"
        );
        let response = ask(&simulator, "GET", "/v1/models", &[], "").await;
        assert_eq!(response.status, 200, "{fault}");
        let seen = simulator.seen();
        assert_eq!((seen[0].connection, seen[0].fault), (1, Some(fault)));
    }
}

#[tokio::test]
async fn faults_of_either_route_and_of_the_models_do_what_they_say() {
    let either = [
        ("401", 401),
        ("429", 429),
        ("usage-limit", 429),
        ("quota", 429),
        ("usage-not-included", 403),
        ("blocked", 403),
        ("captive-portal", 302),
        ("region", 403),
        ("500", 500),
        ("503", 503),
        ("challenge", 403),
    ];
    for (fault, status) in either {
        let simulator = start(&[&format!("{fault}@1-2")]).await;
        let expected = Turn::Refused(status);
        assert_eq!(
            observe(&simulator, NOTHING, &expected).await.1,
            expected,
            "{fault}"
        );
        let refused = answer(&simulator, "hi").await;
        assert_eq!(refused.status, status, "{fault}");
        let mended = answer(&simulator, "hi").await;
        assert_eq!(mended.status, 200, "{fault}");
    }
    for (fault, status) in [
        ("models-401", 401),
        ("models-500", 500),
        ("models-challenge", 403),
    ] {
        let simulator = start(&[fault]).await;
        let response = ask(&simulator, "GET", "/v1/models", &[], "").await;
        assert_eq!(response.status, status, "{fault}");
    }
    let simulator = start(&["models-stall"]).await;
    let mut raw = Raw::open(&simulator).await;
    raw.send("GET", "/v1/models", "").await;
    assert_eq!(raw.read(|_| true).await, End::Quiet);
}

#[test]
fn every_fault_is_observed_here() {
    let sse = SSE.iter().map(|row| row.0);
    let websocket = WEBSOCKET.iter().map(|row| row.0);
    let elsewhere = [
        "sse-endless",
        "sse-endless-line",
        "sse-refuses-zstd",
        "websocket-endless",
        "websocket-stall-before-upgrade",
        "websocket-pings-unanswered",
        "sse-huge-event",
        "websocket-huge-event",
        "sse-cut-late",
        "sse-cut-late-after-call",
        "sse-late-first-event",
        "sse-pause-after-text",
        "websocket-late-first-event",
        "websocket-pause-after-text",
    ];
    let observed: BTreeSet<_> = sse.chain(websocket).chain(elsewhere).collect();
    let offered: BTreeSet<_> = faults()
        .iter()
        .filter(|fault| fault.name.starts_with("sse-") || fault.name.starts_with("websocket-"))
        .map(|fault| fault.name)
        .collect();
    assert_eq!(observed, offered);
    let others = faults()
        .iter()
        .filter(|fault| !offered.contains(fault.name));
    assert_eq!(
        others
            .filter(|fault| fault.route != Target::AnyRoute && !issuer::has(fault))
            .count(),
        3 + 4 + EDGES.len()
    );
}
