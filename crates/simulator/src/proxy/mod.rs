//! A proxy with bad manners on demand, in front of a simulator or of any other server.
//!
//! Most of what goes wrong on a network with a proxy goes wrong in the proxy, and it has its own ways:
//! it wants to know who asks, it does not want to, it takes the request for an upgrade and never brings the
//! answer. Like the simulator it runs on this machine's sockets or within a [`Network`].

mod http_connect;
mod manner;
mod socks5;
mod tunnel;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_net::{BoxStream, Family, Sockets, SystemSockets};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use self::manner::Manner;
use crate::listener::{Accepted, Listener};
use crate::plug::STALL;
use crate::{Network, SimulatorError};

/// Connections at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 512;

/// How long a client may take to say where it wants to go.
const GREETING: Duration = Duration::from_secs(60);

/// Destinations remembered.
const ASKED: usize = 1_000;

/// How a proxy shall run.
#[derive(Clone)]
pub struct ProxyOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How it is spoken to.
    pub speech: Speech,
    /// For a proxy that is itself reached by TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// What it does.
    pub manner: Manner,
    /// Where it takes everybody, whatever they ask for; none takes them where they want to go.
    pub origin: Option<SocketAddr>,
    /// How it gets there.
    pub sockets: Arc<dyn Sockets>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// HTTP CONNECT (RFC 9110, section 9.3.6).
    Http,
    /// SOCKS version 5 (RFC 1928), with names or addresses.
    Socks5,
}

impl ProxyOptions {
    /// HTTP CONNECT on a free port of this machine.
    #[must_use]
    pub fn local(manner: Manner) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            speech: Speech::Http,
            tls: None,
            manner,
            origin: None,
            sockets: Arc::new(SystemSockets::default()),
        }
    }
}

/// A running proxy. Dropping it ends everything that passes through it.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Asked>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens on this machine, and serves from then on.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`].
    pub async fn start(options: ProxyOptions) -> Result<Self, SimulatorError> {
        let listener = Listener::bind(options.listen).await?;
        Ok(Self::serve(listener, options))
    }

    /// Listens within a network in memory, and reaches others only there.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`].
    pub fn within(network: &Network, options: ProxyOptions) -> Result<Self, SimulatorError> {
        let sockets = Arc::new(network.clone());
        let listener = Listener::within(network, options.listen)?;
        let options = ProxyOptions { sockets, ..options };
        Ok(Self::serve(listener, options))
    }

    fn serve(listener: Listener, options: ProxyOptions) -> Self {
        let address = listener.address();
        let asked = Arc::<Asked>::default();
        let desk = Desk {
            options,
            asked: Arc::clone(&asked),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, desk));
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it was asked to connect to, as `host:port`, in that order; the first thousand.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.all()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Where clients wanted to go.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

impl Asked {
    fn note(&self, destination: &Destination) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() < ASKED {
            asked.push(format!("{}:{}", destination.host, destination.port));
        }
    }

    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Where a client wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Destination {
    host: String,
    port: u16,
}

async fn accept(mut listener: Listener, desk: Desk) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok(Accepted { io, .. }) => {
                    connections.spawn(desk.clone().serve(io));
                }
                // Out of descriptors, most likely: they come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// What all connections share.
#[derive(Clone)]
struct Desk {
    options: ProxyOptions,
    asked: Arc<Asked>,
}

impl Desk {
    async fn serve(self, io: impl AsyncRead + AsyncWrite + Unpin) {
        // A client that hangs up, or that speaks something else, ends its own connection only.
        let _ended = match self.options.tls.clone() {
            None => self.greet(io).await,
            Some(tls) => match TlsAcceptor::from(tls).accept(io).await {
                Ok(io) => self.greet(io).await,
                Err(error) => Err(error),
            },
        };
    }

    /// Hears where the client wants to go, and takes it there as the manner has it.
    async fn greet(&self, mut io: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let hear = async {
            match self.options.speech {
                Speech::Http => http_connect::hear(&mut io, &self.options.manner).await,
                Speech::Socks5 => socks5::hear(&mut io, &self.options.manner).await,
            }
        };
        let Some(destination) = tokio::time::timeout(GREETING, hear).await?? else {
            return Ok(());
        };
        self.asked.note(&destination);
        self.take(io, &destination).await
    }

    async fn take(
        &self,
        mut io: impl AsyncRead + AsyncWrite + Unpin,
        destination: &Destination,
    ) -> io::Result<()> {
        let agreed = match self.options.speech {
            Speech::Http => http_connect::AGREED,
            Speech::Socks5 => socks5::AGREED,
        };
        let sluice = match &self.options.manner {
            Manner::Obliging | Manner::Strict { .. } => tunnel::Sluice::Open,
            Manner::FreezesAfter(bytes) => tunnel::Sluice::Until(*bytes),
            Manner::SwallowsUpgrades => tunnel::Sluice::NoUpgrade,
            Manner::Refuses(status) => {
                io.write_all(http_connect::refusal(*status).as_bytes())
                    .await?;
                return linger(io).await;
            }
            Manner::Says(words) => {
                io.write_all(words).await?;
                return linger(io).await;
            }
            Manner::Freezes => {
                tokio::time::sleep(STALL).await;
                return Ok(());
            }
            Manner::HangsUp => return Ok(()),
            Manner::SwallowsAll => {
                io.write_all(agreed).await?;
                return linger(io).await;
            }
        };
        let origin = self.reach(destination).await?;
        io.write_all(agreed).await?;
        tunnel::carry(io, origin, sluice).await;
        Ok(())
    }

    async fn reach(&self, destination: &Destination) -> io::Result<BoxStream> {
        let sockets = &self.options.sockets;
        let address = match (self.options.origin, destination.host.parse()) {
            (Some(origin), _) => origin,
            (None, Ok(ip)) => SocketAddr::new(ip, destination.port),
            (None, Err(_)) => {
                let found = sockets.resolve(&destination.host, Family::V4).await;
                let ip = found.ok().and_then(|found| found.first().copied());
                SocketAddr::new(ip.ok_or(io::ErrorKind::NotFound)?, destination.port)
            }
        };
        sockets.connect(address).await
    }
}

/// Reads, and answers nothing more, until the client leaves.
async fn linger(mut io: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut ignored = [0; 4 << 10];
    while io.read(&mut ignored).await? > 0 {}
    Ok(())
}
