//! What happens on the wire, in words.

use std::time::Duration;

use alipes_transport::{Reaction, Trace};

use crate::style::seconds;

/// What is done about a fault, in words.
pub(crate) fn remedy(reaction: Reaction) -> String {
    match reaction {
        Reaction::SameRoute { backoff } if backoff.is_zero() => "trying again".to_owned(),
        Reaction::SameRoute { backoff } => format!("trying again within {}", seconds(backoff)),
        Reaction::Wait { length } => format!("trying again in {}", seconds(length)),
        Reaction::OtherRoute => "going the other way".to_owned(),
        Reaction::DropReasoning => "asking again without the reasoning".to_owned(),
        Reaction::RefreshCredential => "asking for a newer key".to_owned(),
        Reaction::ShrinkContext => "asking again with less".to_owned(),
        _ => "nothing more to try".to_owned(),
    }
}

/// That a request is sent a second time, in words.
pub(crate) fn hedged(limit: &str, waited: Duration) -> String {
    format!(
        "still waiting for {} after {}; asking once more beside it, the first answer counts",
        awaited(limit),
        seconds(waited)
    )
}

/// The limits' names as people say them.
pub(crate) fn awaited(limit: &str) -> &str {
    match limit {
        "first_event" => "the first sign of life",
        "first_output" => "the first output",
        "output" => "more output",
        "reasoning" => "the model, which reasons",
        "either" => "an answer to either request",
        "pong" => "the answer to a ping",
        "resolve" => "the host's address",
        "connect" => "a connection",
        "proxy" => "the proxy",
        "tls" => "a secure connection",
        "upgrade" => "the WebSocket",
        "app_server" => "the Codex CLI to start",
        "app_server_thread" => "the Codex CLI to take the conversation",
        "queue" => "a place: as many requests as it bears are under way",
        other => other,
    }
}

/// A step on the wire, in words; `None` where another line says it.
pub(crate) fn step(trace: &Trace) -> Option<String> {
    Some(match trace {
        Trace::AttemptStarted {
            attempt,
            endpoint,
            route,
        } => {
            format!("attempt {attempt}: {endpoint} by {route}")
        }
        Trace::NotTried { fault } => {
            format!("{} by {} is not tried", fault.endpoint, fault.route)
        }
        Trace::Connected { facts, .. } if facts.reused => "on the open connection".to_owned(),
        Trace::Connected { facts, .. } => {
            let took = seconds(facts.timings.total());
            format!(
                "connected to {} ({}) in {took}",
                facts.remote_addr,
                facts.way()
            )
        }
        Trace::Sent {
            bytes, delta: true, ..
        } => format!("sending {bytes} bytes: only what is new"),
        Trace::Sent {
            bytes,
            compressed: Some(compressed),
            ..
        } => format!("sending {bytes} bytes, compressed to {compressed}"),
        Trace::Sent { bytes, .. } => format!("sending {bytes} bytes"),
        Trace::Probed { took, .. } => format!(
            "a second connection stands after {}: the way is open, the answer is slow",
            seconds(*took)
        ),
        Trace::FirstEvent { after, .. } => format!("first sign of life after {}", seconds(*after)),
        Trace::HeldBack { .. } => {
            "the answer came all at once: something on the way, antivirus or a \
            proxy, holds answers back; silence is borne with from now on"
                .to_owned()
        }
        Trace::AttemptLost {
            attempt,
            fault: None,
            took,
        } => format!(
            "attempt {attempt} left after {}: another one answered",
            seconds(*took)
        ),
        Trace::AttemptDone {
            attempt,
            route,
            took,
        } => {
            format!("attempt {attempt} done by {route} in {}", seconds(*took))
        }
        _ => return None,
    })
}
