//! Pings at times of our choosing, and what they tell of a connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_net::{CallOptions, HttpClient, NetErrorKind, Protocol, Response};
use bytes::Bytes;
use futures_util::poll;
use tokio::sync::mpsc;

use crate::forms::Form;
use crate::support::{Authority, Server, deadline, get};

/// An HTTP/2 server that begins one answer, and then does nothing, pongs included, between being
/// told to sleep and being told to wake.
struct Sleeper {
    server: Server,
    client: HttpClient,
    orders: mpsc::Sender<()>,
    sleeps: mpsc::Receiver<()>,
}

impl Sleeper {
    async fn start() -> Self {
        let authority = Authority::new();
        let (orders, orders_taken) = mpsc::channel(1);
        let (falls_asleep, sleeps) = mpsc::channel(1);
        let ends = Mutex::new(Some((orders_taken, falls_asleep)));
        let ends = Arc::new(ends);
        let server = Server::start_tls(authority.localhost(&["h2"]), move |stream| {
            let (mut orders, falls_asleep) = ends.lock().unwrap().take().unwrap();
            async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let (_request, mut answer) = connection.accept().await.unwrap().unwrap();
                let head = http::Response::new(());
                let mut body = answer.send_response(head, false).unwrap();
                body.send_data(Bytes::from_static(b"begun"), false).unwrap();
                tokio::select! {
                    _ = connection.accept() => return,
                    order = orders.recv() => if order.is_none() { return },
                }
                falls_asleep.send(()).await.unwrap();
                let _ = orders.recv().await;
                while connection.accept().await.is_some() {}
            }
        })
        .await;
        Self {
            server,
            client: authority.client(),
            orders,
            sleeps,
        }
    }

    async fn ask(&self) -> Response {
        let call = get(self.server.url("https", "/"));
        self.client.send(call, deadline()).await.unwrap()
    }

    async fn fall_asleep(&mut self) {
        self.orders.send(()).await.unwrap();
        self.sleeps.recv().await.unwrap();
    }

    async fn wake(&self) {
        self.orders.send(()).await.unwrap();
    }
}

#[tokio::test]
async fn pings_are_answered_and_timed() {
    let sleeper = Sleeper::start().await;
    let response = sleeper.ask().await;
    let pinger = response.body.pinger().unwrap();
    for _ in 0..3 {
        pinger.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_ping_without_an_answer_waits_and_is_joined_by_the_next() {
    let mut sleeper = Sleeper::start().await;
    let response = sleeper.ask().await;
    let pinger = response.body.pinger().unwrap();
    sleeper.fall_asleep().await;
    let mut ping = Box::pin(pinger.ping());
    assert!(poll!(&mut ping).is_pending());
    drop(ping);
    let mut next = Box::pin(pinger.ping());
    assert!(poll!(&mut next).is_pending());
    sleeper.wake().await;
    next.await.unwrap();
    pinger.ping().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_gone_says_so_instead_of_waiting() {
    let mut sleeper = Sleeper::start().await;
    let response = sleeper.ask().await;
    let pinger = response.body.pinger().unwrap();
    sleeper.fall_asleep().await;
    drop(sleeper.server);
    let error = pinger.ping().await.unwrap_err();
    assert!(
        matches!(error.kind, NetErrorKind::Closed | NetErrorKind::Reset),
        "{error}"
    );
    assert!(error.facts.remote_addr.is_some());
}

#[tokio::test]
async fn a_connection_can_be_pinged_while_headers_are_awaited() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.localhost(&["h2"]), |stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let _unanswered = connection.accept().await.unwrap().unwrap();
        while connection.accept().await.is_some() {}
    })
    .await;
    let call = get(server.url("https", "/"));
    let mut in_flight = authority
        .client()
        .start(call, CallOptions::default(), deadline())
        .await
        .unwrap();
    assert_eq!(in_flight.facts().protocol, Protocol::Http2);
    let pinger = in_flight.pinger().unwrap();
    tokio::select! {
        answer = &mut in_flight => panic!("{answer:?}"),
        pong = pinger.ping() => { pong.unwrap(); }
    }
    assert!(in_flight.is_handed_over());
}

#[tokio::test]
async fn http1_has_no_pings() {
    let server = Server::start(|io| Form::Http1.answer_inside(io, Duration::ZERO)).await;
    let call = get(server.url("http", "/"));
    let client = crate::support::plain_client();
    let in_flight = client.start(call, CallOptions::default(), deadline()).await;
    let in_flight = in_flight.unwrap();
    assert!(in_flight.pinger().is_none());
    assert!(in_flight.await.unwrap().body.pinger().is_none());
}
