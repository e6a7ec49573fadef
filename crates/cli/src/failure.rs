//! How a command fails: what is printed, and the exit code.

use std::io;
use std::process::ExitCode;

use alipes_agent::TurnError;
use alipes_auth::AuthError;
use alipes_config::ConfigError;
use alipes_models::ModelsError;
use alipes_store::StoreError;
use alipes_transport::AuxiliaryFault;
use anyhow::anyhow;

use crate::calls;
use crate::signals::Stop;
use crate::streams::say;
use crate::style::{Style, one_line};

/// A command that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or the configuration is wrong.
    Usage(anyhow::Error),
    /// What was asked for could not be done.
    Failed(anyhow::Error),
    /// A turn failed; `tried` tells what was done about it, `resume` how to go on with it.
    Turn {
        error: TurnError,
        tried: Box<Tried>,
        resume: Option<String>,
    },
    /// A provider's list of models could not be had.
    Listing(AuxiliaryFault),
    /// The user or the system stopped it.
    Stopped(Stop),
    /// The command that was to be run has ended with this code.
    Ended(u8),
    /// It failed, and everything about it has been printed.
    Told,
}

/// What was tried before a turn failed.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// The attempts with the one who was asked last.
    pub(crate) attempts: Vec<String>,
    /// Everybody who was asked, a line each; none where that was only one.
    pub(crate) everybody: Vec<String>,
    /// Who can be asked again soonest, as far as anybody said.
    pub(crate) soonest: Option<String>,
    /// The call's name in the records.
    pub(crate) call_id: Option<String>,
}

/// The longest line of somebody else's words in a message.
const LONGEST: usize = 600;

impl Failure {
    pub(crate) const FAILED: ExitCode = ExitCode::FAILURE;
    pub(crate) const USAGE_CODE: u8 = 2;

    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }

    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// What it means that output cannot be written. Where its reader has gone, nobody is left to tell.
    pub(crate) fn unwritten(error: io::Error) -> Self {
        // What a terminal says that has gone; it has no name in the standard library.
        #[cfg(unix)]
        let hung_up = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
        #[cfg(not(unix))]
        let hung_up = false;
        if hung_up || error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Told;
        }
        Self::failed(anyhow!("standard output cannot be written: {error}"))
    }

    /// What it says, where the program goes on after it.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Usage(error) | Self::Failed(error) => chain(error),
            Self::Turn { error, .. } => error.to_string(),
            Self::Listing(fault) => fault.to_string(),
            Self::Stopped(_) => "interrupted".to_owned(),
            Self::Ended(code) => format!("ended with {code}"),
            Self::Told => "failed".to_owned(),
        }
    }

    /// Prints what is left to say, and gives the exit code.
    pub(crate) fn report(self, style: &Style) -> ExitCode {
        match self {
            Self::Usage(error) => {
                report(style, &error);
                ExitCode::from(Self::USAGE_CODE)
            }
            Self::Failed(error) => {
                report(style, &error);
                Self::FAILED
            }
            Self::Turn {
                error,
                tried,
                resume,
            } => {
                report_turn(style, &error, &tried);
                if let Some(command) = resume {
                    say(&format!("  to go on: {command}"));
                }
                Self::FAILED
            }
            Self::Listing(fault) => {
                report_listing(style, &fault);
                Self::FAILED
            }
            Self::Stopped(stop) => {
                say("interrupted");
                ExitCode::from(stop.exit_code())
            }
            Self::Ended(code) => ExitCode::from(code),
            Self::Told => Self::FAILED,
        }
    }
}

impl From<ModelsError> for Failure {
    fn from(error: ModelsError) -> Self {
        Self::usage(error)
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::failed(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoneYet
            | StoreError::Unknown { .. }
            | StoreError::Ambiguous { .. }
            | StoreError::UnknownCall { .. }
            | StoreError::AmbiguousCall { .. } => Self::usage(error),
            error => Self::failed(error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

/// Says what is wrong and can be done without.
pub(crate) fn warn(style: &Style, error: impl Into<anyhow::Error>) {
    let text = chain(&error.into());
    say(&format!(
        "{} {text}; going on without it",
        style.warning("warning:")
    ));
}

fn report(style: &Style, error: &anyhow::Error) {
    say(&format!("{} {}", style.error("error:"), chain(error)));
}

/// The error and what is underneath it, without what an upper one has already said.
fn chain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, error| {
        let below = error.to_string();
        match text.as_str() {
            "" => below,
            _ if text.contains(&below) => text,
            _ => format!("{text}: {below}"),
        }
    })
}

fn report_turn(style: &Style, error: &TurnError, tried: &Tried) {
    let text = error.to_string();
    say(&format!(
        "{} {}",
        style.error("error:"),
        one_line(&text, LONGEST)
    ));
    for line in tried.lines() {
        say(&format!("  {line}"));
    }
    if let Some(advice) = advice(error) {
        help(style, advice);
    }
}

/// What the person can do about a turn that failed.
pub(crate) fn advice(error: &TurnError) -> Option<&'static str> {
    match error {
        TurnError::Fault(fault) => Some(fault.cause.advice()),
        TurnError::OutOfTime(_) => Some("allow more with --timeout"),
        _ => None,
    }
}

impl Tried {
    /// All of it, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.attempts.is_empty() {
            lines.push(format!("tried: {}", self.attempts.join(", ")));
        }
        if !self.everybody.is_empty() {
            lines.push("asked, one after the other:".to_owned());
            lines.extend(self.everybody.iter().map(|line| format!("  {line}")));
        }
        let soonest = self.soonest.iter();
        lines.extend(soonest.map(|soonest| format!("can be asked again soonest: {soonest}")));
        let id = self.call_id.iter();
        lines.extend(id.map(|id| format!("on record: alipes calls show {}", calls::short(id))));
        lines
    }
}

fn report_listing(style: &Style, fault: &AuxiliaryFault) {
    let text = one_line(&fault.to_string(), LONGEST);
    say(&format!(
        "{} no list of models: {text}",
        style.error("error:")
    ));
    say("  this says nothing about answers: a model is asked all the same");
    help(style, fault.cause().advice());
}

fn help(style: &Style, advice: &str) {
    say(&format!("  {} {advice}", style.strong("help:")));
}
