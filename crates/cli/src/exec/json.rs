//! `--json`: what happens, one JSON object a line, for programs.

mod trace;

use std::io;

use alipes_agent::{Answer, ProjectFile, SummedUpBy, TurnError, TurnEvent};
use alipes_tools::Effect;
use serde_json::{Value, json};

use super::screen::{Screen, Started, Told};
use crate::streams::print_json;
use trace::{fault_value, trace_value};

/// Writes events as JSON lines on standard output.
pub(crate) struct JsonLines;

impl Screen for JsonLines {
    fn accepts_restart(&self) -> bool {
        true
    }

    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        line(&json!({
            "type": "turn.started", "model": started.model.to_string(),
            "conversation": started.conversation,
            "resumed": started.note, "differs": started.differs,
            "project": started.project.iter().map(project_value).collect::<Vec<_>>(),
        }))
    }

    fn event(&mut self, event: TurnEvent) -> io::Result<()> {
        event_value(&event).map_or(Ok(()), |value| line(&value))
    }

    fn completed(&mut self, answer: &Answer) -> io::Result<()> {
        line(&json!({
            "type": "turn.completed", "text": answer.text, "usage": answer.usage,
            "cached_percent": answer.usage.cached_percent(),
            "attempts": answer.attempts, "steps": answer.steps,
            "context": {
                "tokens": answer.context.tokens, "window": answer.context.window,
                "is_estimate": answer.context.is_estimate,
            },
        }))
    }

    fn failed(&mut self, error: &TurnError) -> io::Result<Told> {
        let fault = match error {
            TurnError::Fault(fault) => fault_value(fault),
            _ => Value::Null,
        };
        line(&json!({"type": "turn.failed", "message": error.to_string(), "fault": fault}))?;
        Ok(Told::Yes)
    }

    fn interrupted(&mut self) {
        let _ = line(&json!({"type": "turn.failed", "message": "interrupted", "fault": null}));
    }
}

fn project_value(file: &ProjectFile) -> Value {
    json!({"path": file.path, "bytes": file.bytes, "left_out": file.left_out})
}

fn line(value: &Value) -> io::Result<()> {
    print_json(&value.to_string())
}

fn event_value(event: &TurnEvent) -> Option<Value> {
    Some(match event {
        TurnEvent::TextDelta { delta, .. } => json!({"type": "text.delta", "delta": delta}),
        TurnEvent::ReasoningDelta { delta } => json!({"type": "reasoning.delta", "delta": delta}),
        TurnEvent::Message { text, answer, .. } => {
            json!({"type": "message", "text": text, "answer": answer})
        }
        TurnEvent::Restarted { delivered } => {
            json!({"type": "turn.restarted", "delivered": delivered})
        }
        TurnEvent::NextProvider {
            fault,
            to,
            left_out,
            ..
        } => json!({
            "type": "provider.changed", "to": to.model.to_string(), "account": to.account,
            "left_out": left_out, "fault": fault_value(fault),
        }),
        TurnEvent::StepEnded { by, usage } => json!({
            "type": "step.completed", "model": by.model.to_string(), "account": by.account,
            "usage": usage,
        }),
        TurnEvent::SpentBeside { by, usage } => json!({
            "type": "beside.completed", "model": by.model.to_string(), "account": by.account,
            "usage": usage,
        }),
        TurnEvent::OnRecord { id } => json!({"type": "call.started", "call": id}),
        TurnEvent::SummingUp(used) => json!({
            "type": "context.summing_up", "tokens": used.tokens, "window": used.window,
        }),
        TurnEvent::Compacted(done) => json!({
            "type": "context.compacted", "before": done.before, "after": done.after,
            "by": match done.by {
                SummedUpBy::Provider => "provider",
                SummedUpBy::Model => "model",
                SummedUpBy::Digest => "digest",
            },
        }),
        TurnEvent::Trace(trace) => trace_value(trace)?,
        tools => return tool_value(tools),
    })
}

fn tool_value(event: &TurnEvent) -> Option<Value> {
    Some(match event {
        TurnEvent::ToolStarted {
            call_id,
            name,
            summary,
            effect,
        } => json!({
            "type": "tool.started", "call_id": call_id, "name": name, "summary": summary,
            "effect": effect.map(Effect::as_str),
        }),
        TurnEvent::ToolProgress { call_id, text } => {
            json!({"type": "tool.output", "call_id": call_id, "text": text})
        }
        TurnEvent::ToolCompleted {
            call_id,
            name,
            outcome,
            output,
            ..
        } => json!({
            "type": "tool.completed", "call_id": call_id, "name": name,
            "outcome": outcome.as_str(), "output": output,
        }),
        _ => return None,
    })
}
