//! Waits for something over HTTP, and meanwhile asks the edge whether it is there.
//!
//! HTTP/2 has pings. HTTP/1.1 has no such signal: there the operating system asks where the profile
//! lets it, and else a second connection (see `side_probe`).

use alipes_base::{Clock, Deadline};
use alipes_net::{ConnectionFacts, NetError, Pinger, Traffic};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::time::Instant;

use super::intake::Intake;
use super::side_probe::SideProbe;
use super::unread;
use crate::conversation::Conversation;
use crate::liveness::{Edge, EdgeWatch};
use crate::{Cause, Fault, Route, Trace};

/// The edge under one HTTP request.
pub(super) struct HttpEdge {
    clock: Clock,
    watch: EdgeWatch,
    traffic: Traffic,
    heard: Instant,
    pinger: Option<Pinger>,
    ping: Option<BoxFuture<'static, Result<Duration, NetError>>>,
    probe: Option<SideProbe>,
    /// Why there is no second connection.
    lost: Option<String>,
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
        about: &Conversation,
        facts: &ConnectionFacts,
        pinger: Option<Pinger>,
        bytes: usize,
    ) -> Self {
        let traffic = facts.traffic.clone();
        let clock = &about.transport.clock;
        let profile = about.endpoint.profile();
        let is_known = |known: fn(&Pinger) -> bool| pinger.as_ref().is_some_and(known);
        let watch = EdgeWatch::new(profile, is_known(Pinger::has_answered), bytes, clock.now());
        let is_doubted = is_known(Pinger::is_doubted) || about.leaves_pings_unanswered(Route::Sse);
        let mut edge = Self {
            clock: clock.clone(),
            watch: watch.undoubting(is_doubted).calmed(about.calm()),
            probe: SideProbe::beside(about, facts),
            lost: None,
            heard: traffic.last_received(),
            traffic,
            pinger,
            ping: None,
        };
        if edge.watch.pings_first() {
            edge.ping();
        }
        edge
    }

    /// The request has left.
    pub(super) fn asked(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.asked();
        }
    }

    /// An answer has come.
    pub(super) fn answered(&self, about: &Conversation) {
        if self.pinger.is_some() {
            about.learn_pings(&self.watch, Route::Sse);
        }
    }

    /// The fault of an edge that does not answer.
    pub(super) fn dead(&self, intake: &Intake) -> Fault {
        let fault = Fault::new(intake.phase(), Cause::EdgeDead);
        match &self.lost {
            Some(why) => fault.because(&format!("nor does a second connection stand: {why}")),
            None => fault,
        }
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
        intake: &Intake,
    ) -> Result<T, Ended> {
        let mut work = std::pin::pin!(work);
        loop {
            let wake = limit.at().min(self.next(limit));
            tokio::select! {
                biased;
                out = &mut work => return Ok(out),
                answered = answer(&mut self.ping) => {
                    self.ping = None;
                    if answered.is_ok() {
                        self.watch.ponged(self.clock.now());
                        self.heard = self.traffic.last_received();
                    }
                }
                probed = probed(&mut self.probe) => {
                    if probed.is_err() && let Some(out) = unread::read(work.as_mut(), &self.traffic).await {
                        return Ok(out);
                    }
                    self.settle(probed, limit, intake).await?;
                }
                () = tokio::time::sleep_until(wake) => {
                    if let Some(out) = unread::read(work.as_mut(), &self.traffic).await {
                        return Ok(out);
                    }
                    if self.clock.now() >= limit.at() {
                        return Err(Ended::Limit);
                    }
                    self.tend(limit)?;
                }
            }
        }
    }

    /// When to look again, if there is anything that can be asked.
    fn next(&self, limit: &Deadline) -> Instant {
        match (&self.pinger, &self.probe) {
            (Some(_), _) => self.watch.next(),
            (None, Some(probe)) => probe
                .due(self.traffic.last_received(), limit)
                .unwrap_or(limit.at()),
            (None, None) => limit.at(),
        }
    }

    /// What the second connection says about the first.
    async fn settle(
        &mut self,
        probed: Result<Duration, NetError>,
        limit: &Deadline,
        intake: &Intake,
    ) -> Result<(), Ended> {
        let heard = self.traffic.last_received();
        let outdated = self
            .probe
            .as_ref()
            .is_none_or(|probe| probe.is_outdated(heard));
        match probed {
            _ if outdated => Ok(()),
            Ok(took) => {
                intake
                    .trace(|attempt| Trace::Probed { attempt, took })
                    .await;
                Ok(())
            }
            // Its time was cut short by the limit: it proves nothing.
            Err(_) if self.clock.now() >= limit.at() => Err(Ended::Limit),
            Err(error) => {
                self.lost = Some(error.to_string());
                Err(Ended::Dead)
            }
        }
    }

    fn tend(&mut self, limit: &Deadline) -> Result<(), Ended> {
        if self.pinger.is_none() {
            if let Some(probe) = &mut self.probe {
                probe.tend(self.traffic.last_received(), limit);
            }
            return Ok(());
        }
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
                if let Some(pinger) = &self.pinger {
                    pinger.doubt();
                }
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

/// The answer of the second connection; never, if there is none.
async fn probed(probe: &mut Option<SideProbe>) -> Result<Duration, NetError> {
    match probe {
        Some(probe) => probe.answer().await,
        None => std::future::pending().await,
    }
}
