//! Faults below the requests: in the TLS handshake, pings that nobody hears, and connections that take no request.

use std::time::Duration;

use alipes_net::{Limits, NetError, NetErrorKind, Phase, Response};
use alipes_simulator::{Simulator, Target, faults};

use crate::client::{
    QUIET, call, client, connect, deadline, kind, prompt, start, start_tls, text, turn,
};
use crate::faults::pongs;

/// What the client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The handshake ends so.
    Reset,
    Closed,
    TimedOut,
    Expired,
    NotYetValid,
    WrongHost,
    UnknownIssuer,
    /// The request is not taken.
    Refused,
    /// All is well.
    Answer,
}

/// Fault and what the client sees, which repeats a handshake that broke off with a smaller ClientHello.
pub(crate) const EDGES: &[(&str, Seen)] = &[
    ("tls-reset-after-hello", Seen::Reset),
    ("tls-cut-after-hello", Seen::Closed),
    ("tls-freeze-after-hello", Seen::TimedOut),
    ("tls-reset-large-hello", Seen::Answer),
    ("tls-freeze-large-hello", Seen::Answer),
    ("certificate-expired", Seen::Expired),
    ("certificate-not-yet-valid", Seen::NotYetValid),
    ("certificate-wrong-host", Seen::WrongHost),
    ("certificate-stranger", Seen::UnknownIssuer),
    ("http2-pings-unanswered", Seen::Answer),
    ("http2-stream-refused", Seen::Refused),
    ("http2-go-away", Seen::Refused),
];

async fn ask(simulator: &Simulator) -> Result<Response, NetError> {
    let limits = Limits {
        tls: Duration::from_millis(500),
        ..Limits::default()
    };
    let call = call(
        simulator,
        "POST",
        "/v1/responses",
        &[],
        prompt("hi").to_string(),
    );
    client(simulator, limits).send(call, deadline()).await
}

fn seen(error: &NetError) -> Seen {
    if matches!(error.kind, NetErrorKind::StreamRefused) {
        return Seen::Refused;
    }
    assert_eq!(error.phase, Phase::Tls, "{error}");
    match error.kind {
        NetErrorKind::Reset => Seen::Reset,
        NetErrorKind::Closed => Seen::Closed,
        NetErrorKind::TimedOut { .. } => Seen::TimedOut,
        NetErrorKind::CertificateExpired => Seen::Expired,
        NetErrorKind::CertificateNotYetValid => Seen::NotYetValid,
        NetErrorKind::CertificateWrongHost => Seen::WrongHost,
        NetErrorKind::CertificateUnknownIssuer => Seen::UnknownIssuer,
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn faults_below_the_requests_do_what_they_say() {
    for (fault, expected) in EDGES {
        let simulator = start_tls(&[fault]).await;
        let observed = match ask(&simulator).await {
            Ok(response) => {
                assert!(
                    text(response).await.contains("response.completed"),
                    "{fault}"
                );
                Seen::Answer
            }
            Err(error) => seen(&error),
        };
        assert_eq!(observed, *expected, "{fault}");
        let struck = simulator
            .seen()
            .iter()
            .filter_map(|seen| seen.fault)
            .count();
        let expected = match *fault {
            "http2-pings-unanswered" => 0,
            // The large ClientHello, and no other.
            "tls-reset-large-hello" | "tls-freeze-large-hello" => 1,
            _ => struck.max(1),
        };
        assert_eq!(struck, expected, "{fault}");
    }
}

#[tokio::test]
async fn a_fault_of_the_handshake_is_over_when_it_is() {
    let simulator = start_tls(&["certificate-expired@1"]).await;
    assert_eq!(seen(&ask(&simulator).await.unwrap_err()), Seen::Expired);
    assert_eq!(ask(&simulator).await.unwrap().status, 200);
}

#[tokio::test]
async fn over_http_2_pings_are_answered_unless_a_fault_withholds_it() {
    for (faults, answered) in [
        (&["sse-stall-after-created"][..], true),
        (
            &["sse-stall-after-created", "http2-pings-unanswered"],
            false,
        ),
        (&["sse-freeze-after-created"], false),
    ] {
        let simulator = start_tls(faults).await;
        let mut response = ask(&simulator).await.unwrap();
        let first = deadline().run(response.body.chunk()).await.unwrap();
        assert!(
            first
                .unwrap()
                .unwrap()
                .starts_with(b"event: response.created")
        );
        let pinger = response.body.pinger().unwrap();
        if answered {
            deadline().run(pinger.ping()).await.unwrap().unwrap();
        } else {
            let silence = tokio::time::timeout(QUIET, pinger.ping()).await;
            assert!(silence.is_err(), "{faults:?}");
        }
    }
}

#[tokio::test]
async fn on_a_websocket_that_withholds_pongs_all_else_is_well() {
    for tls in [false, true] {
        let faults = ["websocket-pings-unanswered@1"];
        let simulator = if tls {
            start_tls(&faults).await
        } else {
            start(&faults).await
        };
        for is_deaf in [true, false] {
            let mut socket = connect(&simulator, true).await.unwrap().socket;
            assert_eq!(pongs(&mut *socket, !is_deaf).await, !is_deaf);
            let events = turn(&mut *socket, prompt("hi")).await;
            assert_eq!(kind(events.last().unwrap()), "response.completed");
        }
    }
}

#[test]
fn every_fault_below_the_requests_is_observed_here() {
    let offered = faults()
        .iter()
        .filter(|fault| matches!(fault.route, Target::Tls | Target::Http2));
    let observed: Vec<_> = EDGES.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        offered.map(|fault| fault.name).collect::<Vec<_>>(),
        observed
    );
}
