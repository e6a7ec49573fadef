//! A turn on a real terminal, small as a phone's: text that was broken is replaced, what was drawn is
//! taken back, and a question waits for its answer.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::machine::{LIMIT, Machine};

const COLUMNS: NonZero<u16> = NonZero::new(40).unwrap();

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    output: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything that was written, steering included.
    pub(crate) written: String,
}

impl Terminal {
    pub(crate) fn run(mut command: Command, rows: u16) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: COLUMNS.get(),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let ends = openpty(Some(&size), None).unwrap();
        let slave = || Stdio::from(ends.slave.try_clone().unwrap());
        command.stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.env("TERM", "xterm").spawn().unwrap();
        let keyboard = File::from(ends.master);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, output) = mpsc::channel(64);
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            // Linux ends a terminal that nobody holds any more with an error.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.blocking_send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            output,
            screen: vt100::Parser::new(NonZero::new(rows).unwrap(), COLUMNS, 0),
            written: String::new(),
        }
    }

    /// Reads on until the screen shows `text`.
    pub(crate) async fn until(&mut self, text: &str) {
        while !self.shows(text) {
            assert!(
                self.read().await,
                "ended without {text:?}:\n{}",
                self.lines()
            );
        }
    }

    /// Reads to the end; gives the exit code.
    pub(crate) async fn end(&mut self) -> Option<i32> {
        while self.read().await {}
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        status.unwrap().unwrap().code()
    }

    async fn read(&mut self) -> bool {
        let bytes = tokio::time::timeout(LIMIT, self.output.recv()).await;
        let Some(bytes) = bytes.unwrap_or_else(|_| panic!("a hang at:\n{}", self.lines())) else {
            return false;
        };
        self.screen.process(&bytes);
        self.written.push_str(&String::from_utf8_lossy(&bytes));
        true
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        let modes = nix::sys::termios::tcgetattr(&self.keyboard)
            .unwrap()
            .local_flags;
        modes.contains(nix::sys::termios::LocalFlags::ECHO)
    }

    /// Waits until what is typed is not shown.
    pub(crate) async fn until_hidden(&self) {
        let hidden = async {
            while self.echoes() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, hidden).await.unwrap();
    }

    /// Sends the signal of Ctrl-C: this is not the program's controlling terminal.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn lines(&self) -> String {
        self.screen.screen().contents()
    }

    /// Whether the screen shows `text`, wrapped or not.
    pub(crate) fn shows(&self, text: &str) -> bool {
        self.count(text) > 0
    }

    fn count(&self, text: &str) -> usize {
        self.lines().replace('\n', "").matches(text).count()
    }
}

/// A turn about a long file, against a server with this fault, on so many rows.
async fn turn(fault: &str, rows: u16) -> Terminal {
    let machine = Machine::new();
    machine.file(
        "long.txt",
        "a line that is wider than the screen is, and 日本語 at its end\n",
    );
    let server = machine.simulate(&["--fault", fault]).await;
    let url = &server.base_url;
    let fixed = [
        "exec",
        "--profile",
        "openai-codex",
        "-m",
        "x/y",
        "--base-url",
        url,
    ];
    let command = machine.command(&[&fixed[..], &["read long.txt"]].concat());
    let mut terminal = Terminal::run(command, rows);
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    terminal
}

#[tokio::test]
async fn a_broken_text_is_replaced_and_not_repeated() {
    let terminal = turn("websocket-cut-after-text@2", 20).await;
    assert_eq!(terminal.count("`read_file`"), 1, "{}", terminal.lines());
    assert_eq!(
        terminal.count("日本語 at its end"),
        1,
        "{}",
        terminal.lines()
    );
    assert!(
        terminal.shows("! x cut the answer off"),
        "{}",
        terminal.lines()
    );
    // It had been shown before.
    assert_eq!(terminal.written.matches("`read_file`").count(), 2);
}

#[tokio::test]
async fn a_broken_text_that_has_left_the_screen_is_marked_instead() {
    let terminal = turn("websocket-cut-after-text@2", 2).await;
    assert_eq!(terminal.written.matches("— restarted —").count(), 1);
}

#[tokio::test]
async fn a_wait_is_shown_and_taken_back() {
    let terminal = turn("websocket-rate-limited@1", 20).await;
    assert!(
        terminal.written.contains("the time the server asked for"),
        "{}",
        terminal.written
    );
    assert!(!terminal.shows("asked for"), "{}", terminal.lines());
}

#[tokio::test]
async fn while_nobody_listens_the_next_try_is_what_is_waited_for() {
    let machine = Machine::new();
    let nobody = ["exec", "-m", "x/y", "--base-url", "http://127.0.0.1:1/v1"];
    let arguments = [&nobody[..], &["hi"]].concat();
    let mut terminal = Terminal::run(machine.command(&arguments), 20);
    terminal.until("the next try: 1 s of 2 s").await;
    terminal.interrupt();
    assert_eq!(terminal.end().await, Some(130));
}

#[tokio::test]
async fn interrupting_a_wait_leaves_a_clean_screen() {
    let machine = Machine::new();
    let server = machine
        .simulate(&["--fault", "sse-stall-before-headers"])
        .await;
    let arguments = ["exec", "-m", "x/y", "--base-url", &server.base_url, "hi"];
    let mut terminal = Terminal::run(machine.command(&arguments), 20);
    terminal.until(": 1 s of ").await;
    // Not its controlling terminal, so the key is drawn as a terminal does and the signal is sent.
    terminal.screen.process(b"^C");
    terminal.interrupt();
    assert_eq!(terminal.end().await, Some(130));
    assert_eq!(terminal.lines(), "interrupted");
}

#[tokio::test]
async fn a_command_runs_only_after_a_yes() {
    for (keys, ran) in [("y\n", true), ("n\n", false), ("\n", false)] {
        let machine = Machine::new();
        let arguments = ["exec", "--simulate", "run the command echo ran > ran.txt"];
        let mut terminal = Terminal::run(machine.command(&arguments), 30);
        terminal.until("y + Enter allows it once").await;
        assert!(terminal.shows("confined by"), "{}", terminal.lines());
        assert!(
            terminal.shows("(simulated) I call shell."),
            "{}",
            terminal.lines()
        );
        assert!(!machine.path("ran.txt").exists());
        terminal.types(keys);
        assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
        assert_eq!(machine.path("ran.txt").exists(), ran, "{keys:?}");
    }
}

#[tokio::test]
async fn what_was_typed_before_a_question_came_up_answers_nothing() {
    let machine = Machine::new();
    let arguments = ["exec", "--simulate", "run the command echo ran > ran.txt"];
    let mut terminal = Terminal::run(machine.command(&arguments), 30);
    // The terminal keeps them until somebody reads.
    terminal.types("y\na\n");
    terminal.until("y + Enter allows it once").await;
    terminal.types("n\n");
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    assert!(!machine.path("ran.txt").exists());
}
