//! Whether the way to the edge is open, asked beside a connection that cannot be asked itself.
//!
//! HTTP/1.1 has no pings, and where a profile forbids TCP keepalive the operating system does not
//! ask either. So at half patience a second connection is dialled the same way, TCP and TLS without
//! a request. If it fails, the edge or the network before it has gone, and to wait on is in vain; if
//! it stands, whoever is silent is behind the edge, and that is told. Once in each silence.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::{Alpn, ConnectionFacts, Dialer, NetError, Protocol, Target};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::conversation::Conversation;

/// A second dial may take this many times as long as the first, where that is longer than a pong.
const DIALS: u32 = 4;

/// The second connection beside one request.
pub(super) struct SideProbe {
    dialer: Dialer,
    target: Target,
    clock: Clock,
    limit: Duration,
    /// A shorter silence is not worth a connection.
    shortest: Duration,
    /// Since when the request is with the other end.
    asked: Option<Instant>,
    /// Since when it was silent when the last probe began.
    silence: Option<Instant>,
    dial: Option<BoxFuture<'static, Result<Duration, NetError>>>,
}

impl SideProbe {
    /// A probe beside the connection of `facts`, if there is no other way to ask for its edge.
    pub(super) fn beside(about: &Conversation, facts: &ConnectionFacts) -> Option<Self> {
        let profile = about.endpoint.profile();
        if facts.protocol != Protocol::Http1 || profile.keepalive.is_some() {
            return None;
        }
        Some(Self {
            // What is waited for is still the answer.
            dialer: about.transport.dialer.unwatched(),
            target: Target::from_url(about.endpoint.base_url()).ok()?,
            clock: about.transport.clock.clone(),
            limit: profile.pong_timeout.max(facts.timings.total() * DIALS),
            shortest: profile.ping_after,
            asked: None,
            silence: None,
            dial: None,
        })
    }

    /// The request has left: silence counts from now on.
    pub(super) fn asked(&mut self) {
        self.asked = Some(self.clock.now());
    }

    /// When to begin, if nothing came since `heard` and patience ends with `limit`.
    pub(super) fn due(&self, heard: Instant, limit: &Deadline) -> Option<Instant> {
        let since = self.since(heard)?;
        let half = limit.at().saturating_duration_since(since) / 2;
        (self.silence != Some(since)).then_some(since + half.max(self.shortest))
    }

    /// Begins, if it is time.
    pub(super) fn tend(&mut self, heard: Instant, limit: &Deadline) {
        let due = self.due(heard, limit);
        if due.is_none_or(|due| self.clock.now() < due) {
            return;
        }
        self.silence = self.since(heard);
        let (dialer, target, clock) =
            (self.dialer.clone(), self.target.clone(), self.clock.clone());
        let deadline = limit.tightened(&clock, "side_probe", self.limit);
        self.dial = Some(Box::pin(async move {
            let begun = clock.now();
            let dialled = dialer.dial(&target, Alpn::Http2OrHttp1, deadline).await;
            dialled.map(|_closed_at_once| clock.since(begun))
        }));
    }

    /// How long the second connection took, or why there is none; never, if none is being dialled.
    pub(super) async fn answer(&mut self) -> Result<Duration, NetError> {
        let outcome = match &mut self.dial {
            Some(dial) => dial.await,
            None => std::future::pending().await,
        };
        self.dial = None;
        outcome
    }

    /// Whether something has come since the last probe began: then it proves nothing any more.
    pub(super) fn is_outdated(&self, heard: Instant) -> bool {
        self.silence != self.since(heard)
    }

    fn since(&self, heard: Instant) -> Option<Instant> {
        self.asked.map(|asked| asked.max(heard))
    }
}
