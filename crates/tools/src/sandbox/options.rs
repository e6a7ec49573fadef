//! What somebody can say about the sandbox.

use std::path::PathBuf;

/// Which kind of sandbox to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxChoice {
    /// The best that works here.
    #[default]
    Auto,
    /// bubblewrap and nothing else.
    Bubblewrap,
    /// Landlock and seccomp and nothing else.
    Landlock,
    /// None.
    Off,
}

impl SandboxChoice {
    /// All choices, by the names that configuration and command line use.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("auto", Self::Auto),
        ("bubblewrap", Self::Bubblewrap),
        ("landlock", Self::Landlock),
        ("off", Self::Off),
    ];
}

/// How commands are to be confined.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// Which kind.
    pub choice: SandboxChoice,
    /// Whether commands may use the network.
    pub network: bool,
    /// Places beside the working folder that commands may write, such as a build cache.
    pub writable: Vec<PathBuf>,
    /// The program's own settings, keys and conversations, which no command sees.
    pub own: Vec<PathBuf>,
    /// The person's home, in which credentials lie at their usual places.
    pub home: Option<PathBuf>,
    /// This program, which becomes the leader of a session where [`lead_session`](crate::lead_session) is
    /// asked first. Without it a command that nothing confines stays in the person's session.
    pub helper: Option<PathBuf>,
    /// The folder for temporary files in which the commands' own is made.
    pub temp: PathBuf,
}
