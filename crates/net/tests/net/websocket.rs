//! WebSocket, both sides of it ours, and a server that breaks the rules by hand.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::websocket::{self, HandshakeError, Message, Socket, Upgrade, Upgraded};
use alipes_net::{Dialer, NetError, NetErrorKind, Phase};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::support::{Authority, Server, deadline, plain_dialer, read_head};

async fn connect(dialer: &Dialer, upgrade: Upgrade) -> Result<Upgraded, NetError> {
    websocket::connect(dialer, upgrade, deadline()).await
}

/// The request's headers, as a server would have parsed them.
fn headers(head: &str) -> HeaderMap {
    head.split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect()
}

/// Answers the upgrade on `io` and opens the server's side.
pub(crate) async fn accept<S>(mut io: S, compression: bool, max_message: usize) -> Box<dyn Socket>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let head = read_head(&mut io).await;
    let acceptance = websocket::accept(&headers(&head), compression).unwrap();
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for (name, value) in &acceptance.response_headers {
        answer.extend_from_slice(format!("{name}: ").as_bytes());
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    io.write_all(&answer).await.unwrap();
    websocket::serve(io, acceptance, max_message)
}

async fn echo(mut socket: Box<dyn Socket>) {
    while let Ok(message) = socket.next().await {
        if let Message::Text(text) = message {
            socket
                .send_text(String::from_utf8(text.to_vec()).unwrap())
                .await
                .unwrap();
        }
    }
}

async fn echo_server(compression: bool) -> Server {
    Server::start(move |stream| async move {
        echo(accept(stream, compression, websocket::MAX_MESSAGE).await).await;
    })
    .await
}

/// The answer to this upgrade, with the right accept value for `KEY`.
fn granted(head: &str, answer: &[u8]) -> Vec<u8> {
    let key = headers(head)["sec-websocket-key"]
        .to_str()
        .unwrap()
        .to_owned();
    let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let accept = STANDARD.encode(Sha1::digest(format!("{key}{guid}")));
    let answer = String::from_utf8_lossy(answer).replace("KEY", &accept);
    answer.into_bytes()
}

/// A server that reads the upgrade, writes `answer` (with `KEY` replaced by the right accept
/// value), and keeps the connection open.
async fn scripted(answer: &'static [u8], frames: &'static [u8]) -> Server {
    Server::start(move |mut stream: TcpStream| async move {
        let head = read_head(&mut stream).await;
        let mut bytes = granted(&head, answer);
        bytes.extend_from_slice(frames);
        stream.write_all(&bytes).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await
}

const GRANTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
    connection: keep-alive, Upgrade\r\nsec-websocket-accept: KEY\r\n\r\n";

fn text(text: &str) -> Message {
    Message::Text(Bytes::copy_from_slice(text.as_bytes()))
}

async fn round_trips(dialer: &Dialer, server: &Server, scheme: &str, compression: bool) {
    let mut upgrade = Upgrade::new(server.url(scheme, "/echo"));
    upgrade.compression = compression;
    let mut upgraded = connect(dialer, upgrade).await.unwrap();
    assert_eq!(upgraded.compressed, compression);
    assert!(upgraded.facts.timings.of(Phase::Upgrade).is_some());
    let long = "{\"delta\":\"wörds and more words\"}".repeat(40_000);
    for sent in ["", "hello", "hello", &long, "äöü 🦊"] {
        let before = upgraded.facts.traffic.bytes_sent();
        upgraded.socket.send_text(sent.to_owned()).await.unwrap();
        assert_eq!(upgraded.socket.next().await.unwrap(), text(sent));
        let wire = upgraded.facts.traffic.bytes_sent() - before;
        if sent.len() > 1_000 {
            assert_eq!(wire < sent.len() as u64 / 10, compression, "{wire} bytes");
        }
    }
    upgraded.socket.close(1000, "done").await.unwrap();
}

#[tokio::test]
async fn messages_come_back_over_plain_and_tls_with_and_without_compression() {
    let authority = Authority::new();
    let dialer = authority.dialer();
    for compression in [false, true] {
        let plain = echo_server(compression).await;
        round_trips(&dialer, &plain, "ws", compression).await;
        let config = authority.localhost(&["http/1.1"]);
        let secure = Server::start_tls(config, move |stream| async move {
            echo(accept(stream, compression, websocket::MAX_MESSAGE).await).await;
        })
        .await;
        round_trips(&dialer, &secure, "wss", compression).await;
    }
}

#[tokio::test]
async fn a_server_may_decline_compression() {
    let server = echo_server(false).await;
    let upgraded = connect(&plain_dialer(), Upgrade::new(server.url("ws", "/")))
        .await
        .unwrap();
    assert!(!upgraded.compressed);
    assert!(!upgraded.headers.contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn a_refused_upgrade_keeps_its_status_headers_and_body() {
    let server = Server::start(|mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.contains("x-own: 1\r\n"), "{head}");
        let answer = b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\n\
            transfer-encoding: chunked\r\n\r\n6\r\n<html>\r\n";
        stream.write_all(answer).await.unwrap();
        // The rest of the body never comes.
        std::future::pending::<()>().await;
    })
    .await;
    let mut upgrade = Upgrade::new(server.url("ws", "/"));
    upgrade.headers.insert("x-own", "1".parse().unwrap());
    let error = connect(&plain_dialer(), upgrade).await.err().unwrap();
    assert_eq!(error.phase, Phase::Upgrade);
    let NetErrorKind::UpgradeRefused {
        status,
        headers,
        body,
    } = error.kind
    else {
        panic!("{error}");
    };
    assert_eq!((status.as_u16(), body.as_ref()), (403, &b"<html>"[..]));
    assert_eq!(headers["cf-mitigated"], "challenge");
}

#[tokio::test]
async fn a_silent_upgrade_ends_by_the_upgrade_limit() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let limits = alipes_net::Limits {
        upgrade: Duration::from_millis(20),
        ..Default::default()
    };
    let dialer = crate::support::dialer(Authority::new().trusted(), limits);
    let error = connect(&dialer, Upgrade::new(server.url("ws", "/")))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(
            error.kind,
            NetErrorKind::TimedOut {
                limit: "upgrade",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_the_handshake_is_not_taken() {
    let cases: [(&[u8], HandshakeError); 4] = [
        (
            b"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
              sec-websocket-accept: KEY\r\nsec-websocket-extensions: x-mux\r\n\r\n",
            HandshakeError::UnexpectedExtension,
        ),
        (
            b"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
              sec-websocket-accept: KEY\r\n\
              sec-websocket-extensions: permessage-deflate; mux\r\n\r\n",
            HandshakeError::BadExtension,
        ),
        (
            b"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
              sec-websocket-accept: AAAA\r\n\r\n",
            HandshakeError::WrongAccept,
        ),
        (
            b"HTTP/1.1 101 OK\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            HandshakeError::NotAnUpgrade,
        ),
    ];
    for (answer, expected) in cases {
        let server = scripted(answer, b"").await;
        let upgrade = Upgrade::new(server.url("ws", "/"));
        let error = connect(&plain_dialer(), upgrade).await.err().unwrap();
        assert!(matches!(error.kind, NetErrorKind::Protocol), "{error}");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<HandshakeError>(), Some(&expected));
    }
}

#[tokio::test]
async fn frames_that_come_with_the_answer_are_not_lost() {
    let server = scripted(GRANTED, b"\x81\x05hello\x81\x02hi").await;
    let upgrade = Upgrade::new(server.url("ws", "/"));
    let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
    assert_eq!(socket.next().await.unwrap(), text("hello"));
    assert_eq!(socket.next().await.unwrap(), text("hi"));
}

#[tokio::test]
async fn fragments_become_one_message_around_a_ping() {
    let server = scripted(GRANTED, b"\x01\x03Hel\x89\x01!\x80\x02lo").await;
    let upgrade = Upgrade::new(server.url("ws", "/"));
    let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
    assert_eq!(
        socket.next().await.unwrap(),
        Message::Ping(Bytes::from_static(b"!"))
    );
    assert_eq!(socket.next().await.unwrap(), text("Hello"));
}

#[tokio::test]
async fn a_read_that_is_dropped_loses_nothing() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut socket = served(ours, 1_000);
    // Masked by zeroes, as a client must mask.
    let frame = b"\x81\x85\0\0\0\0hello";
    for byte in frame {
        tokio::select! {
            biased;
            message = socket.next() => panic!("{message:?}"),
            () = std::future::ready(()) => {}
        }
        theirs.write_all(&[*byte]).await.unwrap();
    }
    assert_eq!(socket.next().await.unwrap(), text("hello"));
}

/// A server's socket without a handshake on the wire.
fn served(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, max: usize) -> Box<dyn Socket> {
    websocket::serve(io, accepted(), max)
}

fn accepted() -> websocket::Acceptance {
    let request = "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    websocket::accept(&headers(request), false).unwrap()
}

#[tokio::test]
async fn all_sockets_together_hold_so_much_of_what_is_no_message_yet() {
    let room = Arc::new(Semaphore::new(190));
    let open = || {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let room = Arc::clone(&room);
        (
            websocket::serve_within(ours, accepted(), 1 << 20, room),
            theirs,
        )
    };
    let ((mut first, mut theirs), (mut second, mut others)) = (open(), open());
    // Masked by zeroes, and not whole.
    let (most, rest) = (vec![b'x'; 150 << 10], vec![b'x'; 50 << 10]);
    let length = (most.len() + rest.len()) as u64;
    let begun = [
        b"\x81\xff".as_slice(),
        &length.to_be_bytes(),
        &[0; 4],
        &most,
    ]
    .concat();
    theirs.write_all(&begun).await.unwrap();
    tokio::select! {
        biased;
        message = first.next() => panic!("{message:?}"),
        () = std::future::ready(()) => {}
    }
    others.write_all(&begun).await.unwrap();
    let refused = second.next().await.unwrap_err();
    assert!(matches!(refused.kind, NetErrorKind::TooLarge), "{refused}");
    let mut goodbye = [0; 4];
    others.read_exact(&mut goodbye).await.unwrap();
    assert_eq!(goodbye[2..], 1013_u16.to_be_bytes());
    theirs.write_all(&rest).await.unwrap();
    let Message::Text(whole) = first.next().await.unwrap() else {
        panic!("no text");
    };
    assert_eq!(whole.len() as u64, length);
    assert_eq!(room.available_permits(), 190);
}

#[tokio::test]
async fn pings_are_answered_and_pongs_come_through() {
    let server = echo_server(true).await;
    let upgrade = Upgrade::new(server.url("ws", "/"));
    let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
    socket.ping(b"are you there".to_vec()).await.unwrap();
    let pong = Message::Pong(Bytes::from_static(b"are you there"));
    assert_eq!(socket.next().await.unwrap(), pong);
}

#[tokio::test]
async fn a_ping_is_answered_before_its_reader_comes_back() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut socket = served(ours, 1_000);
    theirs.write_all(b"\x89\x81\0\0\0\0!").await.unwrap();
    socket.next().await.unwrap();
    let mut pong = [0; 3];
    theirs.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\x8a\x01!");
}

#[tokio::test]
async fn pings_that_leave_no_room_for_answers_are_a_flood() {
    let (ours, mut theirs) = tokio::io::duplex(16);
    let mut socket = served(ours, 1_000);
    let flood = async {
        let ping = [b"\x89\xfd\0\0\0\0".as_slice(), &[0; 125]].concat();
        while theirs.write_all(&ping).await.is_ok() {}
    };
    let reading = async {
        loop {
            match socket.next().await {
                Ok(Message::Ping(_)) => {}
                other => break other,
            }
        }
    };
    let outcome = tokio::select! {
        () = flood => panic!("the flood ended"),
        outcome = reading => outcome,
    };
    assert!(matches!(outcome.unwrap_err().kind, NetErrorKind::Protocol));
}

#[tokio::test]
async fn a_close_is_told_answered_and_final() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut socket = served(ours, 1_000);
    theirs
        .write_all(b"\x88\x85\0\0\0\0\x03\xe9bye")
        .await
        .unwrap();
    let close = Message::Close {
        code: Some(1001),
        reason: "bye".to_owned(),
    };
    assert_eq!(socket.next().await.unwrap(), close);
    let mut answer = [0; 7];
    theirs.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\x88\x05\x03\xe9bye");
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error}");
    socket.close(1000, "").await.unwrap();
    // Nothing but the end follows: no second close frame.
    assert_eq!(theirs.read(&mut answer).await.unwrap(), 0);
}

#[tokio::test]
async fn a_goodbye_is_said_once_and_waits_for_the_answer() {
    let (ours, mut theirs) = tokio::io::duplex(256);
    let mut socket = served(ours, 1_000);
    let peer = async {
        let mut said = vec![0; 4 + 123];
        theirs.read_exact(&mut said).await.unwrap();
        assert_eq!(said[..4], [0x88, 125, 0x03, 0xe8]);
        // A late message, then the answer.
        theirs
            .write_all(b"\x81\x81\0\0\0\0x\x88\x82\0\0\0\0\x03\xe8")
            .await
            .unwrap();
        theirs.read(&mut said).await.unwrap()
    };
    let reason = "x".repeat(500);
    let (closed, more) = tokio::join!(socket.close(1000, &reason), peer);
    closed.unwrap();
    assert_eq!(more, 0);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_without_an_answer_ends_by_the_close_limit() {
    let (ours, _theirs) = tokio::io::duplex(64);
    let clock = Clock::system();
    let begun = clock.now();
    let error = served(ours, 1_000).close(1000, "").await.unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::TimedOut { limit: "close", .. }),
        "{error}"
    );
    assert_eq!(clock.since(begun), Duration::from_secs(2));
}

#[tokio::test]
async fn a_connection_cut_in_a_frame_is_closed_not_broken() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut socket = served(ours, 1_000);
    theirs.write_all(b"\x81\x85\0\0\0\0he").await.unwrap();
    drop(theirs);
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error}");
    assert_eq!(error.phase, Phase::Body);
}

#[tokio::test]
async fn a_ping_that_cannot_be_written_does_not_unsay_that_the_request_has_left() {
    let server = Server::start(|mut stream: TcpStream| async move {
        let head = read_head(&mut stream).await;
        stream.write_all(&granted(&head, GRANTED)).await.unwrap();
        stream.read_exact(&mut [0; 11]).await.unwrap();
        socket2::SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    })
    .await;
    let mut upgrade = Upgrade::new(server.url("ws", "/"));
    upgrade.compression = false;
    let mut upgraded = connect(&plain_dialer(), upgrade).await.unwrap();
    let traffic = upgraded.facts.traffic.clone();
    upgraded.socket.send_text("hello".to_owned()).await.unwrap();
    // Until one is lost, because the connection has gone.
    loop {
        let before = traffic.bytes_sent();
        let pinged = upgraded.socket.ping(Vec::new()).await;
        if pinged.is_err() || traffic.bytes_sent() == before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let error = upgraded.socket.next().await.unwrap_err();
    assert!(error.facts.written, "{error:?}");
}

#[tokio::test]
async fn a_message_may_be_as_long_as_its_bound_and_no_longer() {
    for compression in [false, true] {
        let server = echo_server(compression).await;
        let mut upgrade = Upgrade::new(server.url("ws", "/"));
        upgrade.max_message = 100_000;
        let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
        socket.send_text("x".repeat(100_000)).await.unwrap();
        assert_eq!(socket.next().await.unwrap(), text(&"x".repeat(100_000)));
        socket.send_text("x".repeat(100_001)).await.unwrap();
        let error = socket.next().await.unwrap_err();
        assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
    }
}

#[tokio::test]
async fn a_small_frame_that_inflates_beyond_its_bound_is_too_large() {
    let server = Server::start(|stream| async move {
        let mut socket = accept(stream, true, 1_000).await;
        socket
            .send_text("0".repeat(32 * 1024 * 1024))
            .await
            .unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let mut upgrade = Upgrade::new(server.url("ws", "/"));
    upgrade.max_message = 1024 * 1024;
    let mut upgraded = connect(&plain_dialer(), upgrade).await.unwrap();
    let error = upgraded.socket.next().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
    assert!(upgraded.facts.traffic.bytes_received() < 1024 * 1024);
}

#[tokio::test]
async fn text_that_is_not_utf8_breaks_the_protocol() {
    let server = scripted(GRANTED, b"\x81\x02\xff\xfe").await;
    let upgrade = Upgrade::new(server.url("ws", "/"));
    let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Protocol), "{error}");
}

#[tokio::test]
async fn a_frame_compressed_without_agreement_breaks_the_protocol() {
    let server = scripted(GRANTED, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00").await;
    let upgrade = Upgrade::new(server.url("ws", "/"));
    let mut socket = connect(&plain_dialer(), upgrade).await.unwrap().socket;
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Protocol), "{error}");
}
