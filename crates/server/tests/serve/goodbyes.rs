//! How the socket of `GET /v1/responses` is refused and how it ends, frame by frame. All that the standard asks of it is
//! asked by `cargo xtask interop websocket-server`.

use std::time::Duration;

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Simulator};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{LIMIT, Reply, connect, parse, request};
use crate::stage::{Stage, simulator};

const CLOSE: u8 = 8;

/// Asks for an upgrade; the answer's head, and the connection behind it.
async fn upgrade(stage: &Stage, version: &str) -> (Reply, TcpStream) {
    let ours = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", version),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let headers = stage.headers();
    let headers = headers.iter().map(|(name, value)| (&**name, &**value));
    let headers: Vec<(&str, &str)> = headers.chain(ours).collect();
    let mut stream = connect(stage.address()).await;
    let head = request("GET", "/v1/responses", &headers, "");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (parse(&answer).unwrap(), stream)
}

/// A client's frame, masked by zeroes.
fn frame(first: u8, payload: &str) -> Vec<u8> {
    let head = match u8::try_from(payload.len()) {
        Ok(length @ 0..126) => vec![first, 0x80 | length],
        _ => [
            &[first, 0xfe][..],
            &u16::try_from(payload.len()).unwrap().to_be_bytes(),
        ]
        .concat(),
    };
    [&head, &[0; 4][..], payload.as_bytes()].concat()
}

/// The kinds of a server's frames, and the payload of the last.
fn frames(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut kinds, mut last) = (Vec::new(), Vec::new());
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => (
                usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                &rest[2..],
            ),
            127 => panic!("a frame of more than 64 kB"),
            short => (usize::from(*short), rest),
        };
        kinds.push(first & 0x0f);
        last = rest[..length].to_vec();
        bytes = &rest[length..];
    }
    (kinds, last)
}

/// Everything until the server ends the connection.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(LIMIT, read).await.unwrap().unwrap();
    bytes
}

#[tokio::test]
async fn another_version_is_answered_with_the_one_that_would_do() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let (answer, _stream) = upgrade(&stage, "12").await;
    let version = answer.header("sec-websocket-version");
    assert_eq!((answer.status, version), (426, Some("13")));
}

#[tokio::test]
async fn who_breaks_a_rule_is_told_which() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for (sent, code) in [
        (b"\xc9\x80mask".to_vec(), 1002),
        (b"\x80\x80mask".to_vec(), 1002),
        (b"\x8a\xfe\0\x7emask".to_vec(), 1002),
        (b"\x01\x82\0\0\0\0{\xff".to_vec(), 1007),
        (frame(0x82, "bytes"), 1003),
    ] {
        let (_, mut stream) = upgrade(&stage, "13").await;
        stream.write_all(&sent).await.unwrap();
        if code == 1003 {
            stream.write_all(&frame(0x88, "")).await.unwrap();
        }
        let (kinds, goodbye) = frames(&rest(stream).await);
        assert_eq!(kinds, [CLOSE], "{sent:x?}");
        assert_eq!(goodbye[..2], u16::to_be_bytes(code), "{sent:x?}");
    }
}

#[tokio::test]
async fn behind_a_goodbye_there_is_nothing() {
    let model = Simulator::start(Options {
        // The answer goes on while the goodbye waits for its answer.
        pace: Duration::from_millis(5),
        ..Options::local(Clock::system(), Rng::seeded(1))
    });
    let model = model.await.unwrap();
    let stage = Stage::before(&[&model]).await;
    let (_, mut stream) = upgrade(&stage, "13").await;
    let ask = json!({"type": "response.create", "model": "default", "input": "hello"});
    let ask = frame(0x81, &ask.to_string());
    stream.write_all(&ask.repeat(20)).await.unwrap();
    let (kinds, goodbye) = frames(&rest(stream).await);
    let at = kinds.iter().position(|kind| *kind == CLOSE);
    assert_eq!(at, Some(kinds.len() - 1), "{kinds:?}");
    assert_eq!(goodbye[..2], 1008_u16.to_be_bytes());
}
