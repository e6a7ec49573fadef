//! What is counted, and how it is told: the text format of Prometheus (version 0.0.4).
//!
//! No label is a client's own word: each has a few values that are known when this is compiled, so
//! that nobody can make the page grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_transport::Cause;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::server::Shared;

/// The paths that are told apart.
const PATHS: [&str; 9] = [
    "/healthz",
    "/metrics",
    "/readyz",
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/models",
    "/v1/responses",
    "/v1/responses/compact",
];

/// The upper ends of what waits for the first output are sorted by, in milliseconds.
const WAITS: [u64; 9] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 90_000];

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    responses: Mutex<BTreeMap<(&'static str, u16), u64>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    pub(crate) attempts: Count,
    pub(crate) next_providers: Count,
    ends: [Count; 3],
    begun: Count,
    waits: [Count; WAITS.len() + 1],
    waited_ms: Count,
    connections: [Count; 2],
    pub(crate) turned_away: Count,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client has all of it.
    Whole,
    /// A fault ended it.
    Failed,
    /// The client went away, or the server ended.
    Left,
}

const ENDS: [(&str, End); 3] = [
    ("whole", End::Whole),
    ("failed", End::Failed),
    ("left", End::Left),
];

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    pub(crate) fn responded(&self, path: &str, status: StatusCode) {
        let path = PATHS.into_iter().find(|known| *known == path);
        let key = (path.unwrap_or("other"), status.as_u16());
        *locked(&self.responses).entry(key).or_default() += 1;
    }

    pub(crate) fn fault(&self, cause: Cause) {
        *locked(&self.faults).entry(cause.as_str()).or_default() += 1;
    }

    pub(crate) fn answer_begun(&self) {
        self.begun.add(1);
    }

    pub(crate) fn answer_ended(&self, end: End) {
        self.ends[end as usize].add(1);
    }

    /// There was output, after so long.
    pub(crate) fn first_output(&self, after: Duration) {
        let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let at = WAITS.iter().position(|wait| ms <= *wait);
        self.waits[at.unwrap_or(WAITS.len())].add(1);
        self.waited_ms.add(ms);
    }

    pub(crate) fn connection(self: &Arc<Self>) -> impl Drop + use<> {
        self.connections[0].add(1);
        Connection(Arc::clone(self))
    }

    /// The page.
    fn page(&self) -> String {
        let mut page = Page::default();
        page.family(
            "http_responses_total",
            "counter",
            "Responses by path and status.",
        );
        for ((path, status), count) in locked(&self.responses).iter() {
            let labels = format!("{{path=\"{path}\",status=\"{status}\"}}");
            page.line("http_responses_total", &labels, count);
        }
        page.family("attempts_total", "counter", "Attempts at providers.");
        page.line("attempts_total", "", self.attempts.get());
        page.family(
            "attempt_faults_total",
            "counter",
            "Faults of attempts by cause.",
        );
        for (cause, count) in locked(&self.faults).iter() {
            page.line(
                "attempt_faults_total",
                &format!("{{cause=\"{cause}\"}}"),
                count,
            );
        }
        let about = "Times that another account or provider was asked.";
        page.family("next_providers_total", "counter", about);
        page.line("next_providers_total", "", self.next_providers.get());
        page.family("answers_total", "counter", "Answers by how they ended.");
        for (name, end) in ENDS {
            let count = self.ends[end as usize].get();
            page.line("answers_total", &format!("{{end=\"{name}\"}}"), count);
        }
        let ended = self.ends.iter().map(Count::get).sum();
        page.family("answers_under_way", "gauge", "Answers under way.");
        page.line(
            "answers_under_way",
            "",
            self.begun.get().saturating_sub(ended),
        );
        let [opened, closed] = self.connections.each_ref().map(Count::get);
        page.family("connections", "gauge", "Open connections.");
        page.line("connections", "", opened.saturating_sub(closed));
        let about = "Connections that found no place.";
        page.family("turned_away_total", "counter", about);
        page.line("turned_away_total", "", self.turned_away.get());
        self.waits(&mut page);
        page.0
    }

    fn waits(&self, page: &mut Page) {
        let name = "first_output_seconds";
        page.family(name, "histogram", "From the request to the first output.");
        let mut sum = 0;
        let ends = WAITS.map(|ms| (ms as f64 / 1_000.0).to_string());
        let ends = ends.iter().map(String::as_str).chain(["+Inf"]);
        for (end, count) in ends.zip(&self.waits) {
            sum += count.get();
            page.line(&format!("{name}_bucket"), &format!("{{le=\"{end}\"}}"), sum);
        }
        let waited = self.waited_ms.get() as f64 / 1_000.0;
        page.line(&format!("{name}_sum"), "", waited);
        page.line(&format!("{name}_count"), "", sum);
    }
}

/// A connection that is counted as open.
struct Connection(Arc<Metrics>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections[1].add(1);
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, about: &str) {
        let _infallible = write!(
            self.0,
            "# HELP alipes_serve_{name} {about}\n# TYPE alipes_serve_{name} {kind}\n"
        );
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _infallible = writeln!(self.0, "alipes_serve_{name}{labels} {value}");
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers `GET /metrics`.
pub(crate) async fn page(State(shared): State<Arc<Shared>>) -> Response {
    let mut page = Page(shared.metrics.page());
    let about = "Bytes of memory that requests under way take.";
    page.family("body_bytes", "gauge", about);
    page.line("body_bytes", "", shared.room.taken());
    let mut response = Response::new(page.0.into());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_make_the_page_grow() {
        let metrics = Metrics::default();
        metrics.responded("/v1/models", StatusCode::OK);
        let length = {
            metrics.responded("/a", StatusCode::NOT_FOUND);
            metrics.page().lines().count()
        };
        for number in 0..1_000 {
            metrics.responded(&format!("/{number}"), StatusCode::NOT_FOUND);
        }
        assert_eq!(metrics.page().lines().count(), length);
    }

    #[test]
    fn waits_add_up() {
        let metrics = Metrics::default();
        for ms in [50, 100, 101, 1_000_000] {
            metrics.first_output(Duration::from_millis(ms));
        }
        let page = metrics.page();
        for line in [
            "first_output_seconds_bucket{le=\"0.1\"} 2",
            "first_output_seconds_bucket{le=\"0.25\"} 3",
            "first_output_seconds_bucket{le=\"90\"} 3",
            "first_output_seconds_bucket{le=\"+Inf\"} 4",
            "first_output_seconds_count 4",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
