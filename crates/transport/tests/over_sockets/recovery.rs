//! Faults that strike once end in an answer, told once.

use crate::common::{
    Outcome, PATIENCE, ask, ask_for, endpoint, new_transport, patient_session, persistent_session,
    pinging_session, request, say, session, session_over, session_with, simulator, simulator_at,
    step, tls_simulator,
};
use alipes_base::{Clock, Deadline};
use alipes_net::TlsOptions;
use alipes_simulator::Seen;
use alipes_transport::{Cause, Replay, Request, Route, Session, Trace};
use alipes_wire::{Dialect, Item};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const BOTH: &[Route] = &[Route::WebSocket, Route::Sse];
const SSE: &[Route] = &[Route::Sse];
const WEBSOCKET: &[Route] = &[Route::WebSocket];

#[tokio::test]
async fn a_refused_upgrade_is_answered_by_sse_and_not_tried_again() {
    let simulator = simulator(&["websocket-refused-403"]).await;
    let mut session = session(&simulator.base_url(), BOTH);
    let first = say(&mut session, "hello").await;
    assert_eq!(first.faults(), ["upgrade/upgrade-refused"]);
    assert_eq!(first.result.unwrap().route, Route::Sse);
    let second = say(&mut session, "hello").await;
    assert!(
        second.faults().is_empty(),
        "the refusal is remembered: {:?}",
        second.faults()
    );
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_is_left_for_sse() {
    let simulator = simulator(&["websocket-stall-before-upgrade"]).await;
    let no_tls = TlsOptions::default();
    let mut session = session_with(&simulator.base_url(), BOTH, no_tls, |mut profile| {
        profile.upgrade_race_after = PATIENCE / 3;
        profile
    });
    let outcome = say(&mut session, "hello").await;
    assert_eq!(outcome.faults(), ["upgrade/timed-out"]);
    let reused = outcome.traces.iter().find_map(|trace| match trace {
        Trace::Connected { facts, .. } => Some(facts.reused),
        _ => None,
    });
    assert_eq!(reused, Some(true), "the connection opened beside it");
    assert_eq!(outcome.result.unwrap().route, Route::Sse);
}

#[tokio::test]
async fn a_request_goes_out_as_soon_as_the_way_is_open_again() {
    // A port that refuses until a simulator is there.
    let address = simulator(&[]).await.local_addr();
    let base_url = format!("http://{address}/v1");
    let mut session = persistent_session(&base_url, SSE);
    let (outcome, _simulator) = tokio::join!(say(&mut session, "hello"), async {
        // The longest pauses would be 4.5 and 5 s; what matters is the wait, not the clock.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        simulator_at(address).await
    });
    let last = outcome.traces.iter().rev().find_map(|trace| match trace {
        Trace::Connected { facts, .. } => Some(facts.reused),
        _ => None,
    });
    assert_eq!(last, Some(true), "the connection that showed it");
    outcome.result.unwrap();
}

#[tokio::test]
async fn a_cut_in_mid_stream_restarts_and_repeats_nothing() {
    for (fault, routes) in [
        ("sse-cut-after-text@1", SSE),
        ("websocket-cut-after-text@1", WEBSOCKET),
    ] {
        let healthy = simulator(&[]).await;
        let expected = say(&mut session(&healthy.base_url(), routes), "hello")
            .await
            .text;
        let simulator = simulator(&[fault]).await;
        let outcome = say(&mut session(&simulator.base_url(), routes), "hello").await;
        assert_eq!(outcome.result.unwrap().attempts, 2, "{fault}");
        assert_eq!((outcome.restarts, outcome.text), (1, expected), "{fault}");
    }
}

#[tokio::test]
async fn what_a_reader_cannot_take_back_is_not_sent_again() {
    let simulator = simulator(&["sse-cut-after-text@1"]).await;
    let mut session = session(&simulator.base_url(), SSE);
    let outcome = ask(&mut session, &[Item::user("hello")], false).await;
    let fault = outcome.result.unwrap_err();
    assert_eq!((fault.cause, fault.replay), (Cause::Cut, Replay::Forbidden));
    assert_eq!(outcome.restarts, 0);
    assert!(!outcome.text.is_empty(), "what had come stays");
    assert_eq!(simulator.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_key_is_mended_by_one_refresh() {
    for (fault, routes) in [("sse-401@1", SSE), ("websocket-refused-401@1", WEBSOCKET)] {
        let simulator = simulator(&[fault]).await;
        let outcome = say(&mut session(&simulator.base_url(), routes), "hello").await;
        assert_eq!(outcome.result.unwrap().attempts, 2, "{fault}");
        let keys: Vec<String> = simulator
            .seen()
            .iter()
            .filter_map(|seen| {
                seen.headers
                    .iter()
                    .find(|(name, _)| name == "authorization")
            })
            .map(|(_, value)| value.clone())
            .collect();
        assert_eq!(keys, ["Bearer old", "Bearer new"], "{fault}");
    }
}

#[tokio::test]
async fn a_refusal_that_no_refresh_mends_keeps_its_evidence() {
    let simulator = simulator(&["sse-401"]).await;
    let outcome = say(&mut session(&simulator.base_url(), SSE), "hello").await;
    let fault = outcome.result.unwrap_err();
    assert_eq!(
        (fault.cause, fault.evidence.status),
        (Cause::Unauthorized, Some(401))
    );
    assert_eq!(simulator.seen().len(), 2);
}

#[tokio::test]
async fn a_server_that_says_when_is_asked_again_then() {
    let simulator = simulator(&["sse-429@1"]).await;
    let mut session = session(&simulator.base_url(), SSE);
    let outcome = say(&mut session, "hello").await;
    let done = outcome.result.unwrap();
    // Retry-After: 1 is never shortened.
    assert!(done.took >= Duration::from_secs(1), "{:?}", done.took);
}

#[tokio::test]
async fn a_dead_idle_socket_is_replaced_at_no_cost() {
    let simulator = simulator(&["websocket-cut-before-first-event@2"]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    let second = second_step(&mut session).await;
    assert_eq!(second.faults(), ["headers/stale-connection"]);
    assert!(second.result.is_ok());
}

#[tokio::test]
async fn a_word_left_over_on_the_socket_answers_nothing() {
    let simulator = simulator(&["websocket-completed-twice@1"]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    let first = say(&mut session, "hello").await;
    let second = say(&mut session, "list the files").await;
    assert!(second.result.is_ok(), "{:?}", second.result);
    assert_ne!(second.text, "", "the second terminal event is no answer");
    assert_ne!(second.text, first.text);
}

#[tokio::test]
async fn a_dead_edge_is_told_from_a_slow_model() {
    let table = [
        ("websocket-freeze-after-text@1", WEBSOCKET),
        ("sse-freeze-after-text@1", SSE),
        ("sse-freeze-after-created@1", SSE),
    ];
    for (fault, routes) in table {
        let simulator = tls_simulator(&[fault]).await;
        let mut session = pinging_session(&simulator.base_url(), routes, simulator.ca_pem());
        let outcome = say(&mut session, "hello").await;
        let faults = outcome.faults();
        assert_eq!(faults.len(), 1, "{fault}: {faults:?}");
        assert!(faults[0].ends_with("/edge-dead"), "{fault}: {faults:?}");
        assert!(outcome.result.is_ok(), "{fault}");
    }
}

#[tokio::test]
async fn a_slow_model_behind_a_live_edge_is_waited_for() {
    for (fault, routes) in [
        ("websocket-stall-after-text@1", WEBSOCKET),
        ("sse-stall-after-text@1", SSE),
    ] {
        let simulator = tls_simulator(&[fault]).await;
        let mut session = pinging_session(&simulator.base_url(), routes, simulator.ca_pem());
        let outcome = tokio::time::timeout(PATIENCE * 3, say(&mut session, "hello")).await;
        assert!(
            outcome.is_err(),
            "{fault}: pongs came, and it was left all the same"
        );
    }
}

#[tokio::test]
async fn a_condemned_connection_is_not_used_again() {
    let simulator = simulator(&["sse-stall-before-headers@1"]).await;
    let outcome = say(&mut session(&simulator.base_url(), SSE), "hello").await;
    assert!(outcome.result.is_ok());
    let connections: Vec<u64> = simulator
        .seen()
        .iter()
        .map(|seen| seen.connection)
        .collect();
    assert_eq!(connections.len(), 2);
    assert_ne!(connections[0], connections[1]);
}

#[tokio::test]
async fn a_second_step_sends_only_what_is_new() {
    let simulator = simulator(&[]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    let second = second_step(&mut session).await;
    assert!(second.result.is_ok());
    let frame = simulator.seen().pop().and_then(|seen| seen.body).unwrap();
    assert!(frame["previous_response_id"].is_string(), "{frame}");
    assert_eq!(frame["input"].as_array().map(Vec::len), Some(1), "{frame}");
}

#[tokio::test]
async fn an_edited_history_goes_out_in_full() {
    let simulator = simulator(&[]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    say(&mut session, "hello").await.result.unwrap();
    say(&mut session, "something else").await.result.unwrap();
    let frame = simulator.seen().pop().and_then(|seen| seen.body).unwrap();
    assert!(
        frame
            .get("previous_response_id")
            .is_none_or(serde_json::Value::is_null),
        "{frame}"
    );
}

#[tokio::test]
async fn a_forgotten_response_is_sent_again_in_full() {
    let simulator = simulator(&["websocket-previous-response-not-found"]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    let second = second_step(&mut session).await;
    assert_eq!(second.faults(), ["headers/unknown-previous-response"]);
    assert!(second.result.is_ok());
    let seen = simulator.seen();
    let connections: BTreeSet<u64> = seen.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections.len(), 1, "the socket is as good as before");
}

/// Answers every request in the Chat dialect up to how the answer ends, and closes the connection where the
/// end of the stream should be; counts the requests.
async fn breaks_at_the_end(listener: &TcpListener, requests: &AtomicUsize) -> Infallible {
    let chunk = |delta: &str, finish: &str| {
        let choice = format!(r#"{{"index":0,"delta":{delta},"finish_reason":{finish}}}"#);
        let event = format!("data: {{\"id\":\"c\",\"choices\":[{choice}]}}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let text = chunk(r#"{"role":"assistant","content":"hello"}"#, "null");
    let answer = format!("{head}{text}{}", chunk("{}", r#""stop""#));
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            stream.read_buf(&mut read).await.unwrap();
        }
        requests.fetch_add(1, Ordering::Relaxed);
        stream.write_all(answer.as_bytes()).await.unwrap();
        // All of the request is read, or closing would tear the answer down with it.
        stream.shutdown().await.unwrap();
        while stream.read_buf(&mut read).await.is_ok_and(|more| more > 0) {}
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a server of the test's own")]
async fn a_chat_answer_that_said_how_it_ends_is_kept_where_its_connection_breaks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let endpoint = endpoint(&base_url, SSE, |profile| profile.with_patience(PATIENCE));
    let endpoint = endpoint.with_dialect(Dialect::Chat);
    let mut session = session_over(&new_transport(), endpoint);
    let requests = AtomicUsize::new(0);
    let outcome = tokio::select! {
        never = breaks_at_the_end(&listener, &requests) => match never {},
        outcome = say(&mut session, "hello") => outcome,
    };
    assert!(outcome.faults().is_empty(), "{:?}", outcome.faults());
    assert_eq!(outcome.result.unwrap().attempts, 1);
    assert_eq!(requests.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_prewarmed_socket_needs_only_the_input() {
    let simulator = simulator(&[]).await;
    let mut session = session(&simulator.base_url(), BOTH);
    let clock = Clock::system();
    let deadline = Deadline::after(&clock, "test", Duration::from_secs(30));
    session
        .prewarm(&request(&[]).into(), deadline)
        .await
        .unwrap();
    say(&mut session, "hello").await.result.unwrap();
    let frames: Vec<_> = simulator
        .seen()
        .into_iter()
        .filter_map(|seen| seen.body)
        .collect();
    assert_eq!(frames[0]["generate"], false);
    assert!(frames[1]["previous_response_id"].is_string());
    assert_eq!(frames.len(), 2);
}

#[tokio::test]
async fn a_request_too_large_for_a_frame_goes_by_sse() {
    let simulator = simulator(&[]).await;
    let mut session = patient_session(&simulator.base_url(), BOTH);
    let large = "x".repeat(17 * 1024 * 1024);
    let outcome = say(&mut session, &large).await;
    assert_eq!(outcome.result.unwrap().route, Route::Sse);
    let next = say(&mut session, "hello").await;
    assert_eq!(
        next.result.unwrap().route,
        Route::Sse,
        "and so does the conversation from then on"
    );
}

#[tokio::test]
async fn a_deadline_ends_everything_and_says_so() {
    let simulator = simulator(&["sse-stall-before-headers"]).await;
    let mut session = session(&simulator.base_url(), SSE);
    let clock = Clock::system();
    let deadline = Deadline::after(&clock, "--timeout", Duration::from_millis(200));
    let request = step(&[Item::user("hello")]);
    let fault = session
        .stream(request, deadline)
        .finish()
        .await
        .unwrap_err();
    assert_eq!(fault.cause, Cause::Deadline);
    assert_eq!(fault.limit.unwrap().limit, "--timeout");
}

/// What came of the second of two steps of one conversation.
async fn second_step(session: &mut Session) -> Outcome {
    let hello = Item::user("hello");
    let first = ask(session, std::slice::from_ref(&hello), true).await;
    let mut input = vec![hello];
    input.extend(first.items);
    input.push(Item::user("and again"));
    ask(session, &input, true).await
}

#[tokio::test]
async fn reasoning_that_it_cannot_read_is_left_out_once_and_it_goes_on() {
    let reasoning = r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"}"#;
    let (hello, reasoning) = (Item::user("hello"), Item::parse(reasoning).unwrap());
    for (fault, routes) in [
        ("sse-invalid-encrypted-content", SSE),
        ("websocket-invalid-encrypted-content", WEBSOCKET),
    ] {
        let asked = || Request {
            without_reasoning: Some(request(std::slice::from_ref(&hello)).into()),
            ..step(&[reasoning.clone(), hello.clone()])
        };
        let once = simulator(&[&format!("{fault}@1")]).await;
        let mut talking = session(&once.base_url(), routes);
        let done = ask_for(&mut talking, asked()).await.result.unwrap();
        assert_eq!(
            (done.attempts, done.without_reasoning),
            (2, true),
            "{fault}"
        );
        let sent: Vec<usize> = once
            .seen()
            .iter()
            .filter_map(|seen| Some(seen.body.as_ref()?["input"].as_array()?.len()))
            .collect();
        assert_eq!(sent, [2, 1], "{fault}");

        let always = simulator(&[fault]).await;
        let mut refused = session(&always.base_url(), routes);
        let outcome = ask_for(&mut refused, asked()).await;
        let cause = outcome.result.unwrap_err().cause;
        assert_eq!(cause, Cause::InvalidEncryptedContent, "{fault}");
        assert_eq!(outcome.traces.iter().filter(|t| failed(t)).count(), 2);
    }
}

fn failed(trace: &Trace) -> bool {
    matches!(trace, Trace::AttemptFault { .. })
}

#[tokio::test]
async fn an_account_that_was_let_go_comes_back_over_a_new_socket() {
    let simulator = simulator(&[]).await;
    let mut session = session(&simulator.base_url(), WEBSOCKET);
    let first = say(&mut session, "hello").await;
    session.let_go();
    let mut input = vec![Item::user("hello")];
    input.extend(first.items);
    input.push(Item::user("and now?"));
    let second = ask(&mut session, &input, true).await;
    let delta = |trace: &Trace| matches!(trace, Trace::Sent { delta: true, .. });
    assert!(!second.traces.iter().any(delta));
    let seen = simulator.seen();
    let connections: Vec<u64> = seen.iter().map(|seen| seen.connection).collect();
    assert!(connections.first() < connections.last(), "{connections:?}");
}

#[tokio::test]
async fn the_edge_is_told_its_own_cookie_over_tls_and_nothing_else() {
    let said = |seen: &Seen| {
        let cookie = seen.headers.iter().find(|(name, _)| name == "cookie");
        cookie.map(|(_, value)| value.clone())
    };
    let server = tls_simulator(&[]).await;
    let mut session = pinging_session(&server.base_url(), SSE, server.ca_pem());
    second_step(&mut session).await;
    let cookies: Vec<_> = server.seen().iter().map(said).collect();
    assert_eq!(cookies, [None, Some("__cflb=node-1".to_owned())]);

    let plain = simulator(&[]).await;
    let mut session = patient_session(&plain.base_url(), SSE);
    second_step(&mut session).await;
    assert!(plain.seen().iter().all(|seen| said(seen).is_none()));
}
