//! The program as a child of ours: lines in, lines out, and nothing of it left behind.
//!
//! It forms a process group of its own, because what is in `PATH` is mostly a script that starts the
//! real one. The group is killed when this is dropped; should we be killed ourselves, it reads the end
//! of its input and goes (seen with Codex CLI 0.169: within 40 ms, in the middle of a turn too).

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::words::Words;

/// The longest line, in bytes. The longest that it sends are items with the output of a command.
pub(super) const LONGEST_LINE: usize = 8 << 20;

/// How long its last words may take after it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The running program.
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The beginning of a line.
    partial: Vec<u8>,
    errors: Option<ChildStderr>,
    words: Words,
}

/// No line can be read any more.
#[derive(Debug)]
pub(super) enum NoLine {
    /// The program has ended, or closed its output.
    Ended,
    /// The line is longer than [`LONGEST_LINE`].
    TooLong,
}

impl Process {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            input: child.stdin.take(),
            output: BufReader::new(output),
            partial: Vec::new(),
            errors: child.stderr.take(),
            words: Words::default(),
            child,
        })
    }

    /// Sends a line.
    pub(super) async fn send(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        line.push(b'\n');
        input.write_all(&line).await?;
        input.flush().await
    }

    /// Lets it know that nothing more will come.
    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// The next line, without its end. Cancel safe.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, NoLine> {
        let mut piece = [0; 1_024];
        loop {
            tokio::select! {
                biased;
                chunk = self.output.fill_buf() => {
                    let chunk = chunk.unwrap_or_default();
                    if chunk.is_empty() {
                        return Err(NoLine::Ended);
                    }
                    let end = chunk.iter().position(|byte| *byte == b'\n');
                    let taken = end.unwrap_or(chunk.len());
                    if self.partial.len() + taken > LONGEST_LINE {
                        return Err(NoLine::TooLong);
                    }
                    self.partial.extend_from_slice(&chunk[..taken]);
                    self.output.consume(taken + usize::from(end.is_some()));
                    if end.is_some() {
                        return Ok(std::mem::take(&mut self.partial));
                    }
                }
                said = read_some(&mut self.errors, &mut piece) => match said {
                    0 => self.errors = None,
                    length => self.words.add(&piece[..length]),
                },
            }
        }
    }

    /// Ends it if it has not ended, and tells what it said last.
    pub(super) async fn farewell(&mut self) -> Option<String> {
        // One that closed its output is about to end by itself, and may still say why.
        let _silent = timeout(LAST_WORDS, self.last_words()).await;
        kill_group(&mut self.child);
        let _ended = self.child.wait().await;
        self.words.last_line()
    }

    async fn last_words(&mut self) {
        let mut piece = [0; 1_024];
        loop {
            match read_some(&mut self.errors, &mut piece).await {
                0 => return,
                length => self.words.add(&piece[..length]),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

/// Reads what there is; zero at the end. Without a pipe it waits for ever.
async fn read_some(pipe: &mut Option<ChildStderr>, piece: &mut [u8]) -> usize {
    match pipe {
        // A pipe that breaks counts as closed.
        Some(pipe) => pipe.read(piece).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// Kills it and what it has started. Once it has been waited for, its number may be somebody else's,
/// and there is none to be had.
#[cfg(unix)]
fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    if let Some(leader) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // It fails only if nothing is left to kill.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Kills it; what it has started reads the end of its input.
#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    // It fails only if it has ended.
    let _ = child.start_kill();
}
