//! A chat in a terminal of its own: what is typed goes in, and what it writes comes out with the time.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::pty::{Winsize, openpty};

use crate::process::now;

/// How each frame begins (DEC private mode 2026).
const FRAME: &[u8] = b"\x1b[?2026h";

/// Whatever is waited for longer never comes.
const LIMIT: Duration = Duration::from_secs(60);

const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// What was written, and when it was read.
type Piece = (Instant, Vec<u8>);

/// A running chat, killed when dropped.
pub(super) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Piece>,
    begun: Instant,
}

impl Terminal {
    pub(super) fn open(command: &mut Command) -> Result<Self> {
        let pair = openpty(&SIZE, None)?;
        let (inside, outside) = (File::from(pair.slave), File::from(pair.master));
        command
            .env("TERM", "xterm-256color")
            .stdin(inside.try_clone()?)
            .stdout(inside)
            .stderr(Stdio::null());
        let begun = now();
        let child = command.spawn().context("the chat cannot be started")?;
        let (pieces, screen) = channel();
        let read = outside.try_clone()?;
        std::thread::spawn(move || pass_on(read, &pieces));
        Ok(Self {
            child,
            keyboard: outside,
            screen,
            begun,
        })
    }

    pub(super) fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.keyboard.write_all(text.as_bytes())?)
    }

    /// How long after the start it has written `text`.
    pub(super) fn until(&mut self, text: &str) -> Result<Duration> {
        let (mut written, by) = (Vec::new(), now() + LIMIT);
        loop {
            let (at, bytes) = self.next(by)?;
            written.extend(bytes);
            if String::from_utf8_lossy(&written).contains(text) {
                return Ok(at - self.begun);
            }
        }
    }

    /// What it writes until `by`.
    pub(super) fn frames_until(&mut self, by: Instant) -> Vec<Instant> {
        let mut frames = Vec::new();
        while let Ok((at, bytes)) = self.next(by) {
            let count = bytes.windows(FRAME.len()).filter(|part| *part == FRAME);
            frames.extend(count.map(|_frame| at));
        }
        frames
    }

    fn next(&mut self, by: Instant) -> Result<Piece> {
        let left = by.saturating_duration_since(now());
        match self.screen.recv_timeout(left) {
            Ok(piece) => Ok(piece),
            Err(_) => bail!("the chat writes nothing"),
        }
    }

    /// The time that the processor has spent on it, in ticks (proc(5), `stat`, fields 14 and 15).
    pub(super) fn ticks(&self) -> Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is a name in brackets, which may hold anything.
        let rest = stat.rsplit_once(") ").context("no stat")?.1;
        let fields = rest.split(' ').skip(11).take(2);
        let ticks = fields.map(|field| Ok(field.parse::<u64>()?));
        Ok(ticks.collect::<Result<Vec<u64>>>()?.into_iter().sum())
    }

    /// The most memory that it has held, in KiB (proc(5), `status`, `VmHWM`).
    pub(super) fn most_memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.context("no peak")?.trim().trim_end_matches(" kB");
        Ok(most.parse()?)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass_on(mut screen: File, pieces: &Sender<Piece>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = screen.read(&mut bytes) {
        let piece = bytes.get(..count).unwrap_or_default().to_vec();
        if pieces.send((now(), piece)).is_err() {
            return;
        }
    }
}
