//! `shell`: one command line, run by the system's shell.
//!
//! The command is not confined: it has the rights of the person who runs the program, and the gate
//! is told so. What this file sees to is that it *ends*: the command and what it started form one
//! process group, which is killed at the limit, when the call is dropped, and when the shell has
//! exited. A process that leaves the group (`setsid`) lives on, but does not hold the call up.

mod capture;
mod environment;
#[cfg(not(unix))]
mod group_other;
#[cfg(unix)]
mod group_unix;

use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use alipes_base::Expired;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep_until, timeout};

use self::capture::Capture;
#[cfg(not(unix))]
use self::group_other::Group;
#[cfg(unix)]
use self::group_unix::Group;
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::{Context, Effect, Output, ToolError, ToolSpec};

/// The limit's length in seconds unless the call says otherwise.
const TIMEOUT_SECONDS: u64 = 120;

/// Longest command line in bytes; systems refuse more in one argument (128 KiB on Linux).
const COMMAND_BYTES: usize = 64 * 1024;

/// How long output may still come in after the shell has exited.
const LINGER: Duration = Duration::from_millis(500);

/// The tool.
pub(crate) struct Shell;

impl Work for Shell {
    const EFFECT: Effect = Effect::Executes;
    const CAUTION: Option<&'static str> =
        Some("not confined yet: it runs with your rights and only starts in this folder");

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "shell",
            description: "Run a command with /bin/sh (cmd on Windows) in the working folder, without stdin. \
                Gives the exit code, then stdout and stderr together; the middle of long output is left out. \
                Background processes are killed when the command ends.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "command": {"type": "string"},
                    "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 600, "description": "default 120"}
                },
                "required": ["command"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        format!("run \"{}\"", peek(input, "command").unwrap_or("?"))
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let command = input.text("command")?;
        if command.len() > COMMAND_BYTES || command.contains('\0') {
            return Err(input.bad(format!(
                "`command` must be without NUL and at most {COMMAND_BYTES} bytes; \
                     write a script with `write_file` and run that"
            )));
        }
        let seconds = input.optional_number("timeout_seconds", 1..=600)?;
        let length = Duration::from_secs(seconds.unwrap_or(TIMEOUT_SECONDS));
        let narrowed = Context {
            deadline: context
                .deadline
                .tightened(&context.clock, "timeout_seconds", length),
            ..context.clone()
        };
        execute(&command, &narrowed).await
    }
}

/// How the command came to its end.
enum Ending {
    Exited(ExitStatus),
    TimedOut(Expired),
}

async fn execute(command: &str, context: &Context) -> Result<Output, ToolError> {
    let failed = |action| {
        move |reason| ToolError::Io {
            action,
            path: SHELL[0].to_owned(),
            reason,
        }
    };
    let (mut group, pipes) = Group::start(prepared(command, context)).map_err(failed("start"))?;
    let capture = Capture::default();
    let mut reading = pin!(join_all(pipes.into_iter().map(|pipe| capture.read(pipe))).fuse());

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
    Ok(answer(&ending, &capture, is_read))
}

/// The shell's program and the option before the command line.
#[cfg(not(windows))]
const SHELL: [&str; 2] = ["/bin/sh", "-c"];
#[cfg(windows)]
const SHELL: [&str; 2] = ["cmd", "/C"];

fn prepared(command: &str, context: &Context) -> Command {
    let mut prepared = Command::new(SHELL[0]);
    prepared
        .args([SHELL[1], command])
        .current_dir(context.root.path())
        .env_clear()
        .envs(environment::for_commands(
            &context.environment,
            &context.redactor,
        ));
    prepared
}

fn answer(ending: &Ending, capture: &Capture, is_read: bool) -> Output {
    let (output, left_out) = capture.text();
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
