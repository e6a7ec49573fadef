//! The terminal while the chat has it: every key at once, pastes told apart from typing. Whatever
//! happens, it is given back as it was.

use std::io::{self, IsTerminal as _, Write as _};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use alipes_base::Environment;
use crossterm::event::Event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use tokio::sync::{Notify, mpsc};

/// How many keys may wait. A thread that finds no place waits, and so does the terminal.
const QUEUE: usize = 1_024;

/// Bracketed paste (xterm).
const BEGIN: &str = "\x1b[?2004h";
const END: &str = "\x1b[?2004l\x1b[?25h";

/// Whether the chat has the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A panic has spoken on the terminal, which was given back for that.
static SPOKEN: Notify = Notify::const_new();

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

/// Gives it back, whoever has it: nobody will any more.
pub(super) fn give_back_if_taken() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        give_back("\r\n");
    }
}

fn give_back(last: &str) {
    let _ = write!(io::stdout(), "{last}{END}");
    let _ = io::stdout().flush();
    let _ = disable_raw_mode();
}

/// What a panic says is readable only on a terminal that has been given back, on a row of its own. Whether
/// the chat outlives it shows afterwards: the panic of a task is caught by whoever owns the task.
fn give_back_before_a_panic_speaks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let speak = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let was_taken = TAKEN.swap(false, Ordering::SeqCst);
            if was_taken {
                give_back("\r\n");
            }
            speak(panicked);
            if was_taken {
                SPOKEN.notify_one();
            }
        }));
    });
}

/// Waits until a panic has spoken that the chat outlives: the terminal is to be taken anew.
pub(super) async fn lost() {
    SPOKEN.notified().await;
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

    #[test]
    #[ignore = "it panics: the test below runs it, in a terminal of its own"]
    fn panics_in_the_chat() {
        let _modes = Modes::take().unwrap();
        panic!("on purpose");
    }

    /// What another test here writes, alone in a terminal.
    fn ran(test: &str) -> io::Result<String> {
        let this = std::env::current_exe()?;
        let name = format!("chat::modes::tests::{test}");
        let command = format!("{} --ignored --exact {name} --nocapture", this.display());
        let ran = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .output()?;
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    #[test]
    fn a_panic_speaks_on_a_terminal_that_was_given_back() {
        let said = ran("panics_in_the_chat").unwrap();
        let begun = said.find(BEGIN).unwrap();
        let given_back = said[begun..].find(END).unwrap();
        let spoken = said[begun..].find("on purpose").unwrap();
        assert!(given_back < spoken, "{said:?}");
        // A terminal that is still raw would not go back to the first column.
        assert!(said.contains("on purpose\r\n"), "{said:?}");
    }

    #[test]
    #[ignore = "a task of it panics: the test below runs it, in a terminal of its own"]
    fn a_task_panics_and_the_chat_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let _modes = Modes::take().unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            tasks.spawn(async { panic!("on purpose") });
            assert!(tasks.join_next().await.unwrap().unwrap_err().is_panic());
            lost().await;
            let _modes = Modes::take().unwrap();
            assert!(crossterm::terminal::is_raw_mode_enabled().unwrap());
            write!(io::stdout(), "taken anew").unwrap();
        });
    }

    #[test]
    fn the_panic_of_a_task_leaves_the_chat_its_terminal() {
        let said = ran("a_task_panics_and_the_chat_does_not").unwrap();
        let spoken = said.find("on purpose").unwrap();
        assert!(said[..spoken].contains(END), "{said:?}");
        let anew = said[spoken..].find(BEGIN).unwrap();
        assert!(said[spoken..][anew..].contains("taken anew"), "{said:?}");
    }
}
