//! A command where there are no process groups: the shell itself ends with its owner, what it
//! started may live on.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncRead;
use tokio::process::{Child, ChildStdin};

use super::Prepared;

/// A running command.
pub(super) struct Group {
    child: Child,
}

/// A command's input, if it has one, and its outputs.
pub(super) struct Pipes {
    pub(super) input: Option<ChildStdin>,
    pub(super) output: Vec<Pipe>,
}

type Pipe = Box<dyn AsyncRead + Send + Unpin>;

/// Here only the owner of a command can kill it, and does when it is dropped.
#[derive(Clone, Debug)]
pub(super) struct Leader;

impl Leader {
    #[expect(clippy::unused_self, reason = "one interface on all platforms")]
    pub(super) fn kill(&self) {}
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

    /// Its two outputs are read side by side.
    fn start_with(prepared: Prepared, input: Stdio) -> io::Result<(Self, Pipes)> {
        let mut command = prepared.command;
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut output: Vec<Pipe> = Vec::new();
        output.extend(child.stdout.take().map(|pipe| Box::new(pipe) as Pipe));
        output.extend(child.stderr.take().map(|pipe| Box::new(pipe) as Pipe));
        let pipes = Pipes {
            input: child.stdin.take(),
            output,
        };
        Ok((Self { child }, pipes))
    }

    /// The number by which the system knows the shell.
    pub(super) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// For somebody else who may have to kill it.
    #[expect(clippy::unused_self, reason = "one interface on all platforms")]
    pub(super) fn leader(&self) -> Leader {
        Leader
    }

    /// Waits until the shell has exited. Can be dropped and called again.
    pub(super) async fn leader_exited(&mut self) -> io::Result<()> {
        self.child.wait().await.map(drop)
    }

    /// Kills the shell.
    pub(super) fn kill(&mut self) {
        // It fails only if nothing is left to kill.
        let _ = self.child.start_kill();
    }

    /// How the shell ended.
    pub(super) async fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}
