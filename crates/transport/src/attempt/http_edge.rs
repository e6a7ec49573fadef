//! Waits for something over HTTP, and meanwhile asks the edge whether it is there.
//!
//! HTTP/2 has pings; HTTP/1.1 has no such signal, so there only the caller's limit counts.

use alipes_base::{Clock, Deadline};
use alipes_net::{ConnectionFacts, NetError, Pinger, Traffic};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::time::Instant;

use crate::Profile;
use crate::liveness::{Edge, EdgeWatch};

/// The edge under one HTTP request.
pub(super) struct HttpEdge {
    clock: Clock,
    watch: EdgeWatch,
    traffic: Traffic,
    heard: Instant,
    pinger: Option<Pinger>,
    ping: Option<BoxFuture<'static, Result<Duration, NetError>>>,
}

/// Why a wait ended without what was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The limit passed.
    Limit,
    /// The edge does not answer.
    Dead,
    /// It does not answer and never has; told once.
    Doubtful,
}

impl HttpEdge {
    /// The edge of a connection that is about to carry `bytes`.
    pub(super) fn new(
        clock: &Clock,
        profile: &Profile,
        facts: &ConnectionFacts,
        pinger: Option<Pinger>,
        bytes: usize,
    ) -> Self {
        let traffic = facts.traffic.clone();
        let mut edge = Self {
            clock: clock.clone(),
            watch: EdgeWatch::new(profile, false, bytes, clock.now()),
            heard: traffic.last_received(),
            traffic,
            pinger,
            ping: None,
        };
        if EdgeWatch::pings_before(bytes) {
            edge.ping();
        }
        edge
    }

    /// Sends a ping, if there is a way to and none is under way.
    fn ping(&mut self) {
        if let Some(pinger) = self.pinger.clone() {
            let ping = self
                .ping
                .get_or_insert_with(|| Box::pin(async move { pinger.ping().await }));
            // Polled once, so that it goes out now and not when somebody waits for its answer.
            if ping.now_or_never().is_some() {
                self.ping = None;
            }
        }
        self.watch.pinged(self.clock.now());
    }

    /// Waits for `work` until `limit`, with pings where there are any.
    pub(super) async fn wait<T>(
        &mut self,
        work: impl Future<Output = T>,
        limit: &Deadline,
    ) -> Result<T, Ended> {
        let mut work = std::pin::pin!(work);
        loop {
            let wake = match self.pinger {
                Some(_) => limit.at().min(self.watch.next()),
                None => limit.at(),
            };
            tokio::select! {
                biased;
                out = &mut work => return Ok(out),
                answered = answer(&mut self.ping) => {
                    self.ping = None;
                    if answered.is_ok() {
                        self.watch.ponged(self.clock.now());
                    }
                }
                () = tokio::time::sleep_until(wake) => {
                    if self.clock.now() >= limit.at() {
                        return Err(Ended::Limit);
                    }
                    self.tend()?;
                }
            }
        }
    }

    fn tend(&mut self) -> Result<(), Ended> {
        let now = self.clock.now();
        let last = self.traffic.last_received();
        if last > self.heard {
            self.heard = last;
            self.watch.heard(last);
        }
        match self.watch.look(now) {
            Edge::Quiet => {}
            // Our own bytes are still on their way out, and the ping is behind them.
            Edge::Dead if self.traffic.is_blocked() => self.watch.heard(now),
            Edge::Dead => return Err(Ended::Dead),
            Edge::Doubtful if self.traffic.is_blocked() => self.watch.heard(now),
            Edge::Doubtful => {
                self.watch.doubted();
                return Err(Ended::Doubtful);
            }
            Edge::PingDue => self.ping(),
        }
        Ok(())
    }
}

/// The answer of the ping under way; never, if there is none.
async fn answer(
    ping: &mut Option<BoxFuture<'static, Result<Duration, NetError>>>,
) -> Result<Duration, NetError> {
    match ping {
        Some(ping) => ping.await,
        None => std::future::pending().await,
    }
}
