//! The official client as a provider: an installed Codex CLI, driven over its app server.
//!
//! For people whose network or plan lets only the official client through. The program speaks to its
//! backend by itself, with its own sign-in, its own routes and its own retries; what we say to it are
//! lines of JSON-RPC over its standard input and output (codex-protocol §7.2). It has a loop of its own
//! with tools of its own, and that loop is nothing we can judge. Therefore:
//!
//! - it may read files and do nothing else: read-only sandbox, everything that it asks for is declined,
//!   its tool servers are off, and none of our tools is offered;
//! - one request is one turn of it, and after `turn/start` it is never asked the same again here;
//! - its answer comes up as events of the Responses dialect, its errors as [`Fault`]s.
//!
//! The way down, in the order of the files: `attempt` runs a request, over a program that `start` has
//! made ready and `held` lends out; `thread` says what it still has to be told, `turn` what it says,
//! `trouble` what goes wrong. `connection` is the line to it, and `process` the child.
//!
//! It fails by the transport's [`Fault`]; [`alipes_transport::Cause::ClientUnavailable`] if the program
//! is missing, too old or does not start.

mod attempt;
mod connection;
mod decline;
mod events;
mod held;
mod message;
mod process;
mod start;
mod thread;
mod trouble;
mod turn;
mod version;
mod words;

use alipes_base::Deadline;
use alipes_transport::{Cause, Fault, Phase, Reader, Replay, ResponseStream, Route, Updates};
use alipes_wire::ModelRequest;
use tokio::task::JoinSet;

use attempt::Attempt;
use held::{Held, Live};
pub(crate) use start::Setup;

/// One conversation with the program. One request at a time.
pub(crate) struct AppServer {
    setup: Setup,
    /// The program between two turns.
    idle: Option<Live>,
    /// Those that are on their way out.
    endings: JoinSet<()>,
}

impl AppServer {
    /// Starts nothing yet.
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            setup,
            idle: None,
            endings: JoinSet::new(),
        }
    }

    /// Asks it and reads its answer.
    pub(crate) fn stream(
        &mut self,
        request: ModelRequest,
        reader: Reader,
        deadline: Deadline,
    ) -> ResponseStream<'_> {
        let Self {
            setup,
            idle,
            endings,
        } = self;
        while endings.try_join_next().is_some() {}
        ResponseStream::new(reader, move |updates| async move {
            let held = Held::new(idle, endings, &setup.clock);
            let attempt = Attempt::new(setup, &request, deadline, updates);
            attempt.run(held).await
        })
    }

    /// What ends at once because the request cannot be said to it.
    pub(crate) fn refuse(&self, why: &str) -> ResponseStream<'_> {
        let mut fault = Fault::new(Phase::Send, Cause::InvalidRequest).because(why);
        fault.replay = Replay::Free;
        fault.endpoint = self.setup.provider.as_str().into();
        fault.route = Route::AppServer;
        let fault = fault.redacted(&self.setup.redactor);
        ResponseStream::new(Reader::Replaces, move |_updates| {
            std::future::ready(Err(fault))
        })
    }

    /// Starts it and lets it know the terms, so that the first answer comes sooner.
    ///
    /// # Errors
    /// The [`Fault`] that kept it from being ready.
    pub(crate) async fn prewarm(
        &mut self,
        request: ModelRequest,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        if self.idle.is_some() {
            return Ok(());
        }
        let held = Held::new(&mut self.idle, &mut self.endings, &self.setup.clock);
        let nobody = Updates::nobody();
        let attempt = Attempt::new(&self.setup, &request, deadline, nobody);
        attempt.prepare(held).await
    }
}

#[cfg(test)]
mod tests;
