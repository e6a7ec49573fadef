//! Opens a page in whatever browser this machine uses.

use std::process::Stdio;

use alipes_base::Environment;
use tokio::process::{Child, Command};

/// What opens a page, by platform.
const OPENER: &[&str] = if cfg!(target_os = "macos") {
    &["open"]
} else if cfg!(windows) {
    // `start` would take the page's ampersands for its own.
    &["rundll32", "url.dll,FileProtocolHandler"]
} else {
    &["xdg-open"]
};

/// Starts the browser that `BROWSER` names, or the platform's; `None` if neither starts.
pub(super) fn open(url: &str, environment: &Environment) -> Option<Child> {
    let named = environment.text("BROWSER").map(|command| {
        let words = command.split_whitespace();
        words.collect::<Vec<_>>()
    });
    named
        .as_deref()
        .and_then(|words| start(words, url, environment))
        .or_else(|| start(OPENER, url, environment))
}

fn start(words: &[&str], url: &str, environment: &Environment) -> Option<Child> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    // Ctrl-C ends the waiting and not the browser.
    #[cfg(unix)]
    command.process_group(0);
    command
        .args(arguments)
        .arg(url)
        .env_clear()
        .envs(environment.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}
