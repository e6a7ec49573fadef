//! The plug by which a fault pulls a connection.
//!
//! A fault strikes inside a request, but what it ends is the connection, with TLS, HTTP and perhaps
//! a WebSocket on top. So a [`Plug`] reaches the socket beneath them, whatever kind of socket it is:
//! one of the operating system (`tcp`) or one in memory (`network`). A connection's task runs its
//! layers first and looks at the plug only when they wait, so whatever was said before a fault is
//! on the wire when it strikes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::SetOnce;

/// The longest that a stalled or frozen connection is kept: longer than any client's patience.
pub(crate) const STALL: Duration = Duration::from_secs(15 * 60);

/// How a fault ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pull {
    /// RST.
    Reset,
    /// FIN, without a closing word of TLS, HTTP or WebSocket.
    Cut,
    /// It stays, and nobody looks at it again.
    Freeze,
}

/// A socket that can be ended from beneath whoever uses it.
pub(crate) trait Outlet: Send + Sync {
    /// Its end, when it is dropped next, is a reset.
    fn reset_when_dropped(&self);

    /// Nothing more is sent: FIN.
    fn finish(&self);
}

/// Ends the connection it belongs to.
pub(crate) struct Plug {
    pulled: SetOnce<Pull>,
    /// Weak, so that the plug never keeps open what its connection has dropped.
    outlet: Weak<dyn Outlet>,
}

impl Plug {
    /// The plug of a socket.
    pub(crate) fn new(outlet: Weak<dyn Outlet>) -> Arc<Self> {
        Arc::new(Self {
            pulled: SetOnce::new(),
            outlet,
        })
    }

    /// Asks for the end; the first one asked for counts.
    pub(crate) fn pull(&self, how: Pull) {
        let _first = self.pulled.set(how);
    }

    /// Waits until it is asked for.
    pub(crate) async fn pulled(&self) -> Pull {
        *self.pulled.wait().await
    }

    /// Prepares the socket; the caller holds the stream meanwhile without using it, and drops it then.
    pub(crate) async fn carry_out(&self, pull: Pull) {
        match pull {
            Pull::Freeze => tokio::time::sleep(STALL).await,
            Pull::Reset => self.prepare(|outlet| outlet.reset_when_dropped()),
            Pull::Cut => self.prepare(|outlet| outlet.finish()),
        }
    }

    /// A socket that is already gone needs no preparation.
    fn prepare(&self, how: impl FnOnce(&dyn Outlet)) {
        if let Some(outlet) = self.outlet.upgrade() {
            how(&*outlet);
        }
    }
}
