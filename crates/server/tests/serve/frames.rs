//! Bytes on an open WebSocket that mean no good. Whatever they are, the socket ends, the provider
//! hears nothing of it, and the next client is served.

use std::time::Duration;

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{LIMIT, connect};
use crate::stage::{Stage, config, simulator};

/// What masks the frames below.
const MASK: [u8; 4] = [0; 4];

/// A masked frame: its first byte, what its length is said to be, and its payload.
fn frame(first: u8, length: &[u8], payload: &[u8]) -> Vec<u8> {
    [&[first], length, &MASK, payload].concat()
}

/// An upgraded connection.
async fn upgraded(stage: &Stage) -> TcpStream {
    let mut stream = connect(stage.address()).await;
    let asked = stage.request("GET", "/v1/responses", "").replace(
        "\r\n\r\n",
        "\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    stream
}

/// The code of the server's goodbye, or none if it just went.
async fn goodbye(stream: &mut TcpStream) -> Option<u16> {
    let mut told = Vec::new();
    let end = stream.read_to_end(&mut told);
    let _reset = tokio::time::timeout(LIMIT, end)
        .await
        .expect("the socket ends");
    // Nothing that is sent to these clients is longer than what one byte can tell.
    let mut rest = told.as_slice();
    while let [first, length, more @ ..] = rest {
        let (payload, next) = more.split_at(usize::from(*length).min(more.len()));
        if let (0x88, [high, low, ..]) = (first, payload) {
            return Some(u16::from_be_bytes([*high, *low]));
        }
        rest = next;
    }
    None
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_their_socket_and_nothing_else() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let ask = br#"{"type":"response.create","model":"default","input":"hi"}"#;
    let unmasked = [&[0x81, u8::try_from(ask.len()).unwrap()], &ask[..]].concat();
    let length = [0x80 | u8::try_from(ask.len()).unwrap()];
    let endless = [&[0xff][..], &(1_u64 << 63).to_be_bytes()].concat();
    let huge = [&[0xff][..], &(1_u64 << 40).to_be_bytes()].concat();
    for (what, bytes, codes) in [
        ("not masked", unmasked, &[1002][..]),
        ("reserved bits", frame(0xf1, &length, ask), &[1002]),
        (
            "a reserved opcode",
            frame(0x83, &length, ask),
            &[1002, 1003],
        ),
        (
            "a control frame in pieces",
            frame(0x09, &[0x81], b"x"),
            &[1002],
        ),
        (
            "a control frame that is too long",
            frame(0x89, &[0xfe, 0, 126], &[b'x'; 126]),
            &[1002],
        ),
        (
            "a piece that continues nothing",
            frame(0x80, &length, ask),
            &[1002],
        ),
        (
            "a length of 2^63",
            frame(0x81, &endless, ask),
            &[1002, 1009],
        ),
        (
            "a length of a terabyte",
            frame(0x81, &huge, ask),
            &[1002, 1009],
        ),
        (
            "a lone surrogate",
            frame(0x81, &[0x83], b"\xed\xa0\x80"),
            &[1007],
        ),
        // What is still to come cannot make it a text.
        (
            "no letter, in a piece",
            frame(0x01, &[0x82], b"{\xff"),
            &[1007],
        ),
        (
            "the bit of compression on a ping",
            frame(0xc9, &[0x80], b""),
            &[1002],
        ),
        (
            "a pong that is too long",
            frame(0x8a, &[0xfe, 0, 126], &[b'x'; 126]),
            &[1002],
        ),
        ("bytes", frame(0x82, &length, ask), &[1003]),
        (
            "a goodbye of one byte",
            frame(0x88, &[0x81], b"x"),
            &[1000, 1002],
        ),
    ] {
        let mut stream = upgraded(&stage).await;
        stream.write_all(&bytes).await.unwrap();
        let code = goodbye(&mut stream).await;
        let is_told = code.is_some_and(|code| codes.contains(&code));
        assert!(is_told, "{what}: {code:?}");
    }
    assert!(model.seen().is_empty());
    assert_eq!(stage.ask().await.status, 200);
}

#[tokio::test]
async fn a_message_in_endless_pieces_has_the_bound_of_a_whole_one() {
    let model = simulator(&[]).await;
    let stage = Stage::with(&config(&[&model], "[serve]\nlargest_body = 100000\n")).await;
    let mut stream = upgraded(&stage).await;
    let piece = frame(0x00, &[0xfe, 0x40, 0x00], &[b'x'; 0x4000]);
    let _ = stream
        .write_all(&frame(0x01, &[0xfe, 0x40, 0x00], &[b'x'; 0x4000]))
        .await;
    for _ in 0..20 {
        // It may be closed while we still send.
        let _ = stream.write_all(&piece).await;
    }
    assert_eq!(goodbye(&mut stream).await, Some(1009));
    assert_eq!(stage.ask().await.status, 200);
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
    let mut stream = upgraded(&stage).await;
    let ask = br#"{"type":"response.create","model":"default","input":"hi"}"#;
    let length = [0x80 | u8::try_from(ask.len()).unwrap()];
    let flood = frame(0x81, &length, ask).repeat(20);
    stream.write_all(&flood).await.unwrap();
    let mut told = Vec::new();
    let end = stream.read_to_end(&mut told);
    tokio::time::timeout(LIMIT, end).await.unwrap().unwrap();
    let last = [&1008_u16.to_be_bytes(), &b"too many requests wait"[..]].concat();
    let last = [&[0x88, u8::try_from(last.len()).unwrap()], &last[..]].concat();
    assert!(told.ends_with(&last), "{}", String::from_utf8_lossy(&told));
}

#[tokio::test]
async fn a_socket_that_is_cut_in_a_frame_leaves_nothing_behind() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let mut stream = upgraded(&stage).await;
    stream.write_all(&[0x81, 0xfe, 0x10]).await.unwrap();
    drop(stream);
    // A server that still had something to wait for would not end before its limit.
    tokio::time::timeout(LIMIT, stage.server.stop())
        .await
        .unwrap();
}

/// The fuzz target's promise, held by its seeds, whole and cut off at every byte.
#[test]
fn any_bytes_as_frames_end_and_stay_within_their_bound() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/seeds/websocket_frames"
    );
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        (0..=seed.len()).for_each(|end| crate::websocket_frames::holds(&seed[..end]));
        seeds += 1;
    }
    assert!(seeds > 0);
}
