//! What the agent can do on this machine: the [`Tool`] trait and the built-in tools.
//!
//! A model asks for work by name and with untrusted arguments. This room turns such a call into an
//! effect that stays where it was told to stay, and into a text that the model can use. Whether a
//! call may run at all is not decided here: the agent's one gate asks [`Tool::effect`],
//! [`Tool::summary`] and [`Tool::caution`], and decides.
//!
//! How it is built, and why:
//! - **Files** are reached only through [`Root`], a directory opened once as a capability. Every
//!   name is resolved beneath that handle by the kernel or by `cap-std`, never checked first and
//!   opened later, so `..`, absolute paths and swapped links do not get out. What is not a regular
//!   file (a FIFO, a device) is refused before anything is read, and opened without blocking.
//! - **What is protected** ([`Root::protecting`]: the program's own settings and keys;
//!   [`Root::sparing_credentials`]: where others keep theirs, the list that confined commands cannot read)
//!   is neither read nor written by a file tool, and `.git` is not written: leave to write in a folder must not
//!   become leave to run something, or to change what is allowed. What a rule forbids ([`Root::hiding`])
//!   is left out of listings and searches too.
//! - **Edits** are worked out in memory, all that a call asks for, and written then, each file whole.
//!   A file that somebody else changed since the model saw it ([`Workbench`]) is left alone.
//! - **What a call would do** is worked out without doing it ([`Tool::preview`]), for whoever is asked; the
//!   call then does that and nothing else.
//! - **Disk work** runs on the blocking pool, owned by the call that awaits it. It looks at the
//!   deadline and at a limit of its own as it goes, and stops when the call is dropped.
//! - **Commands** run in a process group of their own, which ends with the call: at the end, at the
//!   limit, or when the call is dropped; one in the background, with the conversation. What a command
//!   says is told as it comes ([`Progress`]), and what is too long for an answer lies in a private
//!   folder that goes with the conversation. [`Sandbox`] confines them by
//!   means of the operating system where it has any, and says which or why not.
//!
//! Invariants: everything is bounded (lines, bytes, entries, time), and a bound that is hit is said
//! in the text itself, not only in [`Output::truncated`]. A file is written whole or not at all. No
//! secret of the environment reaches a command, and no known secret leaves a tool ([`Toolbox`] sees
//! to it for every tool). Nothing here prints or reads the environment.
//!
//! How it fails: by [`ToolError`], whose message is written for the model that made the call. A
//! command that ends badly or runs out of time is not an error but an answer with its output.
//!
//! Not covered: a hard link cannot be told from the file it shares, so one that lies inside the
//! root can be read there (writing replaces the name, never the shared content). A file that is written
//! anew keeps its mode, owner and group, not its access lists and extended attributes. Without a sandbox a
//! process that leaves its group (`setsid`), or any child where there are no groups, can outlive a call.

mod bounded;
mod cut;
mod disk;
mod draft;
mod edit;
mod error;
mod frame;
mod git;
mod hidden;
mod input;
mod known;
mod lines;
mod list;
mod page;
mod places;
mod preview;
mod progress;
mod protected;
mod read;
mod redacted;
mod rights;
mod root;
mod sandbox;
mod scratch;
mod search;
mod shell;
mod subject;
mod text;
mod tool;
mod toolbox;
mod walk;
mod workbench;
mod write;

pub use error::{RootError, ToolError};
pub use preview::{Detail, Preview, Seen};
pub use progress::{Progress, ProgressReader};
pub use root::Root;
pub use sandbox::{Sandbox, SandboxChoice, SandboxOptions, SandboxSection};
#[cfg(unix)]
pub use sandbox::{SessionError, lead_session};
#[cfg(target_os = "linux")]
pub use sandbox::{StageError, confine};
pub use shell::{InBackground, goes_on};
pub use subject::Subject;
pub use text::strangers_name;
pub use tool::{Context, Effect, Output, Tool, ToolSpec};
pub use toolbox::Toolbox;
pub use workbench::Workbench;
