//! Runs a client and notes when it said what.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::now;

/// Kept of one stream; a client that says more has said it.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How often the child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// How long its pipes may stay open after it has ended: a grandchild may hold them.
const PIPES_LIMIT: Duration = Duration::from_secs(1);

/// A line, and when it was complete.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Duration,
    pub(super) stream: Stream,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// What a client did.
#[derive(Debug)]
pub(super) struct Watched {
    /// In the order in which they came.
    pub(super) lines: Vec<Line>,
    /// When it ended; none if it was stopped at the cap.
    pub(super) ended: Option<Duration>,
    pub(super) exit: Option<i32>,
}

/// Runs the client until it ends, at most as long as `cap`.
pub(super) fn watch(command: &mut Command, cap: Duration) -> Result<Watched> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let (sender, lines) = channel();
    listen(child.stdout.take(), Stream::Out, started, sender.clone());
    listen(child.stderr.take(), Stream::Err, started, sender);
    let ended = wait(&mut child, started, cap);
    if !matches!(ended, Ok(Some(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
    let ended = ended?;
    Ok(Watched {
        lines: all(&lines),
        ended: ended.map(|(at, _)| at),
        exit: ended.and_then(|(_, status)| status.code()),
    })
}

fn wait(
    child: &mut Child,
    started: Instant,
    cap: Duration,
) -> Result<Option<(Duration, ExitStatus)>> {
    while started.elapsed() < cap {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((started.elapsed(), status)));
        }
        std::thread::sleep(POLL);
    }
    Ok(None)
}

/// Reads a stream by a thread of its own, until it ends.
fn listen(
    stream: Option<impl Read + Send + 'static>,
    name: Stream,
    started: Instant,
    lines: Sender<Line>,
) {
    let Some(stream) = stream else { return };
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut room = LARGEST;
        let mut bytes = Vec::new();
        while let Ok(read @ 1..) = stream
            .by_ref()
            .take(room.max(1))
            .read_until(b'\n', &mut bytes)
        {
            room = room.saturating_sub(read as u64);
            let line = Line {
                at: started.elapsed(),
                stream: name,
                text: String::from_utf8_lossy(&bytes).trim_end().to_owned(),
            };
            bytes.clear();
            // Beyond the bound it is still read, so that the client does not hang in a full pipe.
            if room > 0 && lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// The lines in the order of their times.
fn all(lines: &Receiver<Line>) -> Vec<Line> {
    let mut all = Vec::new();
    while let Ok(line) = lines.recv_timeout(PIPES_LIMIT) {
        all.push(line);
    }
    all.sort_by_key(|line| line.at);
    all
}

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
    fn lines_and_the_exit_code_are_kept() {
        let watched = watch(
            &mut shell("echo one; echo two >&2; exit 3"),
            Duration::from_secs(60),
        )
        .unwrap();
        let mut lines: Vec<_> = watched
            .lines
            .iter()
            .map(|line| (line.text.as_str(), line.stream))
            .collect();
        lines.sort_by_key(|(text, _)| *text);
        assert_eq!(lines, [("one", Stream::Out), ("two", Stream::Err)]);
        assert_eq!(watched.exit, Some(3));
        assert!(watched.ended.is_some());
    }

    #[test]
    fn a_client_that_does_not_end_is_stopped_at_the_cap() {
        let watched = watch(
            &mut shell("echo before; exec sleep 60"),
            Duration::from_millis(200),
        )
        .unwrap();
        assert_eq!((watched.ended, watched.exit), (None, None));
        assert_eq!(watched.lines.len(), 1);
    }
}
