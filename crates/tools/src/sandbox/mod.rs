//! The wall around commands: what a command may do whatever it is, enforced by the operating system.
//!
//! A confined command reads the system, writes the working folder and a temporary folder of its own,
//! has no network unless that was allowed, sees neither credentials nor what rules forbid by path, and
//! cannot change `.git`. All of its
//! processes end with it, also those that leave its process group.
//!
//! Two kinds, both without unsafe code of ours: the program runs itself again as a small helper
//! ([`confine`]). `bubblewrap`, where a trusted one is installed, gives the command a file system, a
//! network and a process table of its own; the helper becomes it, with a filter for what namespaces do
//! not hide ([`seccomp`]). Elsewhere Landlock and seccomp take rights away: the helper confines itself
//! and becomes the command. What that leaves open is said in [`landlock`].
//!
//! A kind is used when a real command has run in it here, not because a file or a kernel's version
//! promises it. Where none works there is no sandbox, [`Sandbox::caution`] says so and why, and the
//! gate asks about every command.

#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod forbidden;
#[cfg(target_os = "linux")]
mod inherited;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod landlock;
mod options;
#[cfg(target_os = "linux")]
mod policy;
mod probe;
#[cfg(target_os = "linux")]
mod seccomp;
mod section;
#[cfg(unix)]
mod session;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod survey;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "there is no sandbox yet")
)]
mod temp;
mod trial;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use tokio::process::Command;
use tokio::sync::OnceCell;

pub use options::{SandboxChoice, SandboxOptions};
pub use section::SandboxSection;
#[cfg(unix)]
pub use session::{SessionError, lead_session};
#[cfg(target_os = "linux")]
pub use stage::{StageError, confine};

use crate::{Root, ToolError};

/// How commands are confined. Clones share what was found out.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: SandboxOptions,
    found: OnceCell<Found>,
}

/// What works here.
#[derive(Debug)]
struct Found {
    kind: Kind,
    /// Why each kind before it does not.
    refused: Vec<String>,
    /// The temporary folder of commands. It goes with the sandbox.
    temp: Option<temp::Temp>,
}

/// A way to confine a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_os = "linux")]
    Bubblewrap(std::path::PathBuf),
    #[cfg(target_os = "linux")]
    Landlock,
    None,
}

impl Kind {
    fn as_str(&self) -> &'static str {
        match self {
            #[cfg(target_os = "linux")]
            Self::Bubblewrap(_) => "bubblewrap",
            #[cfg(target_os = "linux")]
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }

    /// Refuses what this kind has no room for: the command would end with words that are not its own.
    #[cfg(target_os = "linux")]
    fn fits(&self, policy: &policy::Policy) -> std::io::Result<()> {
        match self {
            Self::Bubblewrap(_) => bubblewrap::fits(policy),
            Self::Landlock | Self::None => Ok(()),
        }
    }

    /// The command of these words, which cannot do but what the rules let it.
    #[cfg(target_os = "linux")]
    fn under(&self, policy: &policy::Policy, line: Vec<OsString>) -> Command {
        let words = match self {
            // Nothing can be mounted on a link, so that it stays: by Landlock its folder has no other.
            Self::Bubblewrap(_) if !policy.links.is_empty() => stage::arguments(policy),
            Self::Bubblewrap(program) => stage::arguments_for(program, policy),
            Self::Landlock => stage::arguments(policy),
            Self::None => return plain(line),
        };
        let mut command = Command::new(stage::SELF);
        command.args(words).args(line);
        command
    }
}

/// The command of these words.
fn plain(line: Vec<OsString>) -> Command {
    let mut words = line.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

impl Sandbox {
    /// A sandbox of these options. What works here is found out when it is first needed.
    #[must_use]
    pub fn new(options: SandboxOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            found: OnceCell::new(),
        }))
    }

    /// None, because that was asked for: commands have the rights of the person who runs them.
    #[must_use]
    pub fn off() -> Self {
        Self::new(SandboxOptions {
            choice: SandboxChoice::Off,
            ..SandboxOptions::default()
        })
    }

    /// Whether commands are confined.
    pub async fn confines(&self, root: &Root) -> bool {
        self.found(root).await.kind != Kind::None
    }

    /// Whether somebody has said that commands need not be confined.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.options.choice == SandboxChoice::Off
    }

    /// Whether a command can talk to hosts: those that are not confined can, whatever was asked for.
    pub async fn reaches_hosts(&self, root: &Root) -> bool {
        self.0.options.network || !self.confines(root).await
    }

    /// The name of the kind there is; `none` where commands have the rights of the person.
    pub async fn kind(&self, root: &Root) -> &'static str {
        self.found(root).await.kind.as_str()
    }

    /// Which kind there is, and why not a better one: for people, one line each.
    pub async fn report(&self, root: &Root) -> Vec<String> {
        let found = self.found(root).await;
        let kind = match self.is_off() {
            true => "off: commands have your rights".to_owned(),
            false => format!("{}: {}", found.kind.as_str(), self.rules(&found.kind)),
        };
        let refused = found.refused.iter().cloned();
        std::iter::once(kind).chain(refused).collect()
    }

    /// What must be known before a command is allowed.
    pub async fn caution(&self, root: &Root) -> String {
        let found = self.found(root).await;
        match &found.kind {
            Kind::None if self.is_off() => {
                "not confined, as asked for: it runs with your rights".to_owned()
            }
            Kind::None => format!(
                "not confined: it runs with your rights ({})",
                found.refused.join("; ")
            ),
            kind => format!("confined by {}: {}", kind.as_str(), self.rules(kind)),
        }
    }

    /// What the model is told when a confined command has failed; the reason may be here.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        match self.0.found.get().map(|found| &found.kind) {
            None | Some(Kind::None) => None,
            Some(kind) => Some(format!("[commands are confined: {}]\n", self.rules(kind))),
        }
    }

    /// The variables that a confined command gets beside its own.
    #[must_use]
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let found = self.0.found.get();
        let temp = found.and_then(|found| found.temp.as_ref());
        temp.map(|temp| ("TMPDIR".into(), temp.path().into()))
            .into_iter()
            .collect()
    }

    /// A command that will run confined in the root. The process to be started ends as the command
    /// does, and killing it kills every process of the command.
    ///
    /// # Errors
    /// [`ToolError`] if what confines it cannot be prepared.
    pub async fn command(
        &self,
        program: &str,
        arguments: &[&str],
        root: &Root,
    ) -> Result<Command, ToolError> {
        let helper = self.helper(root).await;
        let words = [program].into_iter().chain(arguments.iter().copied());
        let words = words.map(OsString::from);
        self.confined(helper.into_iter().chain(words).collect(), root)
            .await
    }

    /// Whether such a command becomes the leader of its own session, and so of its own group.
    pub async fn leads_its_session(&self, root: &Root) -> bool {
        !self.helper(root).await.is_empty()
    }

    /// The words before a command that nothing confines: those that are confined have a session anyway.
    async fn helper(&self, root: &Root) -> Vec<OsString> {
        #[cfg(unix)]
        if let (Kind::None, Some(helper)) = (&self.found(root).await.kind, &self.0.options.helper) {
            return vec![helper.into(), session::WORD.into()];
        }
        #[cfg(not(unix))]
        let _ = root;
        Vec::new()
    }

    async fn confined(&self, line: Vec<OsString>, root: &Root) -> Result<Command, ToolError> {
        let found = self.found(root).await;
        let program = line.first().map(|word| crate::text::path(Path::new(word)));
        let mut command = self
            .within(found, line, root)
            .await
            .map_err(|reason| ToolError::Io {
                action: "confine",
                path: program.unwrap_or_default(),
                reason,
            })?;
        command.current_dir(root.path());
        Ok(command)
    }

    #[cfg(target_os = "linux")]
    async fn within(
        &self,
        found: &Found,
        line: Vec<OsString>,
        root: &Root,
    ) -> std::io::Result<Command> {
        let Some(temp) = &found.temp else {
            return Ok(plain(line));
        };
        let (options, root) = (self.0.options.clone(), root.clone());
        let temp = temp.path().to_owned();
        let looking =
            tokio::task::spawn_blocking(move || policy::Policy::of(&options, &root, &temp));
        let policy = looking.await.map_err(std::io::Error::other)??;
        found.kind.fits(&policy)?;
        Ok(found.kind.under(&policy, line))
    }

    #[cfg(not(target_os = "linux"))]
    async fn within(
        &self,
        _found: &Found,
        line: Vec<OsString>,
        _root: &Root,
    ) -> std::io::Result<Command> {
        Ok(plain(line))
    }

    fn rules(&self, kind: &Kind) -> String {
        let network = match self.0.options.network {
            true => "network allowed",
            false => "no network",
        };
        let written = match kind {
            #[cfg(target_os = "linux")]
            Kind::Landlock => {
                "only the working folder and $TMPDIR can be written, not `.git`; beside a `.git` \
                 nothing new can be made, only in folders"
            }
            _ => "only the working folder and /tmp can be written, not `.git`",
        };
        format!(
            "{network}; {written}; neither credentials nor what `path` rules deny or ask about can be read"
        )
    }

    async fn found(&self, root: &Root) -> &Found {
        self.0
            .found
            .get_or_init(|| probe::find(self, root.clone().bare()))
            .await
    }

    /// Where the temporary folder of commands is made.
    fn temp_base(&self) -> &Path {
        &self.0.options.temp
    }
}
