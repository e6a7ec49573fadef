//! HTTP/2: one connection for many calls, and what a server may do to a stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::{HttpClient, NetErrorKind, Phase, Protocol, Target};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::support::{Authority, Server, deadline, get, post, read_all, within};

type Answer = SendResponse<Bytes>;

/// A server that hands every request to `script`, and a client that trusts it.
async fn serve<F, Work>(script: F) -> (Server, HttpClient)
where
    F: Fn(Request<RecvStream>, Answer) -> Work + Clone + Send + Sync + 'static,
    Work: Future<Output = ()> + Send + 'static,
{
    let authority = Authority::new();
    let server = Server::start_tls(authority.localhost(&["h2"]), move |stream| {
        let script = script.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let mut requests = JoinSet::new();
            while let Some(Ok((request, answer))) = connection.accept().await {
                requests.spawn(script(request, answer));
            }
        }
    })
    .await;
    (server, authority.client())
}

fn ok(answer: &mut Answer, body: &'static str) {
    let mut stream = answer.send_response(Response::new(()), false).unwrap();
    stream
        .send_data(Bytes::from_static(body.as_bytes()), true)
        .unwrap();
}

async fn receive(body: &mut RecvStream) -> usize {
    let mut length = 0;
    while let Some(Ok(data)) = body.data().await {
        length += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    length
}

#[tokio::test]
async fn calls_share_one_connection() {
    let (server, client) = serve(|request, mut answer| async move {
        assert_eq!(request.uri().path(), "/x");
        assert_eq!(request.uri().host(), Some("localhost"));
        assert!(request.headers().is_empty());
        ok(&mut answer, "ok");
    })
    .await;
    let first = client
        .send(get(server.url("https", "/x")), deadline())
        .await
        .unwrap();
    let second = client
        .send(get(server.url("https", "/x")), deadline())
        .await
        .unwrap();
    assert_eq!(first.facts.protocol, Protocol::Http2);
    assert!(!first.facts.reused && second.facts.reused);
    let mut fresh = get(server.url("https", "/x"));
    fresh.fresh = true;
    let third = client.send(fresh, deadline()).await.unwrap();
    assert!(!third.facts.reused);
    for response in [first, second, third] {
        assert_eq!(read_all(response).await.unwrap(), b"ok");
    }
}

#[tokio::test]
async fn uploads_and_answers_larger_than_every_window_pass() {
    const LENGTH: usize = 6 * 1024 * 1024;
    let (server, client) = serve(|request, mut answer| async move {
        let mut body = request.into_body();
        assert_eq!(receive(&mut body).await, LENGTH);
        let mut stream = answer.send_response(Response::new(()), false).unwrap();
        stream.send_data(vec![1; LENGTH].into(), true).unwrap();
    })
    .await;
    let call = post(server.url("https", "/"), vec![0; LENGTH]);
    let response = client.send(call, deadline()).await.unwrap();
    assert!(response.facts.traffic.bytes_sent() > LENGTH as u64);
    assert_eq!(read_all(response).await.unwrap().len(), LENGTH);
}

#[tokio::test]
async fn chunks_arrive_as_they_are_sent() {
    let (next, steps) = mpsc::channel::<&str>(1);
    let steps = Arc::new(tokio::sync::Mutex::new(steps));
    let (server, client) = serve(move |_request, mut answer| {
        let steps = Arc::clone(&steps);
        async move {
            let mut stream = answer.send_response(Response::new(()), false).unwrap();
            while let Some(step) = steps.lock().await.recv().await {
                stream
                    .send_data(Bytes::from_static(step.as_bytes()), false)
                    .unwrap();
            }
            stream.send_data(Bytes::new(), true).unwrap();
        }
    })
    .await;
    let mut response = client
        .send(get(server.url("https", "/")), deadline())
        .await
        .unwrap();
    for text in ["one", "two"] {
        next.send(text).await.unwrap();
        assert_eq!(response.body.chunk().await.unwrap().unwrap(), text);
    }
    drop(next);
    assert_eq!(response.body.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_refused_stream_is_proof_that_nothing_was_processed() {
    let (server, client) = serve(|_request, mut answer| async move {
        answer.send_reset(Reason::REFUSED_STREAM);
    })
    .await;
    let error = client
        .send(get(server.url("https", "/")), deadline())
        .await
        .unwrap_err();
    assert!(matches!(error.kind, NetErrorKind::StreamRefused), "{error}");
    assert_eq!(error.phase, Phase::Headers);
}

#[tokio::test]
async fn a_reset_stream_keeps_its_code_and_spares_the_connection() {
    let (server, client) = serve(|request, mut answer| async move {
        if request.uri().path() == "/bad" {
            answer.send_reset(Reason::INTERNAL_ERROR);
        } else {
            ok(&mut answer, "ok");
        }
    })
    .await;
    let error = client
        .send(get(server.url("https", "/bad")), deadline())
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::StreamReset(2)),
        "{error}"
    );
    let good = client
        .send(get(server.url("https", "/good")), deadline())
        .await
        .unwrap();
    assert!(good.facts.reused);
}

#[tokio::test]
async fn dropping_a_body_resets_its_stream_only() {
    let (resets, mut seen) = mpsc::channel(1);
    let (server, client) = serve(move |_request, mut answer| {
        let resets = resets.clone();
        async move {
            let mut stream = answer.send_response(Response::new(()), false).unwrap();
            stream
                .send_data(Bytes::from_static(b"begun"), false)
                .unwrap();
            let reason = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
            let _ = resets.send(reason.unwrap()).await;
        }
    })
    .await;
    let mut first = client
        .send(get(server.url("https", "/")), deadline())
        .await
        .unwrap();
    first.body.chunk().await.unwrap();
    drop(first);
    assert_eq!(seen.recv().await, Some(Reason::CANCEL));
    let second = client
        .send(get(server.url("https", "/")), deadline())
        .await
        .unwrap();
    assert!(second.facts.reused);
}

#[tokio::test]
async fn an_early_answer_is_read_beside_a_stuck_upload() {
    let (server, client) = serve(|request, mut answer| async move {
        // Held and never read: the upload runs out of window.
        let _stuck = request.into_body();
        ok(&mut answer, "no");
        std::future::pending::<()>().await;
    })
    .await;
    let call = post(server.url("https", "/"), vec![0; 4 * 1024 * 1024]);
    let response = client.send(call, deadline()).await.unwrap();
    assert_eq!(read_all(response).await.unwrap(), b"no");
}

#[tokio::test]
async fn a_connection_that_says_goaway_is_replaced() {
    let connections = Arc::new(AtomicUsize::new(0));
    let authority = Authority::new();
    let counter = Arc::clone(&connections);
    let server = Server::start_tls(authority.localhost(&["h2"]), move |stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (_, mut answer) = connection.accept().await.unwrap().unwrap();
            ok(&mut answer, "ok");
            connection.graceful_shutdown();
            while connection.accept().await.is_some() {}
        }
    })
    .await;
    let client = authority.client();
    for expected in 1..=3 {
        let response = client
            .send(get(server.url("https", "/")), deadline())
            .await
            .unwrap();
        assert_eq!(read_all(response).await.unwrap(), b"ok");
        // The GOAWAY travels behind the answer; only a call after it must be elsewhere.
        while client_reuses(&client, &server).await {
            tokio::task::yield_now().await;
        }
        assert!(connections.load(Ordering::Relaxed) >= expected);
    }
}

#[tokio::test]
async fn headers_without_end_are_too_large() {
    for count in [80, 8_000] {
        let (server, client) = serve(move |_request, mut answer| async move {
            let mut head = Response::new(());
            for number in 0..count {
                let value = format!("{number:01000}").parse().unwrap();
                head.headers_mut().append("x-flood", value);
            }
            // The client hangs up in the middle of it.
            let _ = answer.send_response(head, true);
        })
        .await;
        let call = get(server.url("https", "/"));
        let error = client.send(call, deadline()).await.unwrap_err();
        assert!(matches!(error.kind, NetErrorKind::TooLarge), "{error}");
        assert_eq!(error.phase, Phase::Headers);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_calm_is_remembered_and_no_other() {
    for (reason, calm) in [
        (Reason::ENHANCE_YOUR_CALM, true),
        (Reason::NO_ERROR, false),
        (Reason::INTERNAL_ERROR, false),
    ] {
        let authority = Authority::new();
        let server = Server::start_tls(authority.localhost(&["h2"]), move |stream| async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let _unanswered = connection.accept().await.unwrap().unwrap();
            connection.abrupt_shutdown(reason);
            while connection.accept().await.is_some() {}
        })
        .await;
        let dialer = authority.dialer();
        let client = HttpClient::new(dialer.clone(), Clock::system());
        let url = server.url("https", "/");
        let target = Target::from_url(&url).unwrap();
        // A connection ends a moment after its requests: when the next one stands, it has.
        for _ in 0..2 {
            let unanswered = client.send(get(url.clone()), deadline()).await;
            unanswered.unwrap_err();
        }
        let factor = dialer.memory().calm(&target);
        assert_eq!(factor > 1, calm, "{reason:?}: {factor}");
    }
}

/// Whether one more call would ride on the old connection; one that arrives in the moment of the
/// GOAWAY is refused, and says that nothing was processed.
async fn client_reuses(client: &HttpClient, server: &Server) -> bool {
    match client.send(get(server.url("https", "/")), deadline()).await {
        Ok(response) => response.facts.reused,
        Err(error) => {
            assert!(error.facts.reused, "{error}");
            true
        }
    }
}

#[tokio::test]
async fn silence_ends_by_the_callers_deadline_and_spares_the_connection() {
    let (server, client) = serve(|request, mut answer| async move {
        if request.uri().path() == "/silent" {
            std::future::pending::<()>().await;
        }
        ok(&mut answer, "ok");
    })
    .await;
    let patience = within(Duration::from_secs(1));
    let silent = client
        .send(get(server.url("https", "/silent")), patience)
        .await
        .unwrap_err();
    assert!(
        matches!(silent.kind, NetErrorKind::TimedOut { limit: "test", .. }),
        "{silent}"
    );
    let next = client
        .send(get(server.url("https", "/")), deadline())
        .await
        .unwrap();
    assert!(next.facts.reused);
}
