//! Clients that go away or read slowly, and a server that ends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

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
    let (address, mut written, _owner) = pouring().await;
    let stage = Stage::with(&format!(
        "[providers.first]\nbase_url = \"http://{address}/v1\"\n[model]\ndefault = \"first/m\"\n"
    ))
    .await;
    let mut stream = connect(stage.address()).await;
    let request = stage.request("POST", "/v1/responses", ASK);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
    let stopped = tokio::time::timeout(LIMIT, written.wait_for(Option::is_some)).await;
    let bytes = stopped.unwrap().unwrap().unwrap();
    assert!(bytes < POURED, "all {bytes} bytes were taken");
    assert_eq!(stage.get("/v1/models").await.status, 200);
    assert_eq!(number(&stage, "alipes_serve_answers_under_way").await, 1);
    drop(stream);
    until(async || number(&stage, "alipes_serve_answers_under_way").await == 0).await;
}

/// What a provider that never stops would say in all, in bytes: more than all sockets and queues on
/// the way hold, and less than an answer may have.
const POURED: usize = 48 << 20;

/// A provider that answers one request with text and text; it tells how many bytes it got rid of
/// when nobody takes more, or when it has said all.
#[expect(clippy::disallowed_methods, reason = "the provider's listening socket")]
async fn pouring() -> (SocketAddr, watch::Receiver<Option<usize>>, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, written) = watch::channel(None);
    let pour = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let text = "x".repeat(8 << 10);
        let event =
            format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n");
        let mut bytes = 0;
        while bytes < POURED {
            let writing = stream.write_all(event.as_bytes());
            match tokio::time::timeout(Duration::from_secs(2), writing).await {
                Ok(Ok(())) => bytes += event.len(),
                _blocked_or_closed => break,
            }
        }
        sender.send_replace(Some(bytes));
        sender.closed().await;
        drop(stream);
    };
    let mut owner = JoinSet::new();
    owner.spawn(pour);
    (address, written, owner)
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
async fn refuses(address: SocketAddr) -> bool {
    tokio::net::TcpStream::connect(address).await.is_err()
}
