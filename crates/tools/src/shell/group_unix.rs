//! A command and what it starts, as one process group that cannot outlive its owner.
//!
//! The group's number is the shell's process id, and the system may give that number away again
//! once the shell has been waited for. So its exit is *observed* first (`waitid` with `WNOWAIT`),
//! and it is waited for only after the group has been killed: the signal cannot hit a stranger.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

use super::Prepared;

/// A command's input, if it has one, and its output.
pub(super) struct Pipes {
    pub(super) input: Option<ChildStdin>,
    pub(super) output: Vec<pipe::Receiver>,
}

/// A running command.
pub(super) struct Group {
    child: Child,
    leader: Leader,
    child_signals: Signals,
}

/// The process that a group has its number from, for as long as the number is its own. Clones know
/// when it has been waited for.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    id: Pid,
    is_reaped: Arc<Mutex<bool>>,
}

impl Leader {
    /// Kills everything in the group.
    pub(super) fn kill(&self) {
        let is_reaped = self.is_reaped();
        if !*is_reaped && kill_process_group(self.id, Signal::KILL).is_err() {
            // There is no such group before its leader makes one. It fails only if nothing is left.
            let _ = kill_process(self.id, Signal::KILL);
        }
    }

    fn is_reaped(&self) -> MutexGuard<'_, bool> {
        self.is_reaped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group {
    /// Starts the command without input.
    pub(super) fn start(command: Prepared) -> io::Result<(Self, Pipes)> {
        Self::start_with(command, Stdio::null())
    }

    /// Starts the command with an input to write to.
    pub(super) fn start_with_input(command: Prepared) -> io::Result<(Self, Pipes)> {
        Self::start_with(command, Stdio::piped())
    }

    /// Both of its outputs go into one pipe, so their order is the true one.
    fn start_with(prepared: Prepared, input: Stdio) -> io::Result<(Self, Pipes)> {
        let Prepared { mut command, leads } = prepared;
        if !leads {
            command.process_group(0);
        }
        // Before the start, so that no exit is missed.
        let child_signals = signal(SignalKind::child())?;
        let (reader, writer) = io::pipe()?;
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let mut child = command
            .stdin(input)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .kill_on_drop(true)
            .spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let leader = leader.ok_or(io::ErrorKind::NotFound)?;
        let pipes = Pipes {
            input: child.stdin.take(),
            output: vec![reader],
        };
        let group = Self {
            child,
            leader: Leader {
                id: leader,
                is_reaped: Arc::default(),
            },
            child_signals,
        };
        // Here the command is dropped, and with it our copies of the pipe's writing end.
        Ok((group, pipes))
    }

    /// The number by which the system knows the shell.
    pub(super) fn id(&self) -> u32 {
        self.leader.id.as_raw_nonzero().get().cast_unsigned()
    }

    /// For somebody else who may have to kill it.
    pub(super) fn leader(&self) -> Leader {
        self.leader.clone()
    }

    /// Waits until the shell has exited, and leaves it as it is. Can be dropped and called again.
    pub(super) async fn leader_exited(&mut self) -> io::Result<()> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        loop {
            match waitid(WaitId::Pid(self.leader.id), options) {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => {}
                Err(error) => {
                    // Somebody else waited for it, so its number is not ours any more.
                    *self.leader.is_reaped() = true;
                    return Err(error.into());
                }
            }
            if self.child_signals.recv().await.is_none() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    }

    /// Kills everything in the group.
    pub(super) fn kill(&self) {
        self.leader.kill();
    }

    /// How the shell ended. To be called after [`Self::leader_exited`] and [`Self::kill`].
    pub(super) async fn reap(&mut self) -> io::Result<ExitStatus> {
        *self.leader.is_reaped() = true;
        self.child.wait().await
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
