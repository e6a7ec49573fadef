//! The listening socket, its connections, and who owns their tasks.
//!
//! One task accepts and owns all connections, and one task serves each. A connection that sends no
//! head within its time is closed, be it a new one or one that is kept between requests; of too many
//! at once the newest are told so and closed.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::ServerError;
use crate::door::CameInOn;
use crate::drain::Drain;
use crate::handover::Handover;
use crate::server::Shared;
use crate::tls::Tls;

/// How long a client may take for a request's head, idle time between requests included.
const HEAD: Duration = Duration::from_secs(60);

/// Most bytes of a request's head.
const LARGEST_HEAD: usize = 64 << 10;

/// Most headers in a head.
const HEADERS: usize = 128;

/// The pause after a connection could not be accepted: descriptors are short, for example.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long connections have for their last word, once nothing is waited for.
const LAST_WORD: Duration = Duration::from_secs(2);

/// What one connection too many is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
    content-length: 21\r\n\r\ntoo many connections\n";

/// A listening socket.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Listener {
    #[expect(clippy::disallowed_methods, reason = "the server's listening socket")]
    pub(crate) async fn bind(address: SocketAddr, tls: Option<Tls>) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self {
            socket,
            address,
            tls,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until there is nothing new to be taken, and nothing left to be waited for.
    pub(crate) async fn serve(self, router: Router, shared: Arc<Shared>, most: usize) {
        let mut connections = JoinSet::new();
        let places = Arc::new(Semaphore::new(most));
        loop {
            let accepted = tokio::select! {
                biased;
                () = shared.drain.begins() => break,
                Some(_ended) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            let Ok((stream, _peer)) = accepted else {
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (router, drain) = (router.clone(), shared.drain.clone());
                    let acceptor = self.tls.as_ref().map(Tls::acceptor);
                    let counted = shared.metrics.connection();
                    connections.spawn(async move {
                        // How a connection ends is its client's affair.
                        let _ended = connection(stream, acceptor, router, &drain).await;
                        drop((place, counted));
                    });
                }
                Err(_full) => {
                    connections.spawn(turn_away(stream));
                }
            }
        }
        drop(self.socket);
        let wait = shared.serving.load().drain();
        if tokio::time::timeout(wait, all(&mut connections))
            .await
            .is_err()
        {
            shared.drain.end();
            let _late = tokio::time::timeout(LAST_WORD, all(&mut connections)).await;
        }
    }
}

async fn all(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    drain: &Drain,
) -> io::Result<()> {
    let came_in_on = CameInOn(stream.local_addr()?);
    // Small pieces must not wait for each other.
    stream.set_nodelay(true)?;
    let Some(acceptor) = acceptor else {
        return http(stream, came_in_on, router, drain).await;
    };
    let secured = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    http(secured??, came_in_on, router, drain).await
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    came_in_on: CameInOn,
    router: Router,
    drain: &Drain,
) -> io::Result<()> {
    let service = TowerToHyperService::new(router);
    let handover = Handover::default();
    let left = handover.clone();
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(came_in_on);
        request.extensions_mut().insert(left.clone());
        service.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(HEADERS);
    let mut served = pin!(
        http.serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        served = &mut served => Some(served),
        () = drain.begins() => None,
    };
    match ended {
        Some(ended) => ended,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    }
    .map_err(io::Error::other)?;
    if let Some(next) = handover.take() {
        next.await;
    }
    Ok(())
}

/// Says that there is no place.
async fn turn_away(mut stream: TcpStream) {
    let _gone = tokio::time::timeout(LAST_WORD, stream.write_all(FULL)).await;
}
