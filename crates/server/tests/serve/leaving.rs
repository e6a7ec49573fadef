//! Clients that go away or read slowly, and a server that ends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{LIMIT, connect, read};
use crate::stage::{ASK, ASK_PLAIN, Stage, config, simulator};

/// Waits until `holds`.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, waited).await.unwrap();
}

/// A line of the page of numbers.
async fn number(stage: &Stage, name: &str) -> u64 {
    let page = stage.get("/metrics").await.body;
    let line = page.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |line| line.trim().parse().unwrap())
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    for (fault, body) in [
        ("sse-stall-before-headers", ASK),
        ("sse-stall-after-created", ASK_PLAIN),
        ("sse-stall-after-text", ASK),
    ] {
        let model = simulator(&[fault]).await;
        let stage = Stage::before(&[&model]).await;
        let mut stream = connect(stage.address()).await;
        let request = stage.request("POST", "/v1/responses", body);
        stream.write_all(request.as_bytes()).await.unwrap();
        until(async || !model.seen().is_empty()).await;
        assert_eq!(
            number(&stage, "alipes_serve_answers_under_way").await,
            1,
            "{fault}"
        );
        drop(stream);
        until(async || number(&stage, "alipes_serve_answers_under_way").await == 0).await;
        let left = number(&stage, "alipes_serve_answers_total{end=\"left\"}").await;
        assert_eq!(left, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_slows_its_provider_and_fills_no_memory() {
    let model = simulator(&["sse-endless"]).await;
    let stage = Stage::before(&[&model]).await;
    let mut stream = connect(stage.address()).await;
    let request = stage.request("POST", "/v1/responses", ASK);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).await.unwrap();
    // The sockets' buffers are full by now or soon; others are served meanwhile.
    for _ in 0..20 {
        assert_eq!(stage.get("/v1/models").await.status, 200);
    }
    assert_eq!(number(&stage, "alipes_serve_answers_under_way").await, 1);
    drop(stream);
    until(async || number(&stage, "alipes_serve_answers_under_way").await == 0).await;
}

#[tokio::test]
async fn answers_under_way_end_well_and_nothing_new_is_taken() {
    let model = simulator(&["sse-pause-after-text"]).await;
    let stage = Stage::before(&[&model]).await;
    let mut stream = connect(stage.address()).await;
    let request = stage.request("POST", "/v1/responses", ASK);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
    let address = stage.address();
    let (reply, ()) = tokio::join!(read(&mut stream), stage.server.stop());
    assert!(
        reply_ends_with(&reply.body, "response.completed"),
        "{}",
        reply.body
    );
    assert!(refuses(address).await);
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_drain_ends_with_an_error_event() {
    let model = simulator(&["sse-stall-after-text"]).await;
    let stage = Stage::with(&config(&[&model], "[serve]\ndrain_seconds = 1\n")).await;
    let mut stream = connect(stage.address()).await;
    let request = stage.request("POST", "/v1/responses", ASK);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
    let (reply, ()) = tokio::join!(read(&mut stream), stage.server.stop());
    assert!(
        reply_ends_with(&reply.body, "response.failed"),
        "{}",
        reply.body
    );
    assert!(reply.body.contains("server_stopping"), "{}", reply.body);
}

/// The first byte was read elsewhere, so the rest is looked at as text.
fn reply_ends_with(body: &str, event: &str) -> bool {
    let last = body.lines().rfind(|line| line.starts_with("event: "));
    last.is_some_and(|line| line.ends_with(event))
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether anybody listens is the test"
)]
async fn refuses(address: std::net::SocketAddr) -> bool {
    tokio::net::TcpStream::connect(address).await.is_err()
}
