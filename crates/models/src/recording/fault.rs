//! Faults and connections as records hold them. Every text is bounded.

use std::time::Duration;

use alipes_net::{ConnectionFacts, Protocol};
use alipes_store::{ConnectionRecord, FaultRecord};
use alipes_transport::{Cause, Fault, Phase};

use super::written::micros;

/// The longest text of a fault but for the provider's own words, in bytes.
const LONGEST: usize = 600;

/// The longest of the provider's own words, in bytes.
const LONGEST_MESSAGE: usize = 2_100;

pub(super) fn of_fault(fault: &Fault) -> FaultRecord {
    let evidence = &fault.evidence;
    let text = |text: &Option<String>| text.as_deref().map(|text| cut(text, LONGEST));
    FaultRecord {
        phase: fault.phase.as_str().to_owned(),
        cause: fault.cause.as_str().to_owned(),
        blame: fault.blame().as_str().to_owned(),
        scope: fault.scope().as_str().to_owned(),
        message: fault
            .message
            .as_deref()
            .map(|message| cut(message, LONGEST_MESSAGE)),
        limit: fault.limit.map(|limit| limit.limit.to_owned()),
        limit_us: fault.limit.map(|limit| micros(limit.length)),
        retry_after_us: fault.retry_after.map(micros),
        status: evidence.status,
        code: text(&evidence.code),
        server: text(&evidence.server),
        cf_ray: text(&evidence.cf_ray),
        cf_mitigated: text(&evidence.cf_mitigated),
        request_id: text(&evidence.request_id),
        close_code: evidence.close_code,
        egress: text(&evidence.egress),
        unused_proxy: text(&evidence.unused_proxy),
        remote_addr: evidence.remote_addr.map(|address| address.to_string()),
        source: text(&evidence.source),
        body: text(&evidence.body),
    }
}

/// What an attempt was overdue with, by the name of the limit, when another one was sent beside it;
/// nothing where that says no more than that the other end was asked for a sign of life.
pub(super) fn overdue(limit: &'static str, waited: Duration) -> Option<FaultRecord> {
    let (phase, cause) = match limit {
        "first_event" => (Phase::Headers, Cause::Silent),
        "first_output" => (Phase::FirstOutput, Cause::Silent),
        "reasoning" | "output" => (Phase::Stream, Cause::Stalled),
        _ => return None,
    };
    Some(FaultRecord {
        phase: phase.as_str().to_owned(),
        cause: cause.as_str().to_owned(),
        blame: cause.blame().as_str().to_owned(),
        scope: cause.scope().as_str().to_owned(),
        limit: Some(limit.to_owned()),
        limit_us: Some(micros(waited)),
        ..FaultRecord::default()
    })
}

pub(super) fn of_connection(facts: &ConnectionFacts) -> ConnectionRecord {
    let tls = facts.tls.as_ref();
    ConnectionRecord {
        remote_addr: facts.remote_addr.to_string(),
        egress: cut(&facts.way(), LONGEST),
        unused_proxy: facts.unused_proxy.as_ref().map(ToString::to_string),
        protocol: match facts.protocol {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Http2 => "HTTP/2",
        }
        .to_owned(),
        tls: tls.map_or("", |tls| tls.version).to_owned(),
        key_exchange: tls.map_or("", |tls| tls.key_exchange).to_owned(),
        reused: facts.reused,
    }
}

/// The beginning of a text.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.floor_char_boundary(longest) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}
