//! An address that swallows what is sent to it, as a broken IPv6 path does: no answer, no refusal.
//!
//! Nobody needs rights on the network for that: where a listener's queue of connections is full, the
//! operating system drops whoever asks for one more (Linux and the BSDs; Windows refuses them). So the
//! queue is the shortest there is, nobody takes a connection out of it, and it is filled.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::SimulatorError;

/// More connections than the shortest queue takes on any system.
const MOST: usize = 64;

/// A connection over loopback that does not stand after this long does not stand at all.
const MOMENT: Duration = Duration::from_millis(200);

/// Swallows connections until it is dropped.
#[derive(Debug)]
pub struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _filling: Vec<TcpStream>,
}

impl BlackHole {
    /// Swallows what is sent to this address of this machine from now on.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`], if the address cannot be had or does not fall silent.
    pub async fn open(address: SocketAddr) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError::Listen { address, source };
        let listener = listen(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut filling = Vec::new();
        while filling.len() < MOST {
            let connecting = socket(address).map_err(failed)?.connect(address);
            match timeout(MOMENT, connecting).await {
                Ok(connected) => filling.push(connected.map_err(failed)?),
                Err(_silent) => {
                    return Ok(Self {
                        address,
                        _listener: listener,
                        _filling: filling,
                    });
                }
            }
        }
        Err(failed(std::io::ErrorKind::Unsupported.into()))
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket(address)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(0)
}

fn socket(address: SocketAddr) -> std::io::Result<TcpSocket> {
    match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }
}
