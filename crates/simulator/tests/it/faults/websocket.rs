//! Faults of the WebSocket route: what comes of a turn, and how it ends.

use alipes_base::Clock;
use alipes_net::NetErrorKind;
use alipes_net::websocket::{Message, Socket};
use alipes_simulator::{Options, Simulator};
use serde_json::Value;

use super::end;
use crate::client::{End, QUIET, connect, create, deadline, kind, options, prompt, start};
use crate::faults::{COMPLETED, CREATED, DELTA, FAILED, ITEM, NOTHING};

/// How a turn over WebSocket ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The upgrade was refused with this status.
    Refused(u16),
    /// The connection was reset, or ended, before the upgrade's answer.
    NoUpgrade(End),
    /// The connection was reset or ended.
    Ended(End),
    /// A close frame.
    Close(u16),
    /// Nothing more came, but a pong.
    Stalled,
    /// Nothing more came, not even a pong.
    Frozen,
}

/// Fault, the last event, and how it ends.
pub(super) const WEBSOCKET: &[(&str, &str, Turn)] = &[
    ("websocket-refused-400", NOTHING, Turn::Refused(400)),
    ("websocket-refused-401", NOTHING, Turn::Refused(401)),
    ("websocket-refused-403", NOTHING, Turn::Refused(403)),
    ("websocket-refused-404", NOTHING, Turn::Refused(404)),
    ("websocket-refused-426", NOTHING, Turn::Refused(426)),
    ("websocket-refused-429", NOTHING, Turn::Refused(429)),
    ("websocket-refused-500", NOTHING, Turn::Refused(500)),
    ("websocket-refused-503", NOTHING, Turn::Refused(503)),
    ("websocket-refused-501", NOTHING, Turn::Refused(501)),
    ("websocket-refused-524", NOTHING, Turn::Refused(524)),
    ("websocket-blocked", NOTHING, Turn::Refused(403)),
    (
        "websocket-close-1013-before-first-event",
        NOTHING,
        Turn::Close(1013),
    ),
    ("websocket-close-1008-after-text", DELTA, Turn::Close(1008)),
    ("websocket-close-1009-after-text", DELTA, Turn::Close(1009)),
    ("websocket-close-1011-after-text", DELTA, Turn::Close(1011)),
    ("websocket-close-1013-after-text", DELTA, Turn::Close(1013)),
    ("websocket-error-401", "error", Turn::Stalled),
    ("websocket-quota", "error", Turn::Stalled),
    ("websocket-context-too-long", "error", Turn::Stalled),
    (
        "websocket-invalid-encrypted-content",
        "error",
        Turn::Stalled,
    ),
    ("websocket-model-not-found", "error", Turn::Stalled),
    ("websocket-token-expired-after-text", "error", Turn::Stalled),
    ("websocket-text-after-final-event", DELTA, Turn::Stalled),
    ("websocket-numbers-backwards", COMPLETED, Turn::Stalled),
    ("websocket-challenge", NOTHING, Turn::Refused(403)),
    ("websocket-html-200", NOTHING, Turn::Refused(200)),
    (
        "websocket-reset-before-upgrade",
        NOTHING,
        Turn::NoUpgrade(End::Reset),
    ),
    (
        "websocket-cut-before-upgrade",
        NOTHING,
        Turn::NoUpgrade(End::Closed),
    ),
    ("websocket-stall-before-first-event", NOTHING, Turn::Stalled),
    ("websocket-freeze-before-first-event", NOTHING, Turn::Frozen),
    (
        "websocket-reset-before-first-event",
        NOTHING,
        Turn::Ended(End::Reset),
    ),
    (
        "websocket-cut-before-first-event",
        NOTHING,
        Turn::Ended(End::Closed),
    ),
    (
        "websocket-close-1000-before-first-event",
        NOTHING,
        Turn::Close(1000),
    ),
    (
        "websocket-close-1009-before-first-event",
        NOTHING,
        Turn::Close(1009),
    ),
    (
        "websocket-close-1011-before-first-event",
        NOTHING,
        Turn::Close(1011),
    ),
    ("websocket-stall-after-created", CREATED, Turn::Stalled),
    ("websocket-freeze-after-created", CREATED, Turn::Frozen),
    (
        "websocket-reset-after-created",
        CREATED,
        Turn::Ended(End::Reset),
    ),
    (
        "websocket-cut-after-created",
        CREATED,
        Turn::Ended(End::Closed),
    ),
    (
        "websocket-close-1011-after-created",
        CREATED,
        Turn::Close(1011),
    ),
    ("websocket-stall-after-reasoning", ITEM, Turn::Stalled),
    ("websocket-stall-after-call", ITEM, Turn::Stalled),
    ("websocket-stall-after-text", DELTA, Turn::Stalled),
    ("websocket-freeze-after-text", DELTA, Turn::Frozen),
    ("websocket-reset-after-text", DELTA, Turn::Ended(End::Reset)),
    ("websocket-cut-after-text", DELTA, Turn::Ended(End::Closed)),
    ("websocket-close-1000-after-text", DELTA, Turn::Close(1000)),
    ("websocket-close-1012-after-text", DELTA, Turn::Close(1012)),
    ("websocket-usage-limit", "error", Turn::Stalled),
    ("websocket-rate-limited", "error", Turn::Stalled),
    (
        "websocket-invalid-encrypted-content",
        "error",
        Turn::Stalled,
    ),
    ("websocket-error-500", "error", Turn::Stalled),
    ("websocket-connection-limit", "error", Turn::Close(1000)),
    ("websocket-failed", FAILED, Turn::Stalled),
    ("websocket-failed-overloaded", FAILED, Turn::Stalled),
    ("websocket-broken-json", COMPLETED, Turn::Stalled),
    ("websocket-unknown-event", COMPLETED, Turn::Stalled),
    ("websocket-null-output", COMPLETED, Turn::Stalled),
    ("websocket-completed-twice", COMPLETED, Turn::Stalled),
    (
        "websocket-previous-response-not-found",
        COMPLETED,
        Turn::Stalled,
    ),
];

#[tokio::test]
async fn faults_of_the_websocket_route_do_what_they_say() {
    for tls in [false, true] {
        let simulator = Simulator::start(Options {
            tls,
            ..options(&[])
        })
        .await
        .unwrap();
        for (fault, last, end) in WEBSOCKET {
            simulator.set_scenario(options(&[fault]).scenario);
            let (kinds, ended) = observe(&simulator, last, end).await;
            assert_eq!(kinds.last().map_or("", String::as_str), *last, "{fault}");
            assert_eq!(ended, *end, "{fault}, {kinds:?}");
            assert_eq!(simulator.seen().last().unwrap().fault, Some(*fault));
            let count = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
            match *fault {
                "websocket-completed-twice" => assert_eq!(count(COMPLETED), 2),
                "websocket-broken-json" => assert_eq!(count("broken"), 1),
                "websocket-unknown-event" => assert_eq!(count("response.weather_report"), 1),
                _ => {}
            }
        }
    }
}

/// Sees one turn. Silence counts only where it is `expected`, and where `last` has come.
pub(super) async fn observe(
    simulator: &Simulator,
    last: &str,
    expected: &Turn,
) -> (Vec<String>, Turn) {
    let mut socket = match connect(simulator, true).await.map_err(|error| error.kind) {
        Ok(upgraded) => upgraded.socket,
        Err(NetErrorKind::UpgradeRefused { status, .. }) => {
            return (Vec::new(), Turn::Refused(status.as_u16()));
        }
        Err(kind) => return (Vec::new(), Turn::NoUpgrade(end(&kind))),
    };
    socket.send_text(create(prompt("hi"))).await.unwrap();
    let may_be_silent = matches!(expected, Turn::Stalled | Turn::Frozen);
    let (mut kinds, wait) = (Vec::new(), deadline());
    loop {
        let is_last = kinds.last().map_or("", String::as_str) == last;
        match tokio::time::timeout(QUIET, socket.next()).await {
            Ok(Ok(Message::Text(text))) => {
                let event = serde_json::from_slice::<Value>(&text);
                kinds.push(event.map_or("broken".to_owned(), |event| kind(&event).to_owned()));
            }
            Ok(Ok(Message::Close { code, .. })) => return (kinds, Turn::Close(code.unwrap_or(0))),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return (kinds, Turn::Ended(end(&error.kind))),
            Err(_elapsed) if is_last && may_be_silent => break,
            Err(_elapsed) => assert!(!wait.remaining(&Clock::system()).is_zero(), "{kinds:?}"),
        }
    }
    let pongs = pongs(&mut *socket, *expected == Turn::Stalled).await;
    (kinds, if pongs { Turn::Stalled } else { Turn::Frozen })
}

/// Whether a ping is answered while nothing else is said.
pub(crate) async fn pongs(socket: &mut dyn Socket, expected: bool) -> bool {
    socket.ping(b"?".to_vec()).await.unwrap();
    let answer = if expected {
        deadline().run(socket.next()).await.ok()
    } else {
        tokio::time::timeout(QUIET, socket.next()).await.ok()
    };
    matches!(answer, Some(Ok(Message::Pong(_))))
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_stays_open() {
    let simulator = start(&["websocket-stall-before-upgrade"]).await;
    let waiting = tokio::time::timeout(QUIET, connect(&simulator, true)).await;
    assert!(waiting.is_err());
}

#[tokio::test]
async fn a_forgotten_response_is_not_found_and_full_input_is_answered() {
    let simulator = start(&["websocket-previous-response-not-found@2"]).await;
    let mut socket = connect(&simulator, true).await.unwrap().socket;
    let first = crate::client::turn(&mut *socket, prompt("hi")).await;
    let mut next = prompt("more");
    next["previous_response_id"] = first.last().unwrap()["response"]["id"].clone();
    let refused = crate::client::turn(&mut *socket, next).await;
    assert_eq!(refused[0]["error"]["code"], "previous_response_not_found");
    let full = crate::client::turn(&mut *socket, prompt("more")).await;
    assert_eq!(kind(full.last().unwrap()), COMPLETED);
}

#[tokio::test]
async fn a_flood_of_events_goes_on_until_the_client_leaves() {
    let simulator = start(&["websocket-endless"]).await;
    let mut socket = connect(&simulator, false).await.unwrap().socket;
    socket.send_text(create(prompt("hi"))).await.unwrap();
    for _ in 0..100 {
        let message = deadline().run(socket.next()).await.unwrap().unwrap();
        assert!(matches!(message, Message::Text(text) if text.len() > 16 << 10));
    }
}
