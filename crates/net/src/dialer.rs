//! The one way out of this program: egress, resolve, connect, (proxy,) TLS.
//!
//! HTTP and WebSocket dial here and nowhere else, so what is measured, limited and named for one
//! holds for the other.

use std::fmt;
use std::sync::Arc;

use alipes_base::{Clock, Deadline};

use crate::egress::decide_egress;
use crate::error::{ErrorFacts, NetError};
use crate::facts::{ConnectionFacts, Protocol};
use crate::limits::Limits;
use crate::phase::Phase;
use crate::sockets::{BoxStream, Sockets};
use crate::stream::{Metered, Traffic};
use crate::target::Target;
use crate::tls::Tls;
use crate::trip::Trip;
use crate::{connect, resolver};

/// What a [`Dialer`] is made of.
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

/// Opens connections. Cheap to clone.
#[derive(Clone)]
pub struct Dialer(Arc<DialerOptions>);

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
    /// A dialer on this network.
    #[must_use]
    pub fn new(options: DialerOptions) -> Self {
        Self(Arc::new(options))
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
        let options = &*self.0;
        let limits = &options.limits;
        let egress = decide_egress(target);
        let mut trip = Trip::new(
            options.clock.clone(),
            deadline,
            ErrorFacts {
                target: Some(target.clone()),
                egress: Some(egress.clone()),
                ..ErrorFacts::default()
            },
        );

        let looking_up = resolver::resolve(&options.sockets, target);
        let addresses = trip
            .phase(Phase::Resolve, limits.resolve, looking_up)
            .await?;

        let racing = connect::race(&*options.sockets, addresses);
        let (stream, remote_addr) = trip.phase(Phase::Connect, limits.connect, racing).await?;
        trip.facts_mut().remote_addr = Some(remote_addr);

        // A proxy's handshake has its place here, between the socket and TLS.

        let (stream, protocol, tls) = if target.tls {
            let securing = options.tls.connect(stream, &target.host, alpn);
            let secured = trip.phase(Phase::Tls, limits.tls, securing).await?;
            (secured.stream, secured.protocol, Some(secured.facts))
        } else {
            (stream, Protocol::Http1, None)
        };

        let traffic = Traffic::new(options.clock.clone());
        Ok(Connection {
            stream: Box::new(Metered::new(stream, traffic.clone())),
            facts: ConnectionFacts {
                egress,
                remote_addr,
                protocol,
                tls,
                timings: trip.timings(),
                reused: false,
                traffic,
            },
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
