//! What happens on the wire, as JSON: attempts, and the faults that they end in.

use alipes_transport::{Fault, Trace};
use serde_json::{Value, json};

/// An event of an attempt; nothing where no program would miss it.
pub(super) fn trace_value(trace: &Trace) -> Option<Value> {
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
        ended => return ended_value(ended),
    })
}

/// How attempts ended, and what came of that.
fn ended_value(trace: &Trace) -> Option<Value> {
    Some(match trace {
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

pub(super) fn fault_value(fault: &Fault) -> Value {
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
