//! Other programs, started with a limit and ended by whoever started them.
//!
//! Their output is read by threads of its own and kept up to a bound, so that a program which talks without end
//! fills neither a pipe nor our memory.

mod output;
mod server;

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::output::Output;
pub(crate) use self::server::{READY, Server};

/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// A grandchild may hold the pipes open after the child has ended; nobody waits longer for it.
const PIPES_LIMIT: Duration = Duration::from_secs(1);

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Itself if the program ended well, else an error with the end of what it said.
    pub(crate) fn succeeded(self, what: &str) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        bail!("{what} failed ({}):\n{}", self.status, self.said());
    }

    /// The last lines of what it wrote.
    pub(crate) fn said(&self) -> String {
        format!(
            "{}{}",
            tail("stdout", &self.stdout),
            tail("stderr", &self.stderr)
        )
    }
}

/// Runs a program to its end. At the limit it is killed, and that is an error.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Finished> {
    run_fed(command, Stdio::null(), limit)
}

/// The same, with something on its standard input.
pub(crate) fn run_fed(command: &mut Command, input: Stdio, limit: Duration) -> Result<Finished> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = now();
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let stdout = Output::of(child.stdout.take());
    let stderr = Output::of(child.stderr.take());
    let ended = wait(&mut child, started, limit);
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let (stdout, stderr) = (stdout.end(PIPES_LIMIT), stderr.end(PIPES_LIMIT));
    match ended {
        Ok(status) => Ok(Finished {
            status,
            stdout,
            stderr,
        }),
        Err(error) => Err(error.context(format!(
            "{program} did not end well:\n{}{}",
            tail("stdout", &stdout),
            tail("stderr", &stderr)
        ))),
    }
}

fn wait(child: &mut Child, started: Instant, limit: Duration) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > limit {
            bail!("killed at its limit of {limit:?}");
        }
        std::thread::sleep(POLL);
    }
}

/// The last lines of a log, each marked with where it came from.
fn tail(name: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(15);
    lines
        .iter()
        .skip(first)
        .map(|line| {
            format!(
                "      {name}: {}\n",
                line.chars().take(400).collect::<String>()
            )
        })
        .collect()
}

/// The monotonic time.
#[expect(
    clippy::disallowed_methods,
    reason = "a developer's tool measures real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Takes the proxies of this machine away: what is tried here never leaves loopback.
pub(crate) fn without_proxy(command: &mut Command) -> &mut Command {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_program_that_does_not_end_is_killed_at_its_limit_and_its_words_are_kept() {
        let mut sleeper = Command::new("sh");
        sleeper.args(["-c", "echo before; exec sleep 60"]);
        let error = run(&mut sleeper, Duration::from_millis(200)).unwrap_err();
        let said = format!("{error:#}");
        assert!(said.contains("its limit"), "{said}");
        assert!(said.contains("stdout: before"), "{said}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(
            &mut Command::new("alipes-no-such-program"),
            Duration::from_secs(1),
        )
        .unwrap_err();
        assert!(error.to_string().contains("alipes-no-such-program"));
    }
}
