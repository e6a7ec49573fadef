//! The simulator's issuer of sign-ins, in this process: it answers the model only to tokens that it has issued, and
//! tells what it was asked.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use alipes_base::{Clock, Rng};
use alipes_simulator::{Keys, Options, Scenario, Seen, Simulator};
use anyhow::{Context, Result, bail};
use tokio::sync::oneshot;

/// A running issuer. Ended when dropped.
#[derive(Debug)]
pub(super) struct Issuer {
    simulator: Arc<Simulator>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Issuer {
    /// Starts it, with what shall go wrong.
    pub(super) fn start(faults: &[&str]) -> Result<Self> {
        let mut options = Options::local(Clock::system(), Rng::from_entropy());
        options.scenario = Scenario::from_flags(faults)?;
        options.keys = Keys::Issued;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let (ready, when_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let _ = ready.send(Simulator::start(options).await.map(Arc::new));
                let _ = stopped.await;
            });
        });
        let started = when_ready.recv().context("the issuer broke")?;
        Ok(Self {
            simulator: started?,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        self.simulator.issuer_url()
    }

    /// A request to this path that it has seen.
    pub(super) fn saw(&self, path: &str) -> Result<Seen> {
        let seen = self.simulator.seen();
        let found = seen.iter().find(|seen| seen.path.starts_with(path));
        match found {
            Some(found) => Ok(found.clone()),
            None => bail!(
                "the issuer was not asked for {path}, but for {:?}",
                seen.iter().map(|seen| &seen.path).collect::<Vec<_>>()
            ),
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
