//! Servers that turn a request away and say that they have not looked at it.

use alipes_transport::Route;

use crate::common::{pinging_session, say, session, simulator, tls_simulator};

const SSE: &[Route] = &[Route::Sse];

#[tokio::test]
async fn a_request_that_http_2_refused_twice_goes_out_a_third_time() {
    for faults in [
        ["http2-stream-refused@1", "http2-stream-refused@2"],
        ["http2-go-away@1", "http2-go-away@2"],
        ["http2-stream-refused@1", "http2-go-away@2"],
    ] {
        let simulator = tls_simulator(&faults).await;
        let mut session = pinging_session(&simulator.base_url(), SSE, simulator.ca_pem());
        let outcome = say(&mut session, "hello").await;
        let told = ["headers/unprocessed"; 2];
        assert_eq!(outcome.faults(), told, "{faults:?}");
        assert_eq!(outcome.result.unwrap().attempts, 3, "{faults:?}");
        assert_eq!(outcome.restarts, 0, "{faults:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_not_for_this_host_is_left_at_no_cost() {
    // The session's budget is one replay, and the second fault takes it.
    for fault in ["sse-421@1", "sse-425@1"] {
        let simulator = simulator(&[fault, "sse-500@2"]).await;
        let mut session = session(&simulator.base_url(), SSE);
        let outcome = say(&mut session, "hello").await;
        let told = ["headers/unprocessed", "headers/server-error"];
        assert_eq!(outcome.faults(), told, "{fault}");
        outcome.result.unwrap();
        let connections = simulator.seen();
        let connections: Vec<u64> = connections.iter().map(|seen| seen.connection).collect();
        assert_ne!(connections[0], connections[1], "{fault}");
    }
}
