//! The helper that this program becomes to confine a command: itself, run again, three times over.
//!
//! A library cannot run code of its own between fork and exec without unsafe code, so every step is a
//! program of its own, each with one thread:
//!
//! 1. the **stand-in** is what the caller has started. It only waits, and ends as the command ended.
//!    Whoever kills it (the caller, the kernel for want of memory) needs to know nothing of the rest.
//! 2. the **keeper** ([`super::keeper`]) is nobody's group but its own. It adopts what the command
//!    leaves behind, and kills everything when the command has ended, or the stand-in, or the caller.
//! 3. the **confined** one takes its own rights away and then becomes the command.
//!
//! Where bubblewrap confines, one step is enough: it hands over the filter for system calls and becomes
//! bubblewrap, which sees to the rest. Whatever step comes first leaves nothing open but input and
//! output ([`super::inherited`]).

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getpid, getppid, kill_process, set_parent_process_death_signal,
    setrlimit, setsid,
};

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::policy::Policy;
use super::{bubblewrap, inherited, keeper, landlock, seccomp};

/// This program, also when its file has been replaced since it was started (proc(5)).
pub(super) const SELF: &str = "/proc/self/exe";

/// The first word of such a command line.
const WORD: &str = "confine-command";

/// A process on whose end the command ends, and which it cannot end: the caller, the stand-in, the
/// keeper, in this order.
const PROCESS: &str = "--process";

/// The program that confines in our place.
const BUBBLEWRAP: &str = "--bubblewrap";

const NO_CAPABILITIES: CapabilitySets = CapabilitySets {
    effective: CapabilitySet::empty(),
    permitted: CapabilitySet::empty(),
    inheritable: CapabilitySet::empty(),
};

/// What shells answer for a program that is not there, and for one that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_STARTED: u8 = 126;

/// Why the helper could not do its work. Nothing has run then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The command line is not one that this program made.
    #[error("not a command line of the sandbox's helper")]
    Words,
    /// A step failed.
    #[error("cannot {action}: {reason}")]
    Step {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// Landlock is not to be had, or refused a rule.
    #[error("landlock: {0}")]
    Landlock(String),
    /// The filter for system calls was refused.
    #[error("seccomp: {0}")]
    Seccomp(String),
    /// The command itself could not be started.
    #[error("{program}: {reason}")]
    Command {
        /// The program.
        program: String,
        /// What the system said.
        reason: io::Error,
    },
}

impl StageError {
    /// The exit code that tells it to the caller.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Command { reason, .. } if reason.kind() == io::ErrorKind::NotFound => {
                ExitCode::from(NOT_FOUND)
            }
            _ => ExitCode::from(NOT_STARTED),
        }
    }

    fn step(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Step { action, reason }
    }
}

/// What one stage was told.
pub(super) struct Order {
    /// Those before this one.
    pub(super) processes: Vec<Pid>,
    bubblewrap: Option<PathBuf>,
    pub(super) policy: Policy,
    line: Vec<OsString>,
}

/// The words before the command, by which this program becomes the stand-in.
pub(super) fn arguments(policy: &Policy) -> Vec<OsString> {
    words(&[getpid()], policy)
}

/// The words before the command, by which this program becomes bubblewrap.
pub(super) fn arguments_for(bubblewrap: &Path, policy: &Policy) -> Vec<OsString> {
    with_rules(
        vec![WORD.into(), BUBBLEWRAP.into(), bubblewrap.into()],
        policy,
    )
}

fn words(processes: &[Pid], policy: &Policy) -> Vec<OsString> {
    let processes = processes
        .iter()
        .flat_map(|pid| [PROCESS.to_owned(), pid.as_raw_nonzero().to_string()]);
    let mut words = vec![WORD.into()];
    words.extend(processes.map(OsString::from));
    with_rules(words, policy)
}

fn with_rules(mut words: Vec<OsString>, policy: &Policy) -> Vec<OsString> {
    words.extend(policy.arguments());
    words.push("--".into());
    words
}

/// Whether this process was started as the helper; if so, its work, and how it ends. To be asked
/// before anything else, while the process has one thread.
///
/// # Errors
/// [`StageError`]; the command has not run then.
pub fn confine(words: impl IntoIterator<Item = OsString>) -> Option<Result<ExitCode, StageError>> {
    let mut words = words.into_iter().skip(1);
    if words.next()? != WORD {
        return None;
    }
    Some(Order::read(words).and_then(Order::carry_out))
}

impl Order {
    fn read(mut words: impl Iterator<Item = OsString>) -> Result<Self, StageError> {
        let mut order = Self {
            processes: Vec::new(),
            bubblewrap: None,
            policy: Policy::default(),
            line: Vec::new(),
        };
        while let Some(word) = words.next() {
            if word == "--" {
                order.line = words.collect();
                break;
            } else if word == PROCESS {
                let number = words.next().and_then(|word| word.to_str()?.parse().ok());
                let pid = number.and_then(Pid::from_raw).ok_or(StageError::Words)?;
                order.processes.push(pid);
            } else if word == BUBBLEWRAP {
                order.bubblewrap = words.next().map(PathBuf::from);
            } else if !order.policy.take(&word, || {
                words.next().map(PathBuf::from).unwrap_or_default()
            }) {
                return Err(StageError::Words);
            }
        }
        match order.line.is_empty() {
            true => Err(StageError::Words),
            false => Ok(order),
        }
    }

    fn carry_out(self) -> Result<ExitCode, StageError> {
        inherited::close().map_err(StageError::step("close what was open"))?;
        if let Some(program) = &self.bubblewrap {
            return self.become_bubblewrap(program).map(|never| match never {});
        }
        match self.processes.len() {
            1 => self.stand_in(),
            2 => keeper::keep(&self).map_err(StageError::step("keep the command")),
            3 => self.become_the_command().map(|never| match never {}),
            _ => Err(StageError::Words),
        }
    }

    /// The next stage's command, with this process among those that it is told of.
    pub(super) fn next(&self) -> Command {
        let processes = [self.processes.as_slice(), &[getpid()]].concat();
        let mut next = Command::new(SELF);
        next.args(words(&processes, &self.policy)).args(&self.line);
        next
    }

    fn stand_in(&self) -> Result<ExitCode, StageError> {
        let nothing = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Ending by the command's signal must not leave a memory image of ours behind.
        setrlimit(Resource::Core, nothing)
            .map_err(io::Error::from)
            .map_err(StageError::step("forgo memory images"))?;
        let status = self
            .next()
            .status()
            .map_err(StageError::step("start the keeper"))?;
        Ok(end_as(status))
    }

    fn become_bubblewrap(&self, program: &Path) -> Result<Infallible, StageError> {
        let filter = seccomp::for_bubblewrap()?;
        let handed_over = memfd_create("filter", MemfdFlags::empty())
            .map_err(io::Error::from)
            .and_then(|file| {
                let mut file = File::from(file);
                file.write_all(&filter)?;
                file.rewind()?;
                Ok(file)
            })
            .map_err(StageError::step("hand over the filter for system calls"))?;
        let reason = Command::new(program)
            .args(["--seccomp", &handed_over.as_raw_fd().to_string()])
            .args(bubblewrap::arguments(&self.policy))
            .args(&self.line)
            .exec();
        Err(StageError::step("become bubblewrap")(reason))
    }

    fn become_the_command(&self) -> Result<Infallible, StageError> {
        let step = |action| move |error: rustix::io::Errno| StageError::step(action)(error.into());
        set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(step("be bound to the keeper"))?;
        if getppid() != self.processes.last().copied() {
            // It ended before the line above.
            return Err(StageError::step("find the keeper")(
                io::ErrorKind::NotFound.into(),
            ));
        }
        setsid().map_err(step("leave the terminal"))?;
        // Root keeps nothing of what makes it root, and what it starts gets nothing back.
        set_capabilities(None, NO_CAPABILITIES).map_err(step("give up capabilities"))?;
        let abi = landlock::restrict(&self.policy)?;
        seccomp::restrict(&self.policy, &self.processes, abi)?;
        let reason = Command::new(&self.line[0]).args(&self.line[1..]).exec();
        Err(StageError::Command {
            program: self.line[0].to_string_lossy().into_owned(),
            reason,
        })
    }
}

/// Ends this process as another has ended: with its code, or by its signal.
pub(super) fn end_as(status: ExitStatus) -> ExitCode {
    let signal = status.signal().and_then(Signal::from_named_raw);
    if let Some(signal) = signal {
        // It fails, or does nothing, only for signals that this process ignores.
        let _ = kill_process(getpid(), signal);
    }
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_stage_reads_what_this_one_was_told() {
        let policy = Policy {
            root: "/r".into(),
            ..Policy::default()
        };
        let mut line = vec![OsString::from("alipes")];
        line.extend(arguments(&policy));
        line.extend(["sh".into(), "--root".into()]);
        let order = Order::read(line.into_iter().skip(2)).ok().unwrap();
        assert_eq!(order.processes, [getpid()]);
        assert_eq!(order.policy, policy);
        assert_eq!(order.line, ["sh", "--root"]);
    }

    #[test]
    fn any_other_command_line_is_not_the_helpers() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(confine(words(&["alipes"])).is_none());
        assert!(confine(words(&["alipes", "exec", WORD])).is_none());
        for bad in [&["alipes", WORD][..], &["alipes", WORD, "--exec", "x"]] {
            let outcome = confine(words(bad));
            assert!(matches!(outcome, Some(Err(StageError::Words))), "{bad:?}");
        }
    }
}
