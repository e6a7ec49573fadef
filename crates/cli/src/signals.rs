//! Being asked to stop: by Ctrl-C, by the system, by a terminal that closes.
//!
//! A thread of its own listens, because the main one may be stuck in a write to a pipe that nobody
//! reads. It tells the command first, so that children are ended and half a line is finished; if the
//! command cannot hear, it ends the process.

use std::time::Duration;

use tokio::sync::watch;

use crate::failure::Failure;

/// How long a command has to end by itself.
const GRACE: Duration = Duration::from_millis(1_500);

/// Where commands hear that they should stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<Option<Stop>>);

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
    /// Starts listening.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (sender, receiver) = watch::channel(None);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                // Without a runtime nothing can be heard; signals keep their default effect then.
                if let Ok(runtime) = crate::setup::runtime() {
                    runtime.block_on(tell(&sender));
                }
            })
            .map_err(Failure::failed)?;
        Ok(Self(receiver))
    }

    /// Waits until something asks to stop.
    pub(crate) async fn stop(&self) -> Stop {
        let mut receiver = self.0.clone();
        match receiver.wait_for(Option::is_some).await {
            Ok(stop) => stop.unwrap_or(Stop::Interrupt),
            // The listener is gone: nothing will ever be heard.
            Err(_closed) => std::future::pending().await,
        }
    }
}

async fn tell(sender: &watch::Sender<Option<Stop>>) {
    let Ok(stop) = signal().await else { return };
    sender.send_replace(Some(stop));
    tokio::select! {
        _ = signal() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
    exit(stop);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the main thread is stuck and cannot return"
)]
fn exit(stop: Stop) -> ! {
    std::process::exit(i32::from(stop.exit_code()))
}

#[cfg(unix)]
async fn signal() -> std::io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Stop::Interrupt,
        _ = terminate.recv() => Stop::Terminate,
        _ = hang_up.recv() => Stop::HangUp,
    })
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<Stop> {
    tokio::signal::ctrl_c().await?;
    Ok(Stop::Interrupt)
}
