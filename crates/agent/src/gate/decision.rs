//! The gate's answer to a call, and what decided: the model reads the reason and goes on, a person reads
//! which rule it was.

use std::fmt;

use alipes_tools::{Effect, Seen};

use super::approval::Approval;

/// The gate's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may run.
    Allow {
        /// What said so.
        because: Because,
        /// What somebody was shown, if anybody was asked: it may do that and nothing else.
        seen: Seen,
    },
    /// It would fail as things stand. Nobody was asked, or said yes to that alone: what it would do if it
    /// did not fail was shown to nobody.
    Fails {
        /// For the model.
        reason: String,
    },
    /// It may not.
    Deny {
        /// For the model.
        reason: String,
        /// What said so.
        because: Because,
    },
}

impl Decision {
    /// Whether the call may run.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// A rule, as it was written, with its origin.
    Rule(String),
    /// A rule that forbids or asks about commands, and a line with shell syntax: what it runs cannot be
    /// compared.
    ShellSyntax(String),
    /// A rule that forbids or asks about a host, and a command that may talk to any.
    AnyHost(String),
    /// No rule is about it, and this is what such calls do.
    Default(Effect),
    /// The flag that allows all calls that do this.
    Granted(Effect),
    /// It would run with the person's rights, and nobody has said that this is well.
    NotConfined,
    /// Nothing allows this.
    Never(&'static str),
    /// Somebody said so when asked.
    Answer(Approval),
    /// Nobody did until the turn was over.
    Unanswered,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => write!(f, "the rule {rule}"),
            Self::ShellSyntax(rule) => write!(
                f,
                "this cannot be compared with the rule {rule}; run one plain command, without options before \
                 the words of the rule"
            ),
            Self::AnyHost(rule) => write!(
                f,
                "which hosts a command reaches cannot be compared with the rule {rule}"
            ),
            Self::Default(effect) => write!(f, "no rule is about it, and it {}", effect.as_str()),
            Self::Granted(effect) => write!(f, "what {} is allowed", effect.as_str()),
            Self::NotConfined => f.write_str("nothing confines commands here"),
            Self::Never(why) => write!(f, "nothing can allow it: {why}"),
            Self::Answer(Approval::No) => f.write_str("the user declined"),
            Self::Answer(_) => f.write_str("the user approved"),
            Self::Unanswered => f.write_str("nobody has answered in time"),
        }
    }
}
