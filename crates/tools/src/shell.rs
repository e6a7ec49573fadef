//! `shell`: one command line, run by the system's shell.
//!
//! What the command may do is the matter of [`Sandbox`](crate::Sandbox). What this file sees to is that
//! it *ends*: the command and what it started form one process group, which is killed at the limit,
//! when the call is dropped, and when the shell has exited. Without a sandbox a process that leaves the
//! group (`setsid`) lives on, but does not hold the call up. One that is started in the background has a
//! group of its own, which ends with the conversation.

mod background;
mod capture;
pub(crate) mod environment;
#[cfg(not(unix))]
mod group_other;
#[cfg(unix)]
mod group_unix;
mod live;
mod log;
mod process;

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use alipes_base::Expired;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep_until, timeout};

pub use self::background::InBackground;
use self::background::NotStarted;
pub(crate) use self::background::Processes;
use self::capture::Capture;
#[cfg(not(unix))]
use self::group_other::{Group, Leader, Pipes};
#[cfg(unix)]
use self::group_unix::{Group, Leader, Pipes};
use self::live::Spilled;
pub(crate) use self::process::{LookAtProcess, WriteToProcess};
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::{Context, Effect, Output, Preview, ToolError, ToolSpec};

/// The limit's length in seconds unless the call says otherwise.
const TIMEOUT_SECONDS: u64 = 120;

/// Longest command line in bytes; systems refuse more in one argument (128 KiB on Linux).
const COMMAND_BYTES: usize = 64 * 1024;

/// How long output may still come in after the shell has exited.
const LINGER: Duration = Duration::from_millis(500);

/// What the model calls it.
const NAME: &str = "shell";

/// Whether such a call starts a process that goes on when the call has ended, until the conversation
/// does or this run of the program.
#[must_use]
pub fn goes_on(tool: &str, input: &Value) -> bool {
    tool == NAME && is_background(input)
}

fn is_background(input: &Value) -> bool {
    input.get("background") == Some(&Value::Bool(true))
}

/// The tool.
pub(crate) struct Shell;

impl Work for Shell {
    const EFFECT: Effect = Effect::Executes;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: NAME,
            description: "Run a command with /bin/sh (cmd on Windows) in the working folder, without stdin. \
                Gives the exit code, then stdout and stderr together; long output goes to a file. What it leaves \
                running is killed when it ends. background: go on without waiting; look with `process`.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "command": {"type": "string"},
                    "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 600, "description": "default 120"},
                    "background": {"type": "boolean", "description": "with stdin, without a limit"}
                },
                "required": ["command"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        format!("run \"{}\"", peek(input, "command").unwrap_or("?"))
    }

    async fn preview(mut input: Input, _context: &Context) -> Result<Preview, ToolError> {
        let asked = asked_for(&mut input)?;
        let before = if asked.in_background {
            "run in the background"
        } else {
            "run"
        };
        Ok(Preview::of_text(before, &asked.command, ""))
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let Asked {
            command,
            in_background,
            length,
        } = asked_for(&mut input)?;
        if in_background {
            return start(&command, context).await;
        }
        let narrowed = Context {
            deadline: context
                .deadline
                .tightened(&context.clock, "timeout_seconds", length),
            ..context.clone()
        };
        execute(&command, &narrowed).await
    }
}

/// What a call asks for.
struct Asked {
    command: String,
    in_background: bool,
    /// The limit, which one in the background does not have.
    length: Duration,
}

fn asked_for(input: &mut Input) -> Result<Asked, ToolError> {
    let command = input.text("command")?;
    if command.len() > COMMAND_BYTES || command.contains('\0') {
        return Err(input.bad(format!(
            "`command` must be without NUL and at most {COMMAND_BYTES} bytes; \
                 write a script with `write_file` and run that"
        )));
    }
    let seconds = input.optional_number("timeout_seconds", 1..=600)?;
    Ok(Asked {
        command,
        in_background: input.flag("background")?,
        length: Duration::from_secs(seconds.unwrap_or(TIMEOUT_SECONDS)),
    })
}

/// How the command came to its end.
enum Ending {
    Exited(ExitStatus),
    TimedOut(Expired),
}

impl Ending {
    fn is_success(&self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

async fn execute(command: &str, context: &Context) -> Result<Output, ToolError> {
    let (mut group, pipes) =
        Group::start(prepared(command, context).await?).map_err(failed("start"))?;
    let capture = Capture::of(context);
    let mut reading =
        Box::pin(join_all(pipes.output.into_iter().map(|pipe| capture.read(pipe))).fuse());

    let mut is_read = false;
    let expired = loop {
        tokio::select! {
            _ = &mut reading, if !is_read => is_read = true,
            exited = group.leader_exited() => break exited.map(|()| None),
            () = sleep_until(context.deadline.at()) => break Ok(Some(context.deadline.expired())),
        }
    };
    let expired = expired.map_err(failed("wait for"))?;
    if expired.is_some() {
        group.kill();
    }
    if !is_read {
        is_read = timeout(LINGER, &mut reading).await.is_ok();
    }
    group.kill();
    let ending = match expired {
        Some(expired) => Ending::TimedOut(expired),
        None => Ending::Exited(group.reap().await.map_err(failed("wait for"))?),
    };
    // One that was cut short may hold what the next line needs.
    drop(reading);
    let spilled = capture.spilled().await;
    let mut output = answer(&ending, &capture, spilled.as_ref(), is_read);
    if !ending.is_success() {
        output.text.extend(context.sandbox.note());
    }
    Ok(output)
}

/// Starts a command that goes on when the call has ended.
async fn start(command: &str, context: &Context) -> Result<Output, ToolError> {
    let processes = &context.workbench.processes;
    let prepared = prepared(command, context).await?;
    match processes.start(prepared, command, &context.clock) {
        Ok(process) => Ok(Output {
            text: format!(
                "started process {id} in the background; look at it with `process` and id={id}\n",
                id = process.id
            ),
            truncated: false,
            changes: None,
        }),
        Err(NotStarted::TooMany { most }) => Err(ToolError::TooMany { most }),
        Err(NotStarted::Io(reason)) => Err(failed("start")(reason)),
    }
}

/// What the system said of the shell.
fn failed(action: &'static str) -> impl Fn(io::Error) -> ToolError {
    move |reason| ToolError::Io {
        action,
        path: SHELL[0].to_owned(),
        reason,
    }
}

/// The shell's program and the option before the command line.
#[cfg(not(windows))]
const SHELL: [&str; 2] = ["/bin/sh", "-c"];
#[cfg(windows)]
const SHELL: [&str; 2] = ["cmd", "/C"];

/// A command that is ready to be started.
struct Prepared {
    command: Command,
    /// It sees itself to being the leader of its group.
    leads: bool,
}

async fn prepared(command: &str, context: &Context) -> Result<Prepared, ToolError> {
    let arguments = [SHELL[1], command];
    let sandbox = &context.sandbox;
    let mut prepared = sandbox.command(SHELL[0], &arguments, &context.root).await?;
    let variables = environment::for_commands(&context.environment, &context.redactor);
    prepared
        .env_clear()
        .envs(variables)
        .envs(sandbox.variables());
    Ok(Prepared {
        command: prepared,
        leads: sandbox.leads_its_session(&context.root).await,
    })
}

fn answer(ending: &Ending, capture: &Capture, spilled: Option<&Spilled>, is_read: bool) -> Output {
    let (output, left_out) = capture.text(spilled);
    let mut text = match ending {
        Ending::Exited(status) => described(*status),
        Ending::TimedOut(expired) => format!("killed: {expired}"),
    };
    text.push('\n');
    if output.is_empty() {
        text.push_str("(no output)\n");
    } else {
        text.push_str(&output);
        if !output.ends_with('\n') {
            text.push('\n');
        }
    }
    if !is_read {
        text.push_str(
            "[a process it left behind still held the output; the process group was killed]\n",
        );
    }
    Output {
        text,
        truncated: left_out > 0 || !is_read,
        changes: None,
    }
}

fn described(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return format!("killed by signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "ended without an exit code".to_owned(),
    }
}
