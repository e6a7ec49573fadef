//! A command where there are no process groups: the shell itself ends with its owner, what it
//! started may live on.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncRead;
use tokio::process::{Child, Command};

/// A running command.
pub(super) struct Group {
    child: Child,
}

type Pipe = Box<dyn AsyncRead + Send + Unpin>;

impl Group {
    /// Starts the command. Its two outputs are read side by side.
    pub(super) fn start(mut command: Command) -> io::Result<(Self, Vec<Pipe>)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut pipes: Vec<Pipe> = Vec::new();
        pipes.extend(child.stdout.take().map(|pipe| Box::new(pipe) as Pipe));
        pipes.extend(child.stderr.take().map(|pipe| Box::new(pipe) as Pipe));
        Ok((Self { child }, pipes))
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
