//! A real terminal: the program runs in tmux, which keeps the screen and the scrollback, takes keys and
//! pastes, and wraps anew what a resize makes too wide.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::machine::LIMIT;

/// How often the screen is looked at while something is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Nothing of a person's own tmux; what has ended stays to be read.
const SETTINGS: &str = "set -g status off
set -g remain-on-exit on
set -g remain-on-exit-format ''
set -g history-limit 20000
set -g default-terminal screen-256color
set -s escape-time 0
";

/// A program in a terminal of its own, ended with the test.
pub(crate) struct Tmux {
    folder: tempfile::TempDir,
}

impl Tmux {
    pub(crate) fn run(command: &tokio::process::Command, columns: u16, rows: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings"), SETTINGS).unwrap();
        let tmux = Self { folder };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let raw = tmux.file("raw");
        // What is written is copied from the very beginning on: the program starts when that is set up.
        let line = format!(
            "while [ ! -e {} ]; do sleep 0.01; done; {}; echo $? > {}",
            raw.display(),
            shell_line(command.as_std(), &tmux.file("pid")),
            tmux.file("code").display()
        );
        let size = ["-x", &columns, "-y", &rows];
        tmux.tmux(&[&["new-session", "-d"], &size[..], &[&line]].concat());
        tmux.tmux(&["pipe-pane", &format!("cat > '{}'", raw.display())]);
        tmux
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new("tmux")
            .arg("-S")
            .arg(self.file("socket"))
            .arg("-f")
            .arg(self.file("settings"))
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("these tests need tmux (Debian: apt-get install tmux)");
        let told = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "tmux {arguments:?}: {told}");
        String::from_utf8(stdout).unwrap()
    }

    /// Types text as it stands.
    pub(crate) fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key by tmux's name for it.
    pub(crate) fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Types a line and sends it.
    pub(crate) fn says(&self, text: &str) {
        self.types(text);
        self.press("Enter");
    }

    /// Pastes text as a terminal does that was asked to tell pastes apart.
    pub(crate) fn pastes(&self, text: &str) {
        let file = self.file("paste");
        std::fs::write(&file, text).unwrap();
        self.tmux(&["load-buffer", file.to_str().unwrap()]);
        self.tmux(&["paste-buffer", "-p", "-r"]);
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).trim_end().to_owned()
    }

    /// The scrollback and the screen.
    pub(crate) fn everything(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"])
            .trim_end()
            .to_owned()
    }

    /// What the program has written, steering included.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.file("raw")).unwrap()).into_owned()
    }

    /// From now on what is erased from the whole screen is gone; otherwise tmux keeps it.
    pub(crate) fn keeps_nothing_that_is_erased(&self) {
        self.tmux(&["set", "-w", "scroll-on-clear", "off"]);
    }

    /// The scrollback and the screen of a terminal without tmux's own ideas.
    pub(crate) fn elsewhere(&self, columns: u16, rows: u16) -> String {
        let size = |length| NonZero::new(length).unwrap();
        let mut terminal = vt100::Parser::new(size(rows), size(columns), 20_000);
        terminal.process(self.written().as_bytes());
        let screen = terminal.screen_mut();
        let mut lines = Vec::new();
        for above in (1..=screen.scrollback_len()).rev() {
            screen.set_scrollback(above);
            lines.extend(screen.rows(0, columns).next());
        }
        screen.set_scrollback(0);
        lines.push(screen.contents());
        lines.join("\n")
    }

    /// Waits until the screen shows `text`.
    pub(crate) async fn until(&self, text: &str) {
        self.until_it(&format!("shows {text:?}"), |screen| screen.contains(text))
            .await;
    }

    /// Waits until the screen is as `is_so` says.
    pub(crate) async fn until_it(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let look = async {
            while !is_so(&self.screen()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let looked = tokio::time::timeout(LIMIT, look).await;
        assert!(looked.is_ok(), "never {what}:\n{}", self.everything());
    }

    /// Waits until the screen shows `text` and nothing is under way any more.
    pub(crate) async fn until_done(&self, text: &str) {
        let is_done = |screen: &str| screen.contains(text) && !screen.contains("Esc interrupts");
        self.until_it(&format!("is done with {text:?}"), is_done)
            .await;
    }

    /// Kills the program as `kill -9` does.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.file("pid")).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap());
        signal::kill(pid, Signal::SIGKILL).unwrap();
    }

    /// Waits for the end; gives the exit code.
    pub(crate) async fn end(&self) -> i32 {
        let code = self.file("code");
        let look = async {
            loop {
                let code = std::fs::read_to_string(&code).unwrap_or_default();
                if let Some(code) = code.strip_suffix('\n') {
                    return code.parse().unwrap();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let ended = tokio::time::timeout(LIMIT, look).await;
        ended.unwrap_or_else(|_| panic!("never ended:\n{}", self.everything()))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut kill = Command::new("tmux");
        let _ = kill
            .arg("-S")
            .arg(self.file("socket"))
            .arg("kill-server")
            .output();
    }
}

/// The command for a shell, in its own environment alone, with its process id in a file.
fn shell_line(command: &Command, pid: &Path) -> String {
    let quoted = |text: &OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', r"'\''"));
    let folder = quoted(command.get_current_dir().unwrap().as_os_str());
    let mut words = vec![format!(
        "cd {folder}; env -i TERM=screen-256color PID={}",
        quoted(pid.as_os_str())
    )];
    for (name, value) in command.get_envs() {
        let value = quoted(value.unwrap_or_default());
        words.push(format!("{}={value}", name.to_str().unwrap()));
    }
    // The shell becomes the program, so its id is the program's.
    words.push("sh -c 'echo $$ > \"$PID\"; unset PID; exec \"$@\"' sh".to_owned());
    words.push(quoted(command.get_program()));
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}
