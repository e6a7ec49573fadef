//! Asking: what somebody is told before saying yes, and for how long a yes holds.

use alipes_tools::{Detail, Effect, Root, Subject};
use futures_util::future::BoxFuture;

use super::subjects::runs_others;
use super::words;

/// The longest rule that is offered, in characters: one that cannot be read at a glance is no choice.
const LONGEST: usize = 160;

/// What somebody is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tool's name.
    pub tool: String,
    /// What the call will do, in one line that leaves nothing out: it may be long.
    pub summary: String,
    /// What a line cannot hold: a diff, the lines of a command.
    pub detail: Option<Detail>,
    /// What must be known before saying yes.
    pub caution: Option<String>,
    /// What it does to the world.
    pub effect: Effect,
    /// Why somebody is asked.
    pub because: String,
    /// The rule that a lasting yes would be; none if this call can only be allowed once.
    pub offer: Option<String>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It may not run.
    No,
    /// It may run now.
    Once,
    /// What the offered rule says may run until the program ends.
    Session,
    /// The same, and from now on.
    Always,
}

/// Somebody who can be asked.
pub trait Approver: Send + Sync {
    /// Whether the call may run, and for how long that holds.
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval>;
}

/// Where rules are written down that hold from now on.
pub trait RuleBook: Send + Sync {
    /// Writes down that what this rule is about is allowed.
    ///
    /// # Errors
    /// Why it could not be written, for the person.
    fn allow(&self, rule: &str) -> Result<(), String>;
}

/// The rule that a lasting yes to this call would be. It is never wider than what can be read in it:
/// a command as it stands and nothing after it, or one tool beneath one folder.
pub(super) fn offer(tool: &str, effect: Effect, subject: &Subject, root: &Root) -> Option<String> {
    let rule = match (effect, &subject.command) {
        (Effect::Executes, Some(line)) => {
            let line = words::plain(line).ok()?;
            if runs_others(&line) {
                return None;
            }
            format!("command exactly {}", words::line(&line))
        }
        (Effect::Writes, None) if !subject.paths.is_empty() => {
            format!("{tool} path {}", globset::escape(root.path().to_str()?))
        }
        _ => return None,
    };
    let is_readable = rule.chars().count() <= LONGEST && !rule.chars().any(char::is_control);
    is_readable.then_some(rule)
}
