//! The one way out of this program.
//!
//! HTTP and WebSocket dial here and nowhere else, so what is measured, limited and named for one
//! holds for the other. What is done on a dial stands in `dial`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};

use crate::dial::Dial;
use crate::egress::{Departure, EgressKey, EgressPolicy, LocalKeys, Way};
use crate::error::NetError;
use crate::facts::ConnectionFacts;
use crate::limits::Limits;
use crate::memory::DialMemory;
use crate::phase::Phase;
use crate::sockets::{BoxStream, SocketOptions, Sockets, SystemSockets};
use crate::target::Target;
use crate::tls::{KeyShares, Tls, Witness};

/// Hears which phase of a dial or upgrade begins, and how long it may take. Must not block.
pub type DialWatch = Arc<dyn Fn(Phase, Duration) + Send + Sync>;

/// What a [`Dialer`] is made of.
#[derive(Clone)]
pub struct DialerOptions {
    /// The network.
    pub sockets: Arc<dyn Sockets>,
    /// Whom to trust.
    pub tls: Tls,
    /// How long each phase may take.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
}

impl DialerOptions {
    /// This machine's network, with the usual limits.
    #[must_use]
    pub fn of_this_machine(tls: Tls, clock: Clock) -> Self {
        Self {
            sockets: Arc::new(SystemSockets::default()),
            tls,
            limits: Limits::default(),
            clock,
        }
    }
}

/// Opens connections. Cheap to clone.
#[derive(Clone)]
pub struct Dialer {
    inner: Arc<Inner>,
    /// Beside the rest, because every attempt has one of its own.
    watch: Option<DialWatch>,
}

#[derive(Clone)]
struct Inner {
    options: DialerOptions,
    egress: EgressPolicy,
    ipv4_only: bool,
    socket: SocketOptions,
    key_shares: KeyShares,
    witness: Option<Witness>,
    memory: Arc<DialMemory>,
    local_keys: Arc<LocalKeys>,
}

/// Which HTTP versions to offer in TLS; a plain connection is always HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/1.1 alone, as a WebSocket upgrade needs it.
    Http1,
    /// HTTP/2, or HTTP/1.1 where the server prefers it.
    Http2OrHttp1,
}

/// A connection that stands, and what is known about it.
pub struct Connection {
    /// Its bytes, inside TLS.
    pub stream: BoxStream,
    /// The evidence.
    pub facts: ConnectionFacts,
}

impl Dialer {
    /// A dialer on this network that goes straight to every target.
    #[must_use]
    pub fn new(options: DialerOptions) -> Self {
        let inner = Inner {
            memory: Arc::new(DialMemory::new(options.clock.clone())),
            local_keys: Arc::new(LocalKeys::new(options.clock.clone())),
            options,
            egress: EgressPolicy::default(),
            ipv4_only: false,
            socket: SocketOptions::default(),
            key_shares: KeyShares::default(),
            witness: None,
        };
        Self {
            inner: Arc::new(inner),
            watch: None,
        }
    }

    /// The same dialer, leaving as `egress` says. Shares what the first one has learnt.
    #[must_use]
    pub fn through(&self, egress: EgressPolicy) -> Self {
        self.with(|inner| inner.egress = egress)
    }

    /// The same dialer, looking names up for IPv4 alone: for networks whose IPv6 is broken in ways
    /// that racing cannot see. An IPv6 address given as such is still dialled.
    #[must_use]
    pub fn ipv4_only(&self, ipv4_only: bool) -> Self {
        self.with(|inner| inner.ipv4_only = ipv4_only)
    }

    /// The same dialer, asking this of the operating system for every connection.
    #[must_use]
    pub fn with_socket_options(&self, socket: SocketOptions) -> Self {
        self.with(|inner| inner.socket = socket)
    }

    /// The same dialer, telling `watch` of each phase as it begins.
    #[must_use]
    pub fn watched(&self, watch: DialWatch) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            watch: Some(watch),
        }
    }

    /// The same dialer, telling nobody: for connections beside the one that is waited for.
    #[must_use]
    pub fn unwatched(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            watch: None,
        }
    }

    fn with(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner::clone(&self.inner);
        change(&mut inner);
        Self {
            inner: Arc::new(inner),
            watch: self.watch.clone(),
        }
    }

    /// The same dialer with other limits.
    #[must_use]
    pub fn within(&self, limits: Limits) -> Self {
        self.with(|inner| inner.options.limits = limits)
    }

    /// The same dialer, securing connections with these key shares alone: for whoever compares them.
    #[must_use]
    pub fn with_key_shares(&self, key_shares: KeyShares) -> Self {
        self.with(|inner| inner.key_shares = key_shares)
    }

    /// The same dialer, showing `witness` whatever certificate a target presents, trusted or not.
    #[must_use]
    pub fn witnessed(&self, witness: Witness) -> Self {
        self.with(|inner| inner.witness = Some(witness))
    }

    /// Opens a connection to `target`.
    ///
    /// # Errors
    /// [`NetError`] of the phase that failed; [`TimedOut`](crate::NetErrorKind::TimedOut) names
    /// the phase's limit or `deadline`'s, whichever ended first.
    pub async fn dial(
        &self,
        target: &Target,
        alpn: Alpn,
        deadline: Deadline,
    ) -> Result<Connection, NetError> {
        Dial::new(self, target, alpn, deadline).run().await
    }

    /// The way that a dial to `target` would take.
    #[must_use]
    pub fn departure(&self, target: &Target) -> Departure {
        self.inner.egress.decide(target)
    }

    /// The name of that way at this moment, for memory, breakers and challenges: the same that
    /// the dial's facts will carry. Asks the operating system, sends nothing.
    #[must_use]
    pub fn egress_key(&self, target: &Target) -> EgressKey {
        self.key_of(&self.departure(target), target)
    }

    /// What its dials have learnt.
    #[must_use]
    pub fn memory(&self) -> &DialMemory {
        &self.inner.memory
    }

    pub(crate) fn key_of(&self, departure: &Departure, target: &Target) -> EgressKey {
        match &departure.egress.way {
            Way::Proxy(proxy) => EgressKey::proxy(proxy),
            Way::Direct => {
                let sockets = &*self.inner.options.sockets;
                self.inner.local_keys.key(sockets, &target.host)
            }
        }
    }

    pub(crate) fn options(&self) -> &DialerOptions {
        &self.inner.options
    }

    pub(crate) fn watch(&self) -> Option<&DialWatch> {
        self.watch.as_ref()
    }

    pub(crate) fn socket_options(&self) -> SocketOptions {
        self.inner.socket
    }

    pub(crate) fn is_ipv4_only(&self) -> bool {
        self.inner.ipv4_only
    }

    pub(crate) fn key_shares(&self) -> KeyShares {
        self.inner.key_shares
    }

    pub(crate) fn witness(&self) -> Option<&Witness> {
        self.inner.witness.as_ref()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.options.limits
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("limits", &self.inner.options.limits)
            .field("egress", &self.inner.egress)
            .field("ipv4_only", &self.inner.ipv4_only)
            .field("socket", &self.inner.socket)
            .finish_non_exhaustive()
    }
}
