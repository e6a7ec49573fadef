//! What is counted, and how it is told.
//!
//! No label is a client's own word: each has a few values, known when this is compiled or from the
//! configuration (`attempts`), so that nobody can make the page grow.

mod attempts;
mod histogram;
mod page;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_transport::Trace;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use self::attempts::Attempts;
use self::histogram::Histogram;
use self::page::Page;
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

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    responses: Mutex<BTreeMap<(&'static str, u16), u64>>,
    attempts: Mutex<Attempts>,
    first_outputs: Mutex<Histogram>,
    pub(crate) next_providers: Count,
    ends: [Count; 3],
    begun: Count,
    connections: [Count; 2],
    pub(crate) turned_away: Count,
}

/// Who is being asked in an answer under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whom {
    endpoint: Arc<str>,
    /// The account's number among its provider's.
    pub(crate) account: Option<NonZeroUsize>,
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

    /// Something happened on the wire.
    pub(crate) fn happened(&self, whom: &mut Whom, trace: &Trace) {
        match trace {
            Trace::AttemptStarted {
                endpoint, route, ..
            } => {
                whom.endpoint = Arc::clone(endpoint);
                locked(&self.attempts).begun(endpoint, whom.account, *route);
            }
            Trace::FirstEvent { after, .. } => {
                locked(&self.attempts).first_event(&whom.endpoint, *after);
            }
            Trace::NotTried { fault }
            | Trace::AttemptLost {
                fault: Some(fault), ..
            } => {
                locked(&self.attempts).fault(&fault.endpoint, whom.account, fault.cause);
            }
            Trace::AttemptFault {
                fault, reaction, ..
            } => {
                let mut attempts = locked(&self.attempts);
                attempts.fault(&fault.endpoint, whom.account, fault.cause);
                attempts.reaction(&fault.endpoint, *reaction);
            }
            _ => {}
        }
    }

    pub(crate) fn answer_begun(&self) {
        self.begun.add(1);
    }

    pub(crate) fn answer_ended(&self, end: End) {
        self.ends[end as usize].add(1);
    }

    /// There was output, after so long.
    pub(crate) fn first_output(&self, after: Duration) {
        locked(&self.first_outputs).note(after);
    }

    pub(crate) fn connection(self: &Arc<Self>) -> impl Drop + use<> {
        self.connections[0].add(1);
        Connection(Arc::clone(self))
    }

    fn write(&self, page: &mut Page) {
        let total = "http_responses_total";
        page.family(total, "counter", "Responses by path and status.");
        for ((path, status), count) in locked(&self.responses).iter() {
            let status = status.to_string();
            page.line(total, &[("path", path), ("status", &status)], count);
        }
        locked(&self.attempts).write(page);
        let about = "Times that another account or provider was asked.";
        let next = self.next_providers.get();
        page.only("next_providers_total", "counter", about, next);
        page.family("answers_total", "counter", "Answers by how they ended.");
        for (name, end) in ENDS {
            let count = self.ends[end as usize].get();
            page.line("answers_total", &[("end", name)], count);
        }
        let ended = self.ends.iter().map(Count::get).sum();
        let under_way = self.begun.get().saturating_sub(ended);
        page.only(
            "answers_under_way",
            "gauge",
            "Answers under way.",
            under_way,
        );
        let [opened, closed] = self.connections.each_ref().map(Count::get);
        let open = opened.saturating_sub(closed);
        page.only("connections", "gauge", "Open connections.", open);
        let about = "Connections that found no place.";
        page.only(
            "turned_away_total",
            "counter",
            about,
            self.turned_away.get(),
        );
        let waits = "first_output_seconds";
        page.family(waits, "histogram", "From the request to the first output.");
        locked(&self.first_outputs).write(page, waits, &[]);
    }
}

/// A connection that is counted as open.
struct Connection(Arc<Metrics>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections[1].add(1);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers `GET /metrics`.
pub(crate) async fn page(State(shared): State<Arc<Shared>>) -> Response {
    let mut page = Page::default();
    shared.metrics.write(&mut page);
    let about = "Bytes of memory that requests under way take.";
    page.only("body_bytes", "gauge", about, shared.room.taken());
    let about = "Which program this is.";
    page.family("build_info", "gauge", about);
    page.line("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let mut response = Response::new(page.into_text().into());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(metrics: &Metrics) -> usize {
        let mut page = Page::default();
        metrics.write(&mut page);
        page.into_text().lines().count()
    }

    #[test]
    fn nobody_can_make_the_page_grow() {
        let metrics = Metrics::default();
        metrics.responded("/v1/models", StatusCode::OK);
        metrics.responded("/a", StatusCode::NOT_FOUND);
        let length = lines(&metrics);
        for number in 0..1_000 {
            metrics.responded(&format!("/{number}"), StatusCode::NOT_FOUND);
        }
        assert_eq!(lines(&metrics), length);
    }
}
