//! HTTP/1.1: what is sent, what comes back, which connection it took, and how it fails.

use std::sync::Arc;
use std::time::Duration;

use alipes_net::{NetErrorKind, Phase, Protocol};
use http::HeaderValue;
use http::header::{HOST, USER_AGENT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

use crate::support::{
    Authority, Server, deadline, get, plain_client, post, read_all, read_head, within,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers every request without a body in the same way.
async fn answer_all(answer: &'static [u8]) -> Server {
    Server::start(move |mut stream: TcpStream| async move {
        while !read_head(&mut stream).await.is_empty() {
            stream.write_all(answer).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn a_request_says_only_what_its_caller_and_http_say() {
    let (heads, mut seen) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let heads = heads.clone();
        async move {
            let head = read_head(&mut stream).await;
            let mut body = [0; 5];
            stream.read_exact(&mut body).await.unwrap();
            assert_eq!(&body, b"hello");
            stream.write_all(OK).await.unwrap();
            heads.send(head).await.unwrap();
        }
    })
    .await;
    let mut call = post(server.url("http", "/a%20b?c=d#e"), "hello");
    call.headers
        .insert(HOST, HeaderValue::from_static("liar.example"));
    call.headers.insert("x-own", HeaderValue::from_static("1"));
    let response = plain_client().send(call, deadline()).await.unwrap();
    assert_eq!(
        (response.status.as_u16(), response.facts.protocol),
        (200, Protocol::Http1)
    );
    assert!(response.facts.timings.of(Phase::Headers).is_some());
    assert_eq!(read_all(response).await.unwrap(), b"ok");

    let head = seen.recv().await.unwrap().to_ascii_lowercase();
    let mut lines: Vec<_> = head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "post /a%20b?c=d http/1.1");
    lines.sort_unstable();
    let host = format!("host: localhost:{}", server.address.port());
    assert_eq!(lines, ["content-length: 5", &host, "x-own: 1"]);
    assert!(!head.contains(USER_AGENT.as_str()));
}

#[tokio::test]
async fn the_same_works_over_tls() {
    let authority = Authority::new();
    let server = Server::start_tls(
        authority.localhost(&["http/1.1"]),
        |mut stream| async move {
            read_head(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            stream.shutdown().await.unwrap();
        },
    )
    .await;
    let call = get(server.url("https", "/"));
    let response = authority.client().send(call, deadline()).await.unwrap();
    assert_eq!(response.facts.protocol, Protocol::Http1);
    assert!(response.facts.tls.is_some());
    assert_eq!(read_all(response).await.unwrap(), b"ok");
}

#[tokio::test]
async fn chunks_arrive_as_they_are_sent() {
    let (next, steps) = mpsc::channel::<&[u8]>(1);
    let steps = std::sync::Mutex::new(Some(steps));
    let server = Server::start(move |mut stream| {
        let mut steps = steps.lock().unwrap().take().unwrap();
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            while let Some(step) = steps.recv().await {
                stream.write_all(step).await.unwrap();
            }
        }
    })
    .await;
    let call = get(server.url("http", "/"));
    let mut response = plain_client().send(call, deadline()).await.unwrap();
    for (sent, expected) in [(b"3\r\none\r\n", "one"), (b"3\r\ntwo\r\n", "two")] {
        next.send(sent).await.unwrap();
        assert_eq!(response.body.chunk().await.unwrap().unwrap(), expected);
    }
    next.send(b"0\r\n\r\n").await.unwrap();
    assert_eq!(response.body.chunk().await.unwrap(), None);
    assert_eq!(response.body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_read_answer_leaves_its_connection_to_the_next_call_of_its_partition() {
    let server = answer_all(OK).await;
    let client = plain_client();
    let mut reused = Vec::new();
    for (partition, fresh) in [("a", false), ("a", false), ("b", false), ("a", true)] {
        let mut call = get(server.url("http", "/"));
        call.partition = partition.to_owned();
        call.fresh = fresh;
        let response = client.send(call, deadline()).await.unwrap();
        reused.push(response.facts.reused);
        let dialled = response.facts.timings.of(Phase::Connect).is_some();
        assert_eq!(dialled, !response.facts.reused);
        read_all(response).await.unwrap();
    }
    assert_eq!(reused, [false, true, false, false]);
}

#[tokio::test]
async fn an_answer_without_a_body_leaves_its_connection_at_once() {
    let server = answer_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = plain_client();
    let first = client
        .send(get(server.url("http", "/")), deadline())
        .await
        .unwrap();
    let second = client
        .send(get(server.url("http", "/")), deadline())
        .await
        .unwrap();
    assert!(!first.facts.reused && second.facts.reused);
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let server = answer_all(answer).await;
    let client = plain_client();
    for _ in 0..2 {
        let response = client
            .send(get(server.url("http", "/")), deadline())
            .await
            .unwrap();
        assert!(!response.facts.reused);
        read_all(response).await.unwrap();
    }
}

#[tokio::test]
async fn dropping_a_body_closes_its_connection() {
    let (closed, mut seen) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun";
            stream.write_all(head).await.unwrap();
            let end = stream.read(&mut [0]).await;
            closed.send(matches!(end, Ok(0) | Err(_))).await.unwrap();
        }
    })
    .await;
    let client = plain_client();
    let mut response = client
        .send(get(server.url("http", "/")), deadline())
        .await
        .unwrap();
    response.body.chunk().await.unwrap();
    drop(response);
    assert_eq!(seen.recv().await, Some(true));
}

#[tokio::test]
async fn a_reset_before_the_headers_is_told_with_how_far_it_came() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let call = get(server.url("http", "/"));
    let error = plain_client().send(call, deadline()).await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Reset), "{error}");
    assert_eq!(error.phase, Phase::Headers);
    assert!(error.facts.written && !error.facts.reused);
}

#[tokio::test]
async fn a_pooled_connection_that_dies_is_told_and_not_retried() {
    let (requests, mut seen) = mpsc::channel(4);
    let server = Server::start(move |mut stream| {
        let requests = requests.clone();
        async move {
            read_head(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            requests.send(1).await.unwrap();
            if !read_head(&mut stream).await.is_empty() {
                requests.send(2).await.unwrap();
            }
        }
    })
    .await;
    let client = plain_client();
    let response = client
        .send(get(server.url("http", "/")), deadline())
        .await
        .unwrap();
    read_all(response).await.unwrap();
    let error = client
        .send(get(server.url("http", "/")), deadline())
        .await
        .unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error}");
    assert!(error.facts.reused && error.facts.written);
    assert_eq!((seen.recv().await, seen.recv().await), (Some(1), Some(2)));
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn a_connection_that_its_server_closes_is_closed_without_another_request() {
    let (ends, mut ended) = mpsc::channel(1);
    let close = Arc::new(Notify::new());
    let closing = Arc::clone(&close);
    let server = Server::start(move |mut stream| {
        let (ends, closing) = (ends.clone(), Arc::clone(&closing));
        async move {
            read_head(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            closing.notified().await;
            stream.shutdown().await.unwrap();
            assert_eq!(read_head(&mut stream).await, "");
            ends.send(()).await.unwrap();
        }
    })
    .await;
    let client = plain_client();
    for _ in 0..2 {
        let call = get(server.url("http", "/"));
        let response = client.send(call, deadline()).await.unwrap();
        read_all(response).await.unwrap();
        close.notify_one();
        let ended = tokio::time::timeout(Duration::from_secs(20), ended.recv());
        assert_eq!(ended.await, Ok(Some(())));
    }
}

#[tokio::test]
async fn a_body_that_is_cut_fails_and_stays_over() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun";
        stream.write_all(head).await.unwrap();
    })
    .await;
    let call = get(server.url("http", "/"));
    let mut response = plain_client().send(call, deadline()).await.unwrap();
    assert_eq!(response.body.chunk().await.unwrap().unwrap(), "begun");
    let error = response.body.chunk().await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error}");
    assert_eq!(error.phase, Phase::Body);
    assert_eq!(response.body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn headers_without_end_are_too_large() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
        while stream.write_all(&[b'x'; 16_384]).await.is_ok() {}
    })
    .await;
    let call = get(server.url("http", "/"));
    let error = plain_client().send(call, deadline()).await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
}

#[tokio::test]
async fn what_is_not_http_is_named() {
    let server = answer_all(b"220 mail.example ESMTP ready\r\n\r\n").await;
    let call = get(server.url("http", "/"));
    let error = plain_client().send(call, deadline()).await.unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::Protocol), "{error}");
}

#[tokio::test]
async fn silence_ends_by_the_callers_deadline() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let patience = within(Duration::from_secs(1));
    let error = plain_client()
        .send(get(server.url("http", "/")), patience)
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::TimedOut { limit: "test", .. }),
        "{error}"
    );
    assert!(
        error.phase == Phase::Headers && error.facts.written,
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_that_is_not_taken_ends_while_sending() {
    let server = Server::start(|stream| async move {
        let _unread = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let call = post(server.url("http", "/"), vec![0; 16 * 1024 * 1024]);
    let patience = within(Duration::from_secs(1));
    let error = plain_client().send(call, patience).await.unwrap_err();
    assert_eq!(error.phase, Phase::Send, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_answer_is_read_although_the_upload_breaks() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 7\r\n\r\ntoo big";
        stream.write_all(answer).await.unwrap();
        // Closing with unread bytes resets the connection under the client's upload.
    })
    .await;
    let client = plain_client();
    for _ in 0..50 {
        // More than any socket buffers hold.
        let call = post(server.url("http", "/"), vec![0; 32 * 1024 * 1024]);
        let response = client.send(call, deadline()).await.unwrap();
        assert_eq!(response.status.as_u16(), 413);
        assert!(!response.facts.reused, "a broken connection was used again");
        assert_eq!(response.body.read_prefix(3, deadline()).await, "too");
    }
}

#[tokio::test]
async fn a_connection_opened_ahead_carries_the_next_call() {
    let server = answer_all(OK).await;
    let client = plain_client();
    let url = server.url("http", "/");
    let ahead = client.connect_ahead(&url, "", deadline()).await;
    ahead.unwrap();
    let response = client.send(get(url), deadline()).await.unwrap();
    assert!(response.facts.reused);
}

#[tokio::test]
async fn a_connection_that_is_closed_as_soon_as_it_stands_is_none() {
    let server = Server::start(|stream: TcpStream| async move { drop(stream) }).await;
    let url = server.url("http", "/");
    let ahead = plain_client().connect_ahead(&url, "", deadline()).await;
    let error = ahead.unwrap_err();
    assert_eq!(error.phase, Phase::Connect);
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error:?}");
}
