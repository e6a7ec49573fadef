//! A server as a child: known by the address it prints, ended when dropped.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::output::Output;
use super::{PIPES_LIMIT, POLL, now, tail};

/// What every server of ours and of the peers prints when it is ready, before its address.
pub(crate) const READY: &str = "listening on ";

/// A large one of Python takes 14 s on a busy machine, and its first start, which compiles it, more than a minute.
const READY_LIMIT: Duration = Duration::from_secs(180);
const END_LIMIT: Duration = Duration::from_secs(3);

/// A server that is ready.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: Output,
    stderr: Output,
    url: String,
}

impl Server {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            // Held open as long as we live: the peers end when it closes.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start the server {program}"))?;
        let (stdout, stderr) = (
            Output::of(child.stdout.take()),
            Output::of(child.stderr.take()),
        );
        let mut server = Self {
            child,
            stdout,
            stderr,
            url: String::new(),
        };
        server.url = server
            .await_address()
            .with_context(|| format!("the server {program}"))?;
        Ok(server)
    }

    /// The base URL it printed, such as `http://127.0.0.1:4711/v1`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The lines it has printed after its address.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.stdout
            .so_far()
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect()
    }

    /// The last lines of what it wrote.
    pub(crate) fn said(&self) -> String {
        format!(
            "{}{}",
            tail("server", &self.stdout.so_far()),
            tail("server", &self.stderr.so_far())
        )
    }

    /// Asks it to end, and does not wait for that.
    pub(crate) fn ask_to_end(&self) {
        terminate(&self.child);
    }

    /// Ends it and returns all lines it printed after its address.
    pub(crate) fn end(mut self) -> Vec<String> {
        self.stop();
        let _ = self.stdout.end(PIPES_LIMIT);
        self.lines()
    }

    fn await_address(&mut self) -> Result<String> {
        let started = now();
        while started.elapsed() < READY_LIMIT {
            let said = self.stdout.so_far();
            if let Some((line, _)) = said.split_once('\n') {
                let url = line.strip_prefix(READY).map(|url| url.trim().to_owned());
                return url.with_context(|| {
                    format!("should print `{READY}URL` first, but printed `{line}`")
                });
            }
            if let Some(status) = self.child.try_wait()? {
                let _ = self.stderr.end(PIPES_LIMIT);
                bail!("ended before it was ready ({status}):\n{}", self.said());
            }
            std::thread::sleep(POLL);
        }
        bail!("was not ready within {READY_LIMIT:?}:\n{}", self.said());
    }

    /// Asks it to end, and insists when it does not.
    fn stop(&mut self) {
        drop(self.child.stdin.take());
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        terminate(&self.child);
        let asked = now();
        while asked.elapsed() < END_LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    // The child has not been waited for since it was seen alive: its number is still its own.
    if let Ok(id) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
}

#[cfg(not(unix))]
fn terminate(_child: &Child) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_server_is_known_by_its_address_and_ends_when_its_input_does() {
        let server = Server::start(&mut shell(
            // In one write: whoever knows the address may end it at once.
            "printf 'listening on http://here/v1\\nseen\\n'; read line",
        ))
        .unwrap();
        assert_eq!(server.url(), "http://here/v1");
        assert_eq!(server.end(), ["seen"]);
    }

    #[test]
    fn a_server_that_ends_at_once_is_quoted() {
        let error = Server::start(&mut shell("echo no port left >&2; exit 3")).unwrap_err();
        assert!(format!("{error:#}").contains("no port left"));
    }
}
