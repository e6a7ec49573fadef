//! What somebody at a terminal types: a line, or a line that nobody should see.

use std::io::{self, BufRead as _, Read as _};

use alipes_base::Secret;
use tokio::sync::oneshot;

/// No answer to a question is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A line from the keyboard, read by a thread of its own: a read cannot be taken back.
pub(crate) async fn line() -> Option<String> {
    let (sender, receiver) = oneshot::channel();
    let read = move || {
        let mut line = String::new();
        let keyboard = io::stdin().lock();
        if keyboard.take(LONGEST).read_line(&mut line).is_ok() {
            let _ = sender.send(line);
        }
    };
    std::thread::Builder::new()
        .name("keyboard".to_owned())
        .spawn(read)
        .ok()?;
    receiver.await.ok()
}

/// Forgets what was typed before now: it was no answer to what is asked next.
pub(crate) fn forget_typed() {
    #[cfg(unix)]
    {
        use rustix::termios::{QueueSelector, tcflush};
        // What is no terminal has no keys to forget.
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }
}

/// What somebody has typed that is not shown.
pub(crate) enum Hidden {
    /// One line.
    Line(Secret),
    /// More than that, as from a paste; none of it is given out, or left for the shell to run.
    Lines,
    /// Nothing could be read.
    Nothing,
}

/// A line that is not shown while it is typed.
///
/// # Errors
/// What the terminal says; then nothing was read, because it would have been shown.
pub(crate) async fn hidden_line() -> io::Result<Hidden> {
    let quiet = Quiet::begin()?;
    let line = line().await;
    Ok(match line {
        None => Hidden::Nothing,
        Some(_) if quiet.holds_more() => Hidden::Lines,
        Some(line) => Hidden::Line(Secret::new(line)),
    })
}

/// A terminal that does not show what is typed, until this is dropped: also when its user leaves with
/// Ctrl-C, because that drops whoever waits for the line.
#[cfg(unix)]
struct Quiet(rustix::termios::Termios);

#[cfg(unix)]
impl Quiet {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown: the next one must not stand behind the question.
        quiet.local_modes.insert(LocalModes::ECHONL);
        // What was typed before the question was no answer to it.
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }

    /// Whether more was typed than the line that was read, also if it does not end in a line break:
    /// a terminal that waits for one does not count that.
    fn holds_more(&self) -> bool {
        use rustix::termios::{LocalModes, OptionalActions, tcsetattr};
        let mut counting = self.0.clone();
        counting
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON);
        let _counts_lines = tcsetattr(io::stdin(), OptionalActions::Now, &counting);
        rustix::io::ioctl_fionread(io::stdin()).is_ok_and(|waiting| waiting > 0)
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions::Now, tcsetattr};
        forget_typed();
        let _ = tcsetattr(io::stdin(), Now, &self.0);
    }
}

#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn begin() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn holds_more(&self) -> bool {
        false
    }
}
