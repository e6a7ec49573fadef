//! Where connections come in: a port of this machine, or an address of a network in memory.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;

use crate::error::SimulatorError;
use crate::network::{self, End, Network};
use crate::plug::Plug;
use crate::tcp::Tcp;

/// Takes connections.
pub(crate) struct Listener {
    way_in: WayIn,
    address: SocketAddr,
}

enum WayIn {
    /// Of the operating system.
    Tcp(TcpListener),
    /// In memory.
    Memory(network::Listener),
}

/// A connection that has come in.
pub(crate) struct Accepted {
    pub(crate) io: Io,
    /// Ends it from beneath.
    pub(crate) plug: Arc<Plug>,
}

/// Its bytes.
pub(crate) enum Io {
    Tcp(Tcp),
    Memory(End),
}

impl Listener {
    /// Listens on an address of this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's one listening socket"
    )]
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            way_in: WayIn::Tcp(listener),
        })
    }

    /// Listens on an address of `network`.
    pub(crate) fn within(network: &Network, address: SocketAddr) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError::Listen { address, source };
        let listener = network.listen(address).map_err(failed)?;
        Ok(Self {
            address: listener.address(),
            way_in: WayIn::Memory(listener),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. Cancel safe.
    pub(crate) async fn accept(&mut self) -> io::Result<Accepted> {
        match &mut self.way_in {
            WayIn::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small deltas must not wait for each other.
                let _unsupported = stream.set_nodelay(true);
                let (stream, plug) = Tcp::new(stream);
                let io = Io::Tcp(stream);
                Ok(Accepted { io, plug })
            }
            WayIn::Memory(listener) => {
                let stream = listener.accept().await;
                let plug = Plug::new(stream.outlet());
                let io = Io::Memory(stream);
                Ok(Accepted { io, plug })
            }
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Memory(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Memory(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Memory(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
