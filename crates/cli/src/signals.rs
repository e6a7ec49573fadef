//! Being asked to stop: by Ctrl-C, by the system, by a terminal that closes.
//!
//! A thread of its own listens, because the main one may be stuck in a write to a pipe that nobody
//! reads. It tells the command first, so that children are ended and half a line is finished; if the
//! command cannot hear, it ends the process.

use std::time::Duration;

use tokio::sync::watch;

use crate::failure::Failure;

/// How long a command has to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// Where commands hear that they should stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    stop: watch::Receiver<Option<Stop>>,
    hang_ups: watch::Receiver<u64>,
}

/// What a signal means to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It ends soon.
    Command,
    /// It serves others: it ends when they have been served, for which it has limits of its own, and
    /// a terminal that closes is a request to read the configuration again (daemon(7)).
    Server,
}

/// What asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Interrupt,
    Terminate,
    HangUp,
}

impl Stop {
    /// 128 and the signal's number, as shells count it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

impl Signals {
    /// Starts listening; what comes after this call is heard, however late the thread begins.
    pub(crate) fn listen(manner: Manner) -> Result<Self, Failure> {
        let (stopping, stop) = watch::channel(None);
        let (hanging_up, hang_ups) = watch::channel(0);
        let runtime = crate::setup::runtime()?;
        let ears = runtime.block_on(async { Ears::open() });
        let mut ears = ears.map_err(Failure::failed)?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(tell(&mut ears, manner, &stopping, &hanging_up)))
            .map_err(Failure::failed)?;
        Ok(Self { stop, hang_ups })
    }

    /// Runs `work`, unless something asks to stop before it ends.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            outcome = work => outcome,
            stop = self.stop() => Err(Failure::Stopped(stop)),
        }
    }

    /// Where a server hears that its configuration shall be read again.
    pub(crate) fn hang_ups(&self) -> watch::Receiver<u64> {
        self.hang_ups.clone()
    }

    /// Waits until something asks to stop.
    pub(crate) async fn stop(&self) -> Stop {
        let mut receiver = self.stop.clone();
        match receiver.wait_for(Option::is_some).await {
            Ok(stop) => stop.unwrap_or(Stop::Interrupt),
            // The listener is gone: nothing will ever be heard.
            Err(_closed) => std::future::pending().await,
        }
    }
}

async fn tell(
    ears: &mut Ears,
    manner: Manner,
    stopping: &watch::Sender<Option<Stop>>,
    hanging_up: &watch::Sender<u64>,
) {
    let stop = loop {
        match ears.next().await {
            Stop::HangUp if manner == Manner::Server => hanging_up.send_modify(|count| *count += 1),
            stop => break stop,
        }
    };
    stopping.send_replace(Some(stop));
    let patience = async {
        match manner {
            Manner::Command => tokio::time::sleep(GRACE).await,
            Manner::Server => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = ears.next() => {}
        () = patience => {}
    }
    exit(stop);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the main thread is stuck and cannot return"
)]
fn exit(stop: Stop) -> ! {
    crate::chat::give_terminal_back();
    std::process::exit(i32::from(stop.exit_code()))
}

/// The system's streams of signals.
#[cfg(unix)]
struct Ears {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ears {
    fn open() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.hang_up.recv() => Stop::HangUp,
        }
    }
}

#[cfg(windows)]
struct Ears(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Ears {
    fn open() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Stop {
        self.0.recv().await;
        Stop::Interrupt
    }
}
