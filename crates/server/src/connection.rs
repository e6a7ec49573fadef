//! One connection, from its first byte to its last.
//!
//! A client that sends no head within its time is let go, be the connection a new one or one that is
//! kept between requests; so is one that reads nothing of what is sent to it (`unread`).

use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::door::CameInOn;
use crate::drain::Drain;
use crate::handover::Handover;
use crate::unread::WhileRead;

/// How long a client may take for a request's head, idle time between requests included.
const HEAD: Duration = Duration::from_secs(60);

/// Most bytes of a request's head.
const LARGEST_HEAD: usize = 64 << 10;

/// Most headers in a head.
const HEADERS: usize = 128;

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one connection to its end.
pub(crate) async fn serve_connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    drain: &Drain,
) -> io::Result<()> {
    let came_in_on = CameInOn(stream.local_addr()?);
    // Small pieces must not wait for each other.
    stream.set_nodelay(true)?;
    let stream = WhileRead::new(stream);
    let Some(acceptor) = acceptor else {
        return http(stream, came_in_on, router, drain).await;
    };
    let secured = tokio::time::timeout(HANDSHAKE, Box::pin(acceptor.accept(stream))).await;
    Box::pin(http(secured??, came_in_on, router, drain)).await
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use alipes_base::Clock;
    use axum::body::{Body, Bytes};
    use axum::routing::{get, post};
    use futures_util::stream::repeat_with;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;
    use crate::body::Room;

    /// Answers without an end at `/endless`, and says how a body was read at `/body`.
    fn router() -> Router {
        let endless = || async {
            let pieces = repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1 << 10])));
            Body::from_stream(pieces)
        };
        let body = |body: Body| async {
            let read = Room::default().read(body, 100).await;
            read.map_or_else(|refusal| refusal.status, |_kept| http::StatusCode::OK)
        };
        Router::new()
            .route("/endless", get(endless))
            .route("/body", post(body))
    }

    /// Serves a client that says `said` and does `then`; for how long.
    async fn served(said: &str, then: impl AsyncFnOnce(&mut DuplexStream)) -> Duration {
        let (mut client, server) = duplex(8 << 10);
        client.write_all(said.as_bytes()).await.unwrap();
        let (came_in_on, drain) = (CameInOn(([127, 0, 0, 1], 1).into()), Drain::default());
        let clock = Clock::system();
        let begun = clock.now();
        let serving = http(WhileRead::new(server), came_in_on, router(), &drain);
        let (_ended, ()) = tokio::join!(serving, then(&mut client));
        clock.since(begun)
    }

    async fn reads(client: &mut DuplexStream) -> String {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_is_not_waited_for() {
        for said in ["", "GET / HTTP/1.1\r\nhost: x\r\nx-a: "] {
            let served = served(said, async |client| {
                // One byte now and then is no head either.
                while client.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(7)).await;
                }
            });
            let limits = HEAD..HEAD + Duration::from_secs(8);
            assert!(limits.contains(&served.await), "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let head = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n";
        let served = served(head, async |client| {
            let answer = reads(client).await;
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        });
        assert!(served.await < HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_reads_is_let_go() {
        let asks = "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n";
        let waits = async |_: &mut DuplexStream| {};
        let served = served(asks, waits).await;
        assert!((60..62).contains(&served.as_secs()), "{served:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_waited_for() {
        let asks = "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n";
        let served = served(asks, async |client| {
            let mut piece = [0; 8 << 10];
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_secs(50)).await;
                client.read_exact(&mut piece).await.unwrap();
            }
        });
        assert!(served.await > Duration::from_secs(1_000));
    }
}
