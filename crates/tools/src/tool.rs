//! What a tool is, to the agent: a name and a schema for the model, an effect and a summary for the
//! gate, and one call that ends in a text.

use std::borrow::Cow;

use alipes_base::{Clock, Deadline, Environment, Redactor};
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{Preview, Progress, Root, Sandbox, Seen, Subject, ToolError, Workbench};

/// What a call does to the world: the fact on which the gate decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Looks at files beneath the root, or at processes that the conversation has started itself,
    /// which it may also end.
    Reads,
    /// Changes files beneath the root.
    Writes,
    /// Starts a program, which can do anything its user can.
    Executes,
}

impl Effect {
    /// The word for configuration, journal and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Executes => "executes",
        }
    }
}

/// What the model is told about a tool.
#[derive(Clone, Debug)]
pub struct ToolSpec {
    /// The name by which the model calls it.
    pub name: &'static str,
    /// One or two sentences for the model.
    pub description: &'static str,
    /// The JSON schema of the input: an object that allows no other fields.
    pub parameters: Value,
}

/// One thing the agent can do.
pub trait Tool: Send + Sync {
    /// What the model is told.
    fn spec(&self) -> &ToolSpec;

    /// What a call does to the world.
    fn effect(&self) -> Effect;

    /// The call in one short line for people: `read src/lib.rs`. Never fails, shows nothing that could
    /// disguise the line (control, invisible and direction characters are spelt out), and no secret
    /// that the redactor knows: a model may say one.
    fn summary(&self, input: &Value, redactor: &Redactor) -> String;

    /// The same with nothing left out, however long that is: for somebody who is asked.
    fn whole_summary(&self, input: &Value, redactor: &Redactor) -> String {
        self.summary(input, redactor)
    }

    /// What a call is about: what the gate's rules are compared with.
    fn subject(&self, input: &Value) -> Subject {
        Subject::of(input)
    }

    /// What an approval of this tool must say, if anything.
    fn caution(&self) -> Option<&'static str> {
        None
    }

    /// What it would do, without doing any of it: for somebody who is asked.
    ///
    /// # Errors
    /// [`ToolError`], where [`Tool::run`] would fail as things stand.
    fn preview<'a>(
        &'a self,
        _input: &'a Value,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Preview, ToolError>> {
        Box::pin(std::future::ready(Ok(Preview::default())))
    }

    /// Does it. Dropping the future ends the work.
    ///
    /// # Errors
    /// [`ToolError`], with a message that the model can act on.
    fn run<'a>(
        &'a self,
        input: Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>>;
}

/// What a call may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// The directory that file tools stay beneath and commands start in.
    pub root: Root,
    /// How commands are confined.
    pub sandbox: Sandbox,
    /// The environment that commands inherit, less its secrets.
    pub environment: Environment,
    /// When the call must have ended.
    pub deadline: Deadline,
    /// Where the call reads the time.
    pub clock: Clock,
    /// What the conversation keeps from call to call.
    pub workbench: Workbench,
    /// Where the call tells how it gets on.
    pub progress: Progress,
    /// What somebody was shown of the files that it changes, if anybody was asked.
    pub seen: Seen,
    /// The secrets of this process: no command inherits them, no output shows them.
    pub redactor: Redactor,
}

impl Context {
    /// The same, with the folder of long outputs as its root if that is where the path leads.
    pub(crate) fn reading(&self, path: &str) -> Cow<'_, Self> {
        match self.workbench.scratch.holding(path) {
            None => Cow::Borrowed(self),
            Some(root) => Cow::Owned(Self {
                root,
                // Its names are not those of the working folder.
                workbench: Workbench::new(&self.environment),
                ..self.clone()
            }),
        }
    }

    /// One with nothing but a root.
    #[cfg(test)]
    pub(crate) fn bare(root: Root) -> Self {
        let clock = Clock::system();
        let environment = Environment::default();
        Self {
            root,
            sandbox: Sandbox::off(),
            workbench: Workbench::new(&environment),
            environment,
            progress: Progress::default(),
            seen: Seen::default(),
            deadline: Deadline::after(&clock, "test", std::time::Duration::from_secs(3600)),
            clock,
            redactor: Redactor::new(),
        }
    }
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The text for the model, at most some 64 KiB. Through a [`Toolbox`](crate::Toolbox) it comes
    /// without secrets, and says so where one was taken out. A file's text is exact otherwise, so a
    /// front that shows it to people must make it harmless first.
    pub text: String,
    /// Something was left out; the text says what.
    pub truncated: bool,
    /// What it did to files, as a unified diff for people, who may see it where the model need not.
    pub changes: Option<String>,
}
