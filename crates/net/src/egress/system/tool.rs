//! Runs one of the system's own tools for what it prints, for a bounded time.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The tools answer in milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than any proxy settings.
const LONGEST: u64 = 64 * 1024;

/// What the tool printed; `None` if it could not be run or took too long.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let (done, printed) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(LONGEST).read_to_end(&mut text);
        let _ = done.send(read.map(|_| text));
    });
    let printed = printed.recv_timeout(PATIENCE).ok().and_then(Result::ok);
    // Ends the reader too; a tool that has finished does not mind.
    let _ = child.kill();
    let _ = child.wait();
    Some(String::from_utf8_lossy(&printed?).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_prints_is_returned() {
        assert_eq!(output("/bin/echo", &["a", "b"]).as_deref(), Some("a b\n"));
        assert_eq!(output("/no/such/tool", &[]), None);
    }
}
