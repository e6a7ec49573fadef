//! A machine of its own for each test: a home, a folder to work in, no other environment; and the
//! binary, run on it with a limit.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

/// A hang is a failure; nothing here takes this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What differs from run to run, and how snapshots show it.
const MASKS: [(&str, &str); 12] = [
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "[UUID]",
    ),
    (r"[^ ]*/\.tmp\w{6}", "[TEMP]"),
    (r"\b(127\.0\.0\.\d):\d+", "$1:[PORT]"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "[TIME]"),
    (r#"_ms":\d+"#, r#"_ms":"[TIME]""#),
    (r#"tokens":\d+"#, r#"tokens":"[TOKENS]""#),
    (r"\d+ tokens read", "[TOKENS] tokens read"),
    (r"and \d+ written", "and [TOKENS] written"),
    (r"\b(call|req|resp)_[0-9a-f]{32}", "[ID]"),
    (r"calls show [0-9a-f]{8}\b", "calls show [ID]"),
    (r#"(sending |"bytes":)\d+"#, "$1[SIZE]"),
    (r"  \d+ bytes", "  [SIZE] bytes"),
];

/// Somebody's machine.
pub(crate) struct Machine {
    home: tempfile::TempDir,
    person: Option<tempfile::TempDir>,
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A simulator in a process of its own, ended with the test.
pub(crate) struct Serving {
    pub(crate) base_url: String,
    pub(crate) child: Child,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.set_filters(MASKS);
        // For the rest of the thread: a snapshot may be taken when its machine has gone.
        std::mem::forget(settings.bind_to_scope());
        Self {
            home: tempfile::tempdir().unwrap(),
            person: None,
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// The same with a home in this place: where a test is about what cannot be reached there, it must be
    /// one that commands see.
    pub(crate) fn at_home_in(self, home: tempfile::TempDir) -> Self {
        Self { home, ..self }
    }

    /// The same whose person is at home in this place.
    pub(crate) fn whose_person_is_in(self, place: tempfile::TempDir) -> Self {
        let home = place.path().to_str().unwrap().to_owned();
        let person = Some(place);
        Self { person, ..self }.with("HOME", home)
    }

    /// A path in the home of its person.
    pub(crate) fn person(&self, name: &str) -> PathBuf {
        self.person.as_ref().unwrap().path().join(name)
    }

    /// A machine with this `config.toml`.
    pub(crate) fn configured(config: &str) -> Self {
        let machine = Self::new();
        std::fs::write(machine.home("config.toml"), config).unwrap();
        machine
    }

    /// The same with a variable in the environment.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// A path in its home.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A path in the folder it works in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder it works in.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Makes sure that nobody else can read a file in the folder it works in.
    pub(crate) fn is_private(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(self.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    /// The names in the folder it works in, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The binary with these arguments, in the folder, with nothing on standard input.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alipes"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("ALIPES_HOME", self.home.path())
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        ended(self.command(arguments).spawn().unwrap()).await
    }

    /// The same where nobody reads what it prints.
    pub(crate) async fn unread(&self, arguments: &[&str]) -> Ran {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        let child = command.stdout(writer).spawn().unwrap();
        drop(command);
        ended(child).await
    }

    /// The same with something on standard input.
    pub(crate) async fn fed(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.into();
        let feed = async move {
            // Whoever has read enough closes the pipe, and that is its right.
            let _ = stdin.write_all(&input).await;
        };
        tokio::join!(ended(child), feed).0
    }

    /// Runs the binary, which must refuse with `code`; gives its one message.
    pub(crate) async fn refused(&self, code: i32, arguments: &[&str]) -> String {
        self.run(arguments).await.refused(code)
    }

    /// A turn with a provider that is known from its address only.
    pub(crate) async fn ask(&self, base_url: &str, more: &[&str]) -> Ran {
        let fixed = ["exec", "--model", "test/model", "--base-url", base_url];
        self.run(&[&fixed, more, &["hi"]].concat()).await
    }

    /// Starts a simulator of its own.
    pub(crate) async fn simulate(&self, arguments: &[&str]) -> Serving {
        self.simulate_on("127.0.0.1:0", arguments).await
    }

    /// The same on another address than loopback's first.
    pub(crate) async fn simulate_on(&self, address: &str, arguments: &[&str]) -> Serving {
        let fixed = ["simulate", "--listen", address];
        let child = self.command(&[&fixed, arguments].concat()).spawn().unwrap();
        let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
        Serving::of(child, url).await
    }
}

impl Serving {
    /// A simulator whose first line holds its address.
    pub(crate) async fn of(mut child: Child, url: impl FnOnce(&str) -> String) -> Self {
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
        let base_url = url(&line.unwrap().unwrap().unwrap());
        Self { base_url, child }
    }
}

impl Ran {
    /// The answer of a turn that must have ended well.
    pub(crate) fn answer(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.err);
        &self.out
    }

    /// The one message of a run that must have failed with `code`, and nothing else on either stream.
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}", self.err);
        assert_eq!(self.out, "");
        let messages = self.err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(messages.count(), 1, "{}", self.err);
        assert!(self.err.len() < 2_000, "{} bytes", self.err.len());
        self.err
    }
}

/// Waits for the end of a run, within the limit.
pub(crate) async fn ended(child: Child) -> Ran {
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(stdout), text(stderr));
    assert!(!err.contains("panicked"), "{err}");
    Ran {
        code: status.code(),
        out,
        err,
    }
}
