//! Whatever bytes a client sends as frames, reading them ends, and no message is longer than its bound,
//! however small the frames were that it came in.

use alipes_net::websocket::{self, Message};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The bound of a message in bytes; small enough for a fuzzer to run into.
const LARGEST: usize = 256;

/// The first byte says whether frames may be compressed, the rest are the frames.
pub(crate) fn holds(bytes: &[u8]) {
    let Some((first, frames)) = bytes.split_first() else {
        return;
    };
    let acceptance = websocket::accept(&upgrade(), first % 2 == 0).expect("a good upgrade");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(frames.len() + (64 << 10));
        client.write_all(frames).await.unwrap();
        client.shutdown().await.unwrap();
        let mut socket = websocket::serve(server, acceptance, LARGEST);
        while let Ok(message) = socket.next().await {
            match message {
                Message::Text(text) => {
                    assert!(text.len() <= LARGEST);
                    std::str::from_utf8(&text).expect("text is UTF-8");
                }
                Message::Binary(bytes) => assert!(bytes.len() <= LARGEST),
                Message::Ping(words) | Message::Pong(words) => assert!(words.len() <= 125),
                Message::Close { .. } => break,
            }
        }
        let _gone = socket.close(1000, "").await;
        drop(socket);
        let _said = client.read_to_end(&mut Vec::new()).await;
    });
}

fn upgrade() -> HeaderMap {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-extensions", "permessage-deflate"),
    ];
    let headers = headers.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    headers.into_iter().collect()
}
