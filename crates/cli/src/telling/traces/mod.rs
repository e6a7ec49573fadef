//! Traces for a receiver of OpenTelemetry, sent by OTLP (HTTP with protobuf) to where `OTEL_EXPORTER_OTLP_ENDPOINT` or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` says.
//!
//! They leave this machine by the same decision as every other call of ours, so a receiver behind a proxy is found as a
//! provider is. Nothing is tried again: traces are for looking on, and the records stay in the store.

mod out;
mod span;

use alipes_base::{Clock, Environment, Rng};
use alipes_net::HttpClient;
use alipes_store::CallRecord;
use opentelemetry::Key;
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;

use super::Listener;
use out::Out;

/// The variables that name the receiver (OpenTelemetry Protocol Exporter specification).
const RECEIVERS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// A receiver of traces.
pub(crate) struct Traces {
    exporter: SpanExporter,
    runtime: tokio::runtime::Runtime,
    rng: Rng,
}

/// Whether the environment names a receiver.
pub(crate) fn is_wanted(environment: &Environment) -> bool {
    RECEIVERS
        .iter()
        .any(|name| environment.text(name).is_some())
}

impl Traces {
    /// The receiver that the environment names.
    ///
    /// # Errors
    /// If what is named is no address.
    pub(crate) fn new(http: HttpClient, clock: Clock, rng: Rng) -> anyhow::Result<Self> {
        let builder = SpanExporter::builder().with_http();
        let mut exporter = builder.with_http_client(Out { http, clock }).build()?;
        exporter.set_resource(&resource());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            exporter,
            runtime,
            rng,
        })
    }
}

/// Who we are: by our own name, where `OTEL_SERVICE_NAME` gives no other.
fn resource() -> Resource {
    let told = Resource::builder().build();
    let name = told.get_ref(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    match is_named {
        true => told,
        false => Resource::builder().with_service_name("alipes").build(),
    }
}

impl Listener for Traces {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn tell(&mut self, calls: &[CallRecord]) -> Result<(), String> {
        let spans = calls.iter().flat_map(|call| span::of(call, &self.rng));
        let sent = self.exporter.export(spans.collect());
        let sent = self.runtime.block_on(sent);
        sent.map_err(|error| format!("the receiver cannot be told: {error}"))
    }
}
