//! A call as spans: one for itself by the GenAI semantic conventions of OpenTelemetry
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>), one below it for each attempt, whose phases are
//! its events. What the conventions have no name for begins with `alipes.`.
//!
//! A trace has the digits of the call's id, so that one leads to the other.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use alipes_base::Rng;
use alipes_store::{AskedRecord, AttemptRecord, CallRecord, FaultRecord};
use opentelemetry::trace::{
    Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use url::Url;

use crate::style::one_line;

/// The longest text from elsewhere, in characters.
const LONGEST: usize = 400;

/// What a call asks a model for, whatever the dialect.
const OPERATION: &str = "chat";

/// The spans of a call, its own first; none of a question that was asked beside turns and of no model.
pub(super) fn of(call: &CallRecord, rng: &Rng) -> Vec<SpanData> {
    let tried = || call.attempts.iter().filter(|one| one.number > 0);
    if call.asked.is_empty() || call.auxiliary && tried().any(|one| one.phases.is_empty()) {
        return Vec::new();
    }
    let trace = trace_id(&call.id, rng);
    let whole = whole(call, context(trace, rng));
    let parent = whole.span_context.span_id();
    let attempts = tried().map(|one| attempt(call, one, (context(trace, rng), parent)));
    let attempts: Vec<SpanData> = attempts.collect();
    [vec![whole], attempts].concat()
}

fn whole(call: &CallRecord, context: SpanContext) -> SpanData {
    let asked = call.last_asked();
    let model = asked.map_or("", |asked| bare(&asked.model));
    let mut attributes = Attributes::default();
    attributes.put("gen_ai.operation.name", OPERATION);
    attributes.put("gen_ai.request.model", model);
    attributes.asked(asked);
    if !call.conversation.is_empty() {
        attributes.put("gen_ai.conversation.id", call.conversation.as_str());
    }
    if let Some(usage) = &call.usage {
        for (name, tokens) in [
            ("gen_ai.usage.input_tokens", usage.input_tokens),
            ("gen_ai.usage.output_tokens", usage.output_tokens),
            (
                "gen_ai.usage.cache_read.input_tokens",
                usage.cached_input_tokens,
            ),
        ] {
            attributes.count(name, tokens);
        }
    }
    attributes.put("alipes.call.id", call.id.as_str());
    attributes.put("alipes.front", call.front.as_str());
    attributes.put("alipes.end", call.end.as_str());
    if let Some(client) = &call.client {
        attributes.put("alipes.client", client.as_str());
    }
    attributes.fault(call.final_fault());
    SpanData {
        span_kind: SpanKind::Client,
        status: status(call.final_fault()),
        ..span(
            call,
            context,
            format!("{OPERATION} {}", clean(model)),
            (0, call.took_us),
            attributes,
        )
    }
}

fn attempt(
    call: &CallRecord,
    attempt: &AttemptRecord,
    (context, parent): (SpanContext, SpanId),
) -> SpanData {
    let mut attributes = Attributes::default();
    attributes.asked(call.asked.get(attempt.asked));
    attributes.put("alipes.route", attempt.route.as_str());
    attributes.put("alipes.end", attempt.end.as_str());
    attributes.count("http.request.resend_count", u64::from(attempt.number - 1));
    if let Some(connection) = &attempt.connection {
        if let Ok(peer) = connection.remote_addr.parse::<SocketAddr>() {
            attributes.put("network.peer.address", peer.ip().to_string());
            attributes.count("network.peer.port", u64::from(peer.port()));
        }
        attributes.put("alipes.egress", connection.egress.as_str());
        if let Some((name, version)) = connection.protocol.split_once('/') {
            attributes.put("network.protocol.name", name.to_lowercase());
            attributes.put("network.protocol.version", version);
        }
    }
    if let Some(reaction) = &attempt.reaction {
        attributes.put("alipes.reaction", reaction.as_str());
    }
    attributes.fault(attempt.fault.as_ref());
    let phases = attempt.phases.iter().map(|phase| {
        let took = KeyValue::new("alipes.took_us", whole_number(phase.took_us));
        let at = at(call, phase.begun_us);
        Event::new(clean(&phase.phase), at, vec![took], 0)
    });
    let mut events = SpanEvents::default();
    events.events = phases.collect();
    SpanData {
        parent_span_id: parent,
        span_kind: SpanKind::Client,
        events,
        status: status(attempt.fault.as_ref()),
        ..span(
            call,
            context,
            format!("attempt {}", clean(&attempt.route)),
            (attempt.begun_us, attempt.took_us),
            attributes,
        )
    }
}

/// A span that lies so many microseconds after the call's beginning, and is so long.
fn span(
    call: &CallRecord,
    span_context: SpanContext,
    name: String,
    (begun_us, took_us): (u64, u64),
    attributes: Attributes,
) -> SpanData {
    SpanData {
        span_context,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: at(call, begun_us),
        end_time: at(call, begun_us.saturating_add(took_us)),
        attributes: attributes.0,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("alipes")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

fn at(call: &CallRecord, after_us: u64) -> SystemTime {
    let begun = Duration::from_millis(call.begun_ms) + Duration::from_micros(after_us);
    let at = SystemTime::UNIX_EPOCH.checked_add(begun);
    at.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn status(fault: Option<&FaultRecord>) -> Status {
    fault.map_or(Status::Unset, |fault| Status::error(clean(&fault.cause)))
}

/// The digits of the call's id, or others where it has none.
fn trace_id(id: &str, rng: &Rng) -> TraceId {
    let digits = id.strip_prefix("call_").and_then(|digits| digits.get(..32));
    let told = digits.and_then(|digits| TraceId::from_hex(digits).ok());
    let told = told.filter(|id| *id != TraceId::INVALID);
    told.unwrap_or_else(|| {
        let digits = rng.uuid().replace('-', "");
        TraceId::from_hex(&digits).unwrap_or(TraceId::INVALID)
    })
}

fn context(trace: TraceId, rng: &Rng) -> SpanContext {
    let id = rng.below(u64::MAX - 1) + 1;
    let span = SpanId::from_bytes(id.to_be_bytes());
    SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE)
}

/// A model's own name, without its provider's.
fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, name)| name)
}

fn clean(text: &str) -> String {
    one_line(text, LONGEST)
}

fn whole_number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn put(&mut self, name: &'static str, text: impl AsRef<str>) {
        let text = Value::from(clean(text.as_ref()));
        self.0.push(KeyValue::new(name, text));
    }

    fn count(&mut self, name: &'static str, count: u64) {
        self.0.push(KeyValue::new(name, whole_number(count)));
    }

    /// Who was asked, and where.
    fn asked(&mut self, asked: Option<&AskedRecord>) {
        let Some(asked) = asked else {
            return;
        };
        self.put("gen_ai.provider.name", provider(&asked.model));
        self.put("alipes.endpoint", &asked.endpoint);
        let Ok(url) = Url::parse(&asked.url) else {
            return;
        };
        if let Some(host) = url.host_str() {
            self.put("server.address", host);
        }
        if let Some(port) = url.port_or_known_default() {
            self.count("server.port", u64::from(port));
        }
    }

    fn fault(&mut self, fault: Option<&FaultRecord>) {
        let Some(fault) = fault else {
            return;
        };
        self.put("error.type", &fault.cause);
        self.put("alipes.phase", &fault.phase);
        self.put("alipes.blame", &fault.blame);
        if let Some(status) = fault.status {
            self.count("http.response.status_code", u64::from(status));
        }
    }
}

/// A provider as the conventions know it, or by our own name.
fn provider(model: &str) -> &str {
    match model.split_once('/').map_or("", |(provider, _)| provider) {
        "openai-codex" => "openai",
        "gemini" => "gcp.gemini",
        "xai" => "x_ai",
        "mistral" => "mistral_ai",
        other => other,
    }
}

#[cfg(test)]
mod tests;
