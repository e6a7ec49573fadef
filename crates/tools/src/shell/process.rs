//! `process` and `process_input`: what goes on in the background.
//!
//! Two tools, because looking at a process and ending it changes nothing that its start did not
//! put up with, while a line written to a shell or a prompt is as good as a command.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::background::Process;
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::{Context, Effect, Output, Preview, Subject, ToolError, ToolSpec, text};

/// Longest wait for output, in seconds.
const WAIT_SECONDS: u64 = 120;

/// How long a killed process may take to be gone.
const KILL: Duration = Duration::from_secs(5);

/// Longest command in a list, in characters.
const COMMAND_CHARS: usize = 100;

/// Most bytes written at once.
const INPUT_BYTES: usize = 64 * 1024;

/// Looks, waits, ends.
pub(crate) struct LookAtProcess;

impl Work for LookAtProcess {
    const EFFECT: Effect = Effect::Reads;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "process",
            description: "Background processes that `shell` started: without id the list; with id its output.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "since": {"type": "integer", "minimum": 0, "description": "output after that position; default: the end of it"},
                    "wait_seconds": {"type": "integer", "minimum": 1, "maximum": WAIT_SECONDS, "description": "for new output or the end"},
                    "kill": {"type": "boolean"}
                },
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        let action = match input.get("kill") {
            Some(Value::Bool(true)) => "end process",
            _ => "look at process",
        };
        match input.get("id") {
            None | Some(Value::Null) => "list background processes".to_owned(),
            Some(id) => format!("{action} {id}"),
        }
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let since = input.optional_number("since", 0..=u64::MAX)?;
        let wait = input.optional_number("wait_seconds", 1..=WAIT_SECONDS)?;
        let kill = input.flag("kill")?;
        let Some(process) = known(&mut input, context)? else {
            return Ok(list(context));
        };
        if kill {
            process.kill();
            // One that the system cannot end is shown as running.
            let _ = timeout(KILL, process.end()).await;
        }
        if let Some(seconds) = wait {
            let length = Duration::from_secs(seconds);
            let until = context
                .deadline
                .tightened(&context.clock, "wait_seconds", length);
            let seen = since.unwrap_or_else(|| process.written());
            let _ = tokio::time::timeout_at(until.at(), process.beyond(seen)).await;
        }
        Ok(shown(&process, since, context))
    }
}

/// Writes to its input.
pub(crate) struct WriteToProcess;

impl Work for WriteToProcess {
    const EFFECT: Effect = Effect::Executes;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "process_input",
            description: "Write to the stdin of a background process.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "input": {"type": "string", "description": "as it is: end a line with \\n"},
                    "close": {"type": "boolean", "description": "no more comes after that"}
                },
                "required": ["id"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        let id = input.get("id").unwrap_or(&Value::Null);
        match peek(input, "input") {
            Some(line) => format!("write \"{line}\" to process {id}"),
            None => format!("close the input of process {id}"),
        }
    }

    fn subject(input: &Value) -> Subject {
        let mut text = peek(input, "input").unwrap_or_default().to_owned();
        // A program takes the end for the end of its last line.
        if input.get("close") == Some(&Value::Bool(true)) {
            text.push('\n');
        }
        Subject {
            input: Some(text),
            process: input.get("id").and_then(Value::as_u64),
            ..Subject::default()
        }
    }

    async fn preview(mut input: Input, context: &Context) -> Result<Preview, ToolError> {
        let (line, close, process) = asked_for(&mut input, context)?;
        let command = text::one_line(&process.command, usize::MAX);
        let closed = if close { ", and close its input" } else { "" };
        // In one line it can be seen; and without it a program may go on waiting.
        let is_open = line.contains('\n') && !line.ends_with('\n');
        let open = if is_open {
            ", the last without its end,"
        } else {
            ""
        };
        let to = format!("{open} to process {} ({command}){closed}", process.id);
        Ok(match line.is_empty() {
            true => Preview::default(),
            false => Preview::of_text("write", &line, &to),
        })
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let (line, close, process) = asked_for(&mut input, context)?;
        let seen = process.written();
        if !line.is_empty() {
            process
                .write(line.as_bytes())
                .await
                .map_err(|reason| ToolError::Io {
                    action: "write to",
                    path: format!("process {}", process.id),
                    reason,
                })?;
        }
        if close {
            process.close().await;
        }
        let bytes = text::counted(line.len() as u64, "byte");
        let closed = if close { ", and closed its input" } else { "" };
        Ok(Output {
            text: format!(
                "wrote {bytes} to process {}{closed}; what it says to that: process with since={seen}\n",
                process.id
            ),
            truncated: false,
            changes: None,
        })
    }
}

/// What is written, whether it is the last, and to whom.
fn asked_for(
    input: &mut Input,
    context: &Context,
) -> Result<(String, bool, Arc<Process>), ToolError> {
    let line = input.optional_text("input")?.unwrap_or_default();
    let close = input.flag("close")?;
    if line.len() > INPUT_BYTES || line.is_empty() && !close {
        return Err(input.bad(format!(
            "give 1 to {INPUT_BYTES} bytes of `input`, or `close`"
        )));
    }
    match known(input, context)? {
        Some(process) => Ok((line, close, process)),
        None => Err(input.bad("the field `id` is missing".to_owned())),
    }
}

/// The process that is meant, or none if none was named.
fn known(input: &mut Input, context: &Context) -> Result<Option<Arc<Process>>, ToolError> {
    let Some(id) = input.optional_number("id", 1..=u64::from(u32::MAX))? else {
        return Ok(None);
    };
    match context.workbench.processes.get(id) {
        Some(process) => Ok(Some(process)),
        None => Err(input.bad(format!(
            "there is no process {id}: it ended when its conversation was left, or never was one; \
             `process` without id lists them"
        ))),
    }
}

fn list(context: &Context) -> Output {
    let processes = context.workbench.processes.all();
    let mut text = String::new();
    for process in &processes {
        let (id, state) = (process.id, state(process, context));
        let command = text::one_line(&process.command, COMMAND_CHARS);
        text.push_str(&format!("{id}: {state}: {command}\n"));
    }
    if processes.is_empty() {
        text.push_str(
            "no background processes; earlier ones ended when their conversation was left\n",
        );
    }
    Output {
        text,
        truncated: false,
        changes: None,
    }
}

fn shown(process: &Process, since: Option<u64>, context: &Context) -> Output {
    // First the state: of one that has ended, all output is there.
    let state = state(process, context);
    let reading = process.read(since, &context.redactor);
    let mut text = format!("process {}: {state}\n", process.id);
    if reading.lost > 0 {
        let bytes = text::counted(reading.lost, "byte");
        text.push_str(&format!("[{bytes} before this are not kept any more]\n"));
    }
    match reading.text.is_empty() {
        true => text.push_str("(no new output)"),
        false => text.push_str(&reading.text),
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let more = match reading.more {
        0 => String::new(),
        bytes => format!("{} more now; ", text::counted(bytes, "byte")),
    };
    text.push_str(&format!("[{more}go on with since={}]\n", reading.next));
    Output {
        text,
        truncated: reading.more > 0 || reading.lost > 0,
        changes: None,
    }
}

fn state(process: &Process, context: &Context) -> String {
    match process.ended() {
        None => {
            let running = context.clock.since(process.started).as_secs();
            format!("running for {running} s")
        }
        Some((how, at)) => {
            let ran = at.saturating_duration_since(process.started).as_secs();
            format!("{how} after {ran} s")
        }
    }
}
