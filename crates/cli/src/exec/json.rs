//! `--json`: what happens, one JSON object a line, for programs.

use std::io;

use alipes_agent::{Answer, ProjectFile, SummedUpBy, TurnError, TurnEvent};
use alipes_tools::Effect;
use alipes_transport::{Fault, Trace};
use serde_json::{Value, json};

use super::screen::{Screen, Started, Told};
use crate::streams::print;

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
    print(&value.to_string())
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
        } => json!({
            "type": "tool.completed", "call_id": call_id, "name": name,
            "outcome": outcome.as_str(), "output": output,
        }),
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
        _ => return None,
    })
}

fn trace_value(trace: &Trace) -> Option<Value> {
    Some(match trace {
        Trace::AttemptStarted {
            attempt,
            endpoint,
            route,
        } => json!({
            "type": "attempt.started", "attempt": attempt, "endpoint": **endpoint, "route": route.as_str(),
        }),
        Trace::NotTried { fault } => json!({
            "type": "attempt.not_tried", "fault": fault_value(fault),
        }),
        Trace::Connected { attempt, facts } => json!({
            "type": "attempt.connected", "attempt": attempt, "remote_addr": facts.remote_addr.to_string(),
            "egress": facts.way(), "reused": facts.reused,
            "took_ms": millis(facts.timings.total()),
        }),
        Trace::Sent {
            attempt,
            bytes,
            compressed,
            delta,
        } => json!({
            "type": "attempt.sent", "attempt": attempt, "bytes": bytes,
            "compressed_bytes": compressed, "delta": delta,
        }),
        Trace::Waiting {
            attempt,
            limit,
            length,
        } => json!({
            "type": "attempt.waiting", "attempt": attempt, "limit": limit, "limit_ms": millis(*length),
        }),
        Trace::Probed { attempt, took } => json!({
            "type": "attempt.probed", "attempt": attempt, "took_ms": millis(*took),
        }),
        Trace::FirstEvent { attempt, after } => json!({
            "type": "attempt.first_event", "attempt": attempt, "after_ms": millis(*after),
        }),
        Trace::HeldBack { attempt } => json!({
            "type": "attempt.held_back", "attempt": attempt,
        }),
        Trace::Hedged {
            attempt,
            beside,
            limit,
            waited,
        } => json!({
            "type": "attempt.hedged", "attempt": attempt, "beside": beside, "limit": limit,
            "waited_ms": millis(*waited),
        }),
        Trace::AttemptLost {
            attempt,
            fault,
            took,
        } => json!({
            "type": "attempt.lost", "attempt": attempt, "took_ms": millis(*took),
            "fault": fault.as_deref().map(fault_value),
        }),
        Trace::AttemptFault {
            attempt,
            fault,
            reaction,
            took,
        } => {
            let mut value = fault_value(fault);
            value["type"] = json!("attempt.fault");
            value["attempt"] = json!(attempt);
            value["took_ms"] = json!(millis(*took));
            value["reaction"] = json!(reaction.as_str());
            if let Some(longest) = reaction.pause() {
                value["again_within_ms"] = json!(millis(longest));
            }
            value
        }
        Trace::AttemptDone {
            attempt,
            route,
            took,
        } => json!({
            "type": "attempt.done", "attempt": attempt, "route": route.as_str(), "took_ms": millis(*took),
        }),
        _ => return None,
    })
}

fn fault_value(fault: &Fault) -> Value {
    let evidence = &fault.evidence;
    json!({
        "endpoint": *fault.endpoint, "route": fault.route.as_str(), "phase": fault.phase.as_str(),
        "cause": fault.cause.as_str(), "blame": fault.blame().as_str(), "scope": fault.scope().as_str(),
        "message": fault.message, "code": evidence.code, "status": evidence.status, "cf_ray": evidence.cf_ray,
        "request_id": evidence.request_id, "close_code": evidence.close_code,
        "remote_addr": evidence.remote_addr.map(|address| address.to_string()),
        "retry_after_ms": fault.retry_after.map(millis),
        "limit": fault.limit.map(|limit| limit.limit),
        "source": evidence.source, "egress": evidence.egress, "unused_proxy": evidence.unused_proxy,
        "advice": fault.cause.advice(),
    })
}

fn millis(length: std::time::Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
