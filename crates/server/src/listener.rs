//! The listening socket, its connections, and who owns their tasks.
//!
//! One task accepts and owns all connections, and one task serves each (`connection`). Of too many at
//! once the newest are told so and closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ServerError;
use crate::connection::serve_connection;
use crate::server::Shared;
use crate::tls::Tls;

/// The pause after a connection could not be accepted: descriptors are short, for example.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

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
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::Taken { address },
            io::ErrorKind::AddrNotAvailable => ServerError::NotOurs { address },
            _ => ServerError::Listen { address, source },
        };
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
                        let _ended = serve_connection(stream, acceptor, router, &drain).await;
                        drop((place, counted));
                    });
                }
                Err(_full) => {
                    shared.metrics.turned_away.add(1);
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

/// Says that there is no place.
async fn turn_away(mut stream: TcpStream) {
    let _gone = tokio::time::timeout(LAST_WORD, stream.write_all(FULL)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_of_another_machine_is_told() {
        // For documentation only (RFC 5737).
        let address = SocketAddr::from(([192, 0, 2, 1], 0));
        let refused = Listener::bind(address, None).await.err();
        assert!(matches!(refused, Some(ServerError::NotOurs { .. })));
    }
}
