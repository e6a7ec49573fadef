//! A network in memory: names, addresses, and connections between a client and simulators.
//!
//! Over sockets of the operating system a test of silence takes as long as the silence, and no two
//! runs are alike. Here everything is behind the dialer's own seam ([`Sockets`]), so that TLS, HTTP and
//! WebSocket run unchanged above it while time is tokio's, paused: hours pass in milliseconds, and
//! a seed replays. What a network can do to a client, this one does when it is told: names that come late
//! or never, addresses that refuse, swallow or reset, and a network that goes away.
//!
//! Invariants: nothing here reads a real clock, starts a thread or opens a socket. Each direction of
//! a connection holds at most 64 KiB; its writer waits then.

mod direction;
mod listening;
mod meter;
mod names;
mod pipe;

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::{BoxStream, Family, ResolveError, Sockets};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

pub(crate) use self::listening::Listener;
use self::meter::Meter;
pub use self::names::Lookup;
use self::names::Names;
pub(crate) use self::pipe::End;

/// Connections that may wait to be accepted; more are not answered, as a full backlog is.
const BACKLOG: usize = 128;

/// `EAI_AGAIN`: what `getaddrinfo` says when no resolver can be reached.
const TRY_AGAIN: i32 = -3;

/// The address of the machine that the client runs on.
const HERE: (Ipv4Addr, Ipv6Addr) = (
    Ipv4Addr::new(192, 0, 2, 99),
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x99),
);

/// A network in memory. Cheap to clone; clones are the same network.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    clock: Clock,
    meter: Arc<Meter>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    names: Names,
    closed: HashMap<SocketAddr, Closed>,
    listeners: HashMap<SocketAddr, mpsc::Sender<End>>,
    lines: Vec<Weak<pipe::Line>>,
    latency: Duration,
    gone: bool,
}

/// Why an address cannot be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It answers that nothing listens there.
    Refused,
    /// It answers nothing.
    BlackHole,
    /// There is no way to it.
    Unreachable,
    /// It answers with a reset after the connection stood for a moment.
    Reset,
}

impl Network {
    /// A network in which there is nothing yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner {
            clock,
            meter: Arc::default(),
            state: Mutex::default(),
        }))
    }

    /// The addresses of a host, known at once.
    pub fn name(&self, host: &str, addresses: &[IpAddr]) {
        self.state().names.know(host, addresses);
    }

    /// The same, unless the host is known already.
    pub(crate) fn introduce(&self, host: &str, address: IpAddr) {
        let mut state = self.state();
        if !state.names.knows(host) {
            state.names.know(host, &[address]);
        }
    }

    /// What the resolver says about one family of a host: the first of `lookups` to the first
    /// question, and so on; the last one to all that follow.
    pub fn name_slowly(&self, host: &str, family: Family, lookups: Vec<Lookup>) {
        self.state().names.script(host, family, lookups);
    }

    /// Closes an address, whether something listens there or not.
    pub fn close(&self, address: SocketAddr, how: Closed) {
        self.state().closed.insert(address, how);
    }

    /// Opens it again.
    pub fn open(&self, address: SocketAddr) {
        self.state().closed.remove(&address);
    }

    /// How long every byte takes from one end to the other; for connections made from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// The client's machine loses its network: no names, no new connections, and nothing arrives any more on
    /// those there are.
    pub fn go_away(&self) {
        let mut state = self.state();
        state.gone = true;
        for line in state.lines.drain(..).filter_map(|line| line.upgrade()) {
            line.sever();
        }
    }

    /// It is back; what was severed stays so, as with a new address.
    pub fn come_back(&self) {
        self.state().gone = false;
    }

    /// How many ends of connections there are: two for each one that both sides hold.
    #[must_use]
    pub fn open_ends(&self) -> usize {
        self.0.meter.ends()
    }

    /// How many of them are held by whoever connected.
    #[must_use]
    pub fn client_ends(&self) -> usize {
        self.0.meter.client_ends()
    }

    /// The most bytes that were ever on their way at a time.
    #[must_use]
    pub fn most_queued(&self) -> usize {
        self.0.meter.most_queued()
    }

    /// Listens on `address`.
    pub(crate) fn listen(&self, address: SocketAddr) -> io::Result<Listener> {
        let mut state = self.state();
        let taken = state.listeners.get(&address);
        if taken.is_some_and(|listener| !listener.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (sender, arrivals) = mpsc::channel(BACKLOG);
        state.listeners.insert(address, sender);
        Ok(Listener::new(address, arrivals))
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<BoxStream> {
        let (closed, latency) = {
            let state = self.state();
            if state.gone {
                return Err(io::ErrorKind::NetworkUnreachable.into());
            }
            (state.closed.get(&address).copied(), state.latency)
        };
        if !latency.is_zero() {
            tokio::time::sleep(2 * latency).await;
        }
        match closed {
            None => {}
            Some(Closed::Refused) => return Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Closed::Unreachable) => return Err(io::ErrorKind::HostUnreachable.into()),
            Some(Closed::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Closed::BlackHole) => return pending().await,
        }
        match self.arrive(address, latency) {
            Arrival::Stands(stream) => Ok(stream),
            Arrival::NobodyThere => Err(io::ErrorKind::ConnectionRefused.into()),
            Arrival::Unanswered => pending().await,
        }
    }

    /// Puts a new connection before whoever listens.
    fn arrive(&self, address: SocketAddr, latency: Duration) -> Arrival {
        let mut state = self.state();
        if state.gone {
            return Arrival::Unanswered;
        }
        let Some(listener) = state.listeners.get(&address) else {
            return Arrival::NobodyThere;
        };
        let place = match listener.try_reserve() {
            Ok(place) => place,
            Err(mpsc::error::TrySendError::Closed(())) => return Arrival::NobodyThere,
            Err(mpsc::error::TrySendError::Full(())) => return Arrival::Unanswered,
        };
        let (ours, theirs) = pipe::connection(&self.0.clock, latency, &self.0.meter);
        place.send(theirs);
        state.lines.retain(|line| line.strong_count() > 0);
        state.lines.push(ours.line());
        Arrival::Stands(Box::new(ours))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes of an attempt to connect.
enum Arrival {
    Stands(BoxStream),
    NobodyThere,
    Unanswered,
}

impl Sockets for Network {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        family: Family,
    ) -> BoxFuture<'a, Result<Vec<IpAddr>, ResolveError>> {
        Box::pin(async move {
            let lookup = {
                let mut state = self.state();
                if state.gone {
                    return Err(ResolveError::Failed(TRY_AGAIN));
                }
                state.names.ask(host, family)
            };
            lookup.run().await
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(self.dial(address))
    }

    fn local_ip(&self, towards: SocketAddr) -> io::Result<IpAddr> {
        if self.state().gone {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        }
        Ok(match towards {
            SocketAddr::V4(_) => HERE.0.into(),
            SocketAddr::V6(_) => HERE.1.into(),
        })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("meter", &self.0.meter)
            .finish_non_exhaustive()
    }
}
