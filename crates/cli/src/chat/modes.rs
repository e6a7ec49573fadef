//! The terminal while the chat has it: every key at once, pastes told apart from typing. Whatever
//! happens, it is given back as it was.

use std::io::{self, IsTerminal as _, Write as _};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use alipes_base::Environment;
use crossterm::event::Event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use tokio::sync::mpsc;

/// How many keys may wait. A thread that finds no place waits, and so does the terminal.
const QUEUE: usize = 1_024;

/// Bracketed paste (xterm).
const BEGIN: &str = "\x1b[?2004h";
const END: &str = "\x1b[?2004l\x1b[?25h";

/// Whether the chat has the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A terminal in the chat's hands, until this is dropped.
pub(super) struct Modes;

impl Modes {
    pub(super) fn take() -> io::Result<Self> {
        give_back_before_a_panic_speaks();
        enable_raw_mode()?;
        let modes = Self;
        TAKEN.store(true, Ordering::SeqCst);
        write!(io::stdout(), "{BEGIN}")?;
        io::stdout().flush()?;
        Ok(modes)
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::SeqCst);
        give_back("");
    }
}

fn give_back(last: &str) {
    let _ = write!(io::stdout(), "{last}{END}");
    let _ = io::stdout().flush();
    let _ = disable_raw_mode();
}

/// What a panic says is readable only on a terminal that has been given back, on a row of its own. The
/// chat outlives the panic of a task: then it takes the terminal again.
fn give_back_before_a_panic_speaks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let chat = thread::current().id();
        let speak = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let is_taken = TAKEN.load(Ordering::SeqCst);
            if is_taken {
                give_back("\r\n");
            }
            speak(panicked);
            if is_taken && thread::current().id() != chat && enable_raw_mode().is_ok() {
                let _ = write!(io::stdout(), "{BEGIN}");
                let _ = io::stdout().flush();
            }
        }));
    });
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// Run by the test below, in a terminal of its own.
    #[test]
    #[ignore = "it panics"]
    fn panics_in_the_chat() {
        let _modes = Modes::take().unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_speaks_on_a_terminal_that_was_given_back() {
        let this = std::env::current_exe().unwrap();
        let name = "chat::modes::tests::panics_in_the_chat";
        let command = format!("{} --ignored --exact {name} --nocapture", this.display());
        let ran = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .output();
        let said = String::from_utf8(ran.unwrap().stdout).unwrap();
        let begun = said.find(BEGIN).unwrap();
        let given_back = said[begun..].find(END).unwrap();
        let spoken = said[begun..].find("on purpose").unwrap();
        assert!(given_back < spoken, "{said:?}");
        // A terminal that is still raw would not go back to the first column.
        assert!(said.contains("on purpose\r\n"), "{said:?}");
    }
}
