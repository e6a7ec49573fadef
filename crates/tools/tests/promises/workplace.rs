//! A folder to work in with something outside it, and one-line calls of the tools.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_tools::{Context, Output, Progress, Root, Sandbox, Seen, ToolError, Toolbox, Workbench};
use serde_json::Value;

/// What lies outside, and must never be seen inside.
pub(crate) const CANARY: &str = "canary outside the root";

/// `project` is the root; `outside/secret.txt` lies beside it.
pub(crate) struct Workplace {
    folder: tempfile::TempDir,
    pub(crate) context: Context,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/secret.txt"), CANARY).unwrap();
        let clock = Clock::system();
        let temporary = folder.path().join("temporary");
        fs::create_dir(&temporary).unwrap();
        let variables = [
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("TMPDIR".into(), temporary.into_os_string()),
        ];
        let environment = Environment::new::<OsString, OsString>(variables, PathBuf::new());
        let context = Context {
            root: Root::open(&folder.path().join("project")).unwrap(),
            sandbox: Sandbox::off(),
            deadline: Deadline::after(&clock, "turn", Duration::from_secs(60)),
            clock,
            workbench: Workbench::new(&environment),
            environment,
            progress: Progress::default(),
            seen: Seen::default(),
            redactor: Redactor::new(),
        };
        Self { folder, context }
    }

    /// The same, with places inside the root that no tool touches.
    pub(crate) fn protecting(names: &[&str]) -> Self {
        let mut place = Self::new();
        let places: Vec<PathBuf> = names.iter().map(|name| place.path(name)).collect();
        place.context.root = place.context.root.protecting(places);
        place
    }

    /// A path inside the root.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// A path beside the root.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join("outside").join(name)
    }

    /// Makes a file, and its parents, inside the root.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Makes a link inside the root.
    #[cfg(unix)]
    pub(crate) fn link(&self, name: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// Makes a FIFO inside the root.
    #[cfg(unix)]
    pub(crate) fn fifo(&self, name: &str) {
        let made = std::process::Command::new("mkfifo")
            .arg(self.path(name))
            .status()
            .unwrap();
        assert!(made.success());
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, tool: &str, input: Value) -> Result<Output, ToolError> {
        let toolbox = Toolbox::builtin();
        toolbox.get(tool).unwrap().run(input, &self.context).await
    }

    /// The text of a call that must succeed.
    pub(crate) async fn text(&self, tool: &str, input: Value) -> String {
        self.call(tool, input).await.unwrap().text
    }

    /// The error of a call that must fail.
    pub(crate) async fn error(&self, tool: &str, input: Value) -> ToolError {
        self.call(tool, input).await.unwrap_err()
    }

    /// The names in a folder inside the root, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The content of a file.
pub(crate) fn content(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
