//! The terminal while the chat has it: every key at once, pastes told apart from typing. Whatever
//! happens, it is given back as it was.

use std::io::{self, IsTerminal as _, Write as _};

use alipes_base::Environment;
use crossterm::event::Event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use tokio::sync::mpsc;

/// How many keys may wait. A thread that finds no place waits, and so does the terminal.
const QUEUE: usize = 1_024;

/// Bracketed paste (xterm).
const BEGIN: &str = "\x1b[?2004h";
const END: &str = "\x1b[?2004l\x1b[?25h";

/// A terminal in the chat's hands, until this is dropped.
pub(super) struct Modes;

impl Modes {
    pub(super) fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let modes = Self;
        write!(io::stdout(), "{BEGIN}")?;
        io::stdout().flush()?;
        Ok(modes)
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        let _ = write!(io::stdout(), "{END}");
        let _ = io::stdout().flush();
        let _ = disable_raw_mode();
    }
}

/// Whether there is a terminal that can be drawn on, both ways.
pub(super) fn is_able(environment: &Environment) -> bool {
    let both = io::stdin().is_terminal() && io::stdout().is_terminal();
    both && environment.text("TERM") != Some("dumb")
}

/// Whether this terminal wraps anew what is wider than it has become. Nearly all do; these cut it off.
pub(super) fn reflows(environment: &Environment) -> bool {
    let plain = matches!(environment.text("TERM"), Some("linux" | "vt100" | "vt220"));
    let screen = environment.text("STY").is_some();
    !(plain || screen || environment.text("XTERM_VERSION").is_some())
}

/// What is typed, read by a thread of its own: it sleeps until there is something, and a read cannot
/// be taken back.
pub(super) fn keys() -> io::Result<mpsc::Receiver<Event>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let read = move || {
        while let Ok(event) = crossterm::event::read() {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(read)?;
    Ok(receiver)
}

/// Gives the terminal to the shell, as Ctrl-Z does, until somebody brings the chat back.
#[cfg(unix)]
pub(super) fn suspend() -> io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    Ok(kill_process(getpid(), Signal::TSTP)?)
}

#[cfg(not(unix))]
pub(super) fn suspend() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
