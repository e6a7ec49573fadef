//! Heads that somebody in front of us could read as another request than we do: they are refused, or
//! nothing that stands behind them is read.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{LIMIT, connect, parse, send};
use crate::stage::{ASK_PLAIN, Stage, simulator};

/// A request with these lines in the place of its length, and what stands behind its head.
fn odd(stage: &Stage, lines: &str, behind: &str) -> String {
    let request = stage.request("POST", "/v1/responses", "");
    request.replace("\r\n\r\n", &format!("\r\n{lines}\r\n\r\n{behind}"))
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

#[tokio::test]
async fn a_body_in_another_transfer_coding_is_refused() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for lines in [
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    ] {
        let asked = odd(&stage, lines, &chunked(ASK_PLAIN));
        let reply = send(stage.address(), asked).await;
        let told = (reply.status, reply.code());
        assert_eq!(told, (501, "unsupported_encoding".to_owned()), "{lines}");
    }
    // Those that the parser itself does not know.
    for lines in [
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
    ] {
        let asked = odd(&stage, lines, &chunked(ASK_PLAIN));
        assert_eq!(send(stage.address(), asked).await.status, 400, "{lines}");
    }
    assert!(model.seen().is_empty());
    let asked = odd(&stage, "transfer-encoding: Chunked", &chunked(ASK_PLAIN));
    assert_eq!(send(stage.address(), asked).await.status, 200);
}

#[tokio::test]
async fn a_body_has_one_length() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for length in [
        "3\r\ncontent-length: 4",
        "3, 3",
        "+3",
        "-1",
        "0x3",
        "18446744073709551616",
    ] {
        let asked = odd(&stage, &format!("content-length: {length}"), "{}}");
        assert_eq!(send(stage.address(), asked).await.status, 400, "{length}");
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn nothing_is_read_behind_a_body_whose_length_is_said_in_two_ways() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let second = stage.request("GET", "/v1/models", "");
    let behind = format!("{}{second}", chunked(ASK_PLAIN));
    let asked = odd(
        &stage,
        "content-length: 5\r\ntransfer-encoding: chunked",
        &behind,
    );
    let mut stream = connect(stage.address()).await;
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut told = Vec::new();
    let end = tokio::time::timeout(LIMIT, stream.read_to_end(&mut told));
    end.await.expect("the connection ends").unwrap();
    assert_eq!(parse(&told).unwrap().status, 200);
    let text = String::from_utf8_lossy(&told);
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
}

#[tokio::test]
async fn an_upgrade_with_a_body_or_of_an_older_http_is_none() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let upgrade = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    let asked = odd(&stage, upgrade, "").replace("POST ", "GET ");
    let mut stream = connect(stage.address()).await;
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    let told = tokio::time::timeout(LIMIT, stream.read_exact(&mut head));
    told.await.expect("an answer").unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    let with_body = asked.replace("\r\n\r\n", "\r\ncontent-length: 5\r\n\r\nhello");
    let older = asked.replace("HTTP/1.1", "HTTP/1.0");
    for asked in [with_body, older] {
        assert_eq!(send(stage.address(), asked).await.status, 400);
    }
}
