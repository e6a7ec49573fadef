//! A listening address of a network in memory.

use std::future::pending;
use std::net::SocketAddr;

use tokio::sync::mpsc;

use super::pipe::End;

/// Takes connections; when it is dropped, its address refuses them.
pub(crate) struct Listener {
    address: SocketAddr,
    arrivals: mpsc::Receiver<End>,
}

impl Listener {
    pub(super) fn new(address: SocketAddr, arrivals: mpsc::Receiver<End>) -> Self {
        Self { address, arrivals }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection; never, once the network itself is gone. Cancel safe.
    pub(crate) async fn accept(&mut self) -> End {
        match self.arrivals.recv().await {
            Some(stream) => stream,
            None => pending().await,
        }
    }
}
