//! What all connections share: the scenario and its counts, the keys, the log, clock and dice.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alipes_base::{Clock, Rng};
use http::{HeaderMap, HeaderName, header};
use tokio::time::Instant;

use crate::faults::{FaultInfo, Point, Target};
use crate::issuer::Books;
use crate::seen::{Seen, SeenLog};
use crate::watch::{Watched, watch};
use crate::{Keys, Options, Route, Scenario, Watch};

/// What fits into one TCP segment on most paths: a ClientHello with a post-quantum key share does
/// not (1,486 bytes against 264, measured with our own client).
const SEGMENT: usize = 1_400;

const WEBSOCKET: Target = Target::Route(Route::WebSocket);
const SSE: Target = Target::Route(Route::Sse);

/// The state behind every connection.
#[derive(Debug)]
pub(crate) struct Backend {
    /// Between two deltas of text.
    pub(crate) pace: Duration,
    /// There and back.
    pub(crate) latency: Duration,
    pub(crate) clock: Clock,
    started: Instant,
    seen: SeenLog,
    watched: Mutex<Option<Watched>>,
    rng: Rng,
    rules: Mutex<Rules>,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Rules {
    scenario: Scenario,
    keys: Keys,
    counts: Counts,
}

/// How often each kind of moment has come.
#[derive(Debug, Default)]
struct Counts {
    /// When the first of them came.
    begun: Option<Instant>,
    connections: u64,
    hellos: u64,
    http2: u64,
    sockets: u64,
    handshakes: u64,
    frames: u64,
    sse: u64,
    models: u64,
    authorize: u64,
    token: u64,
    device: u64,
    account: u64,
    other: u64,
}

/// A moment at which a fault may strike.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// A connection has been accepted.
    Accepted,
    /// A ClientHello of so many bytes has been read.
    ClientHello(usize),
    /// HTTP/2 has been agreed on.
    Http2,
    /// A WebSocket upgrade has been asked for.
    Handshake,
    /// A WebSocket is open.
    Socket,
    /// A request has come on a WebSocket.
    Frame,
    /// Any other request.
    Request(Route),
}

impl Backend {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            pace: options.pace,
            latency: options.latency,
            started: options.clock.now(),
            clock: options.clock,
            rng: options.rng,
            seen: SeenLog::default(),
            watched: Mutex::default(),
            books: Mutex::default(),
            rules: Mutex::new(Rules {
                scenario: options.scenario,
                keys: options.keys,
                counts: Counts::default(),
            }),
        }
    }

    /// Starts another scenario, at its first attempt.
    pub(crate) fn set_scenario(&self, scenario: Scenario) {
        let mut rules = self.rules();
        rules.scenario = scenario;
        rules.counts = Counts::default();
    }

    pub(crate) fn set_keys(&self, keys: Keys) {
        self.rules().keys = keys;
    }

    /// Counts the moment, and tells the fault that is due at it.
    pub(crate) fn strike(&self, moment: Moment) -> Option<&'static FaultInfo> {
        let mut rules = self.rules();
        let counts = &mut rules.counts;
        let begun = *counts.begun.get_or_insert_with(|| self.clock.now());
        let count = counts.of(moment);
        *count += 1;
        let count = *count;
        let on_either = counts.sse + counts.handshakes;
        let after = self.clock.since(begun);
        rules.scenario.due(after, |fault| {
            let counted = match fault.route {
                Target::AnyRoute => on_either,
                _ => count,
            };
            moment.is_of(fault).then_some(counted)
        })
    }

    /// Takes a request into the log.
    pub(crate) fn saw(&self, mut seen: Seen) {
        seen.after = self.clock.since(self.started);
        if let Some(watched) = &*self.watched() {
            watched.tell(&seen);
        }
        self.seen.push(seen);
    }

    /// The last requests, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.all()
    }

    pub(crate) fn watch(&self) -> Watch {
        let (watched, watch) = watch();
        *self.watched() = Some(watched);
        watch
    }

    /// Whether the request carries a key that is accepted.
    pub(crate) fn accepts(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        // Clients of the Messages dialect have their own header.
        let key = bearer.or_else(|| text(HeaderName::from_static("x-api-key")));
        match (&self.rules().keys, key) {
            (Keys::Any, _) => true,
            (Keys::Exactly(keys), Some(key)) => keys.iter().any(|accepted| accepted == key),
            (Keys::Issued, Some(key)) => self.books().accepts(key, self.now()),
            (_, None) => false,
        }
    }

    /// What the issuer remembers.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_ms() / 1_000
    }

    /// A new identifier, such as `resp_…`.
    pub(crate) fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.rng.uuid().replace('-', ""))
    }

    fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moment {
    /// Whether this is where the fault strikes.
    fn is_of(self, fault: &FaultInfo) -> bool {
        let (target, point) = (fault.route, fault.point);
        match self {
            Self::Accepted => target == Target::Connection,
            Self::ClientHello(bytes) => {
                target == Target::Tls && (point == Point::ClientHello || bytes > SEGMENT)
            }
            Self::Http2 => target == Target::Http2,
            Self::Handshake => {
                point == Point::Headers && matches!(target, Target::AnyRoute | WEBSOCKET)
            }
            Self::Socket => target == WEBSOCKET && point == Point::Open,
            Self::Frame => target == WEBSOCKET && !matches!(point, Point::Headers | Point::Open),
            Self::Request(Route::Sse) => matches!(target, Target::AnyRoute | SSE),
            Self::Request(route) => target == Target::Route(route),
        }
    }
}

impl Counts {
    fn of(&mut self, moment: Moment) -> &mut u64 {
        match moment {
            Moment::Accepted => &mut self.connections,
            Moment::ClientHello(_) => &mut self.hellos,
            Moment::Http2 => &mut self.http2,
            Moment::Handshake => &mut self.handshakes,
            Moment::Socket => &mut self.sockets,
            Moment::Frame => &mut self.frames,
            Moment::Request(Route::Sse | Route::WebSocket) => &mut self.sse,
            Moment::Request(Route::Models) => &mut self.models,
            Moment::Request(Route::Authorize) => &mut self.authorize,
            Moment::Request(Route::Token) => &mut self.token,
            Moment::Request(Route::Device) => &mut self.device,
            Moment::Request(Route::Account) => &mut self.account,
            Moment::Request(Route::Other) => &mut self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(flags: &[&str]) -> Backend {
        let scenario = Scenario::from_flags(flags).unwrap();
        Backend::new(Options {
            scenario,
            ..Options::local(Clock::system(), Rng::seeded(1))
        })
    }

    fn strike(backend: &Backend, moment: Moment) -> Option<&'static str> {
        backend.strike(moment).map(|fault| fault.name)
    }

    #[test]
    fn each_route_counts_its_own_attempts() {
        let backend = backend(&[
            "sse-500@2",
            "websocket-refused-403@1",
            "websocket-cut-after-text@1",
        ]);
        let sse = Moment::Request(Route::Sse);
        assert_eq!(strike(&backend, Moment::Accepted), None);
        assert_eq!(
            strike(&backend, Moment::Handshake),
            Some("websocket-refused-403")
        );
        assert_eq!(strike(&backend, sse), None);
        assert_eq!(strike(&backend, sse), Some("sse-500"));
        assert_eq!(strike(&backend, Moment::Handshake), None);
        assert_eq!(
            strike(&backend, Moment::Frame),
            Some("websocket-cut-after-text")
        );
        assert_eq!(strike(&backend, Moment::Frame), None);
    }

    #[test]
    fn a_fault_of_either_route_counts_both_together() {
        let backend = backend(&["401@2"]);
        assert_eq!(strike(&backend, Moment::Handshake), None);
        assert_eq!(strike(&backend, Moment::Frame), None);
        assert_eq!(strike(&backend, Moment::Request(Route::Sse)), Some("401"));
        assert_eq!(strike(&backend, Moment::Handshake), None);
    }

    #[tokio::test(start_paused = true)]
    async fn time_counts_from_the_first_connection_of_a_scenario() {
        let sse = Moment::Request(Route::Sse);
        let backend = backend(&["sse-500@2s-9s"]);
        for _ in 0..2 {
            // Nothing has begun: however long that lasts, it does not count.
            tokio::time::advance(Duration::from_secs(60)).await;
            assert_eq!(strike(&backend, Moment::Accepted), None);
            for (second, expected) in [(2, Some("sse-500")), (9, None), (10, None)] {
                let begun = backend.rules().counts.begun.unwrap();
                tokio::time::sleep_until(begun + Duration::from_secs(second)).await;
                assert_eq!(strike(&backend, sse), expected, "{second} s");
            }
            backend.set_scenario(Scenario::from_flags(["sse-500@2s-9s"]).unwrap());
        }
    }

    #[test]
    fn a_new_scenario_starts_at_its_first_attempt() {
        let backend = backend(&[]);
        assert_eq!(strike(&backend, Moment::Handshake), None);
        backend.set_scenario(Scenario::from_flags(["challenge@1"]).unwrap());
        assert_eq!(strike(&backend, Moment::Handshake), Some("challenge"));
    }
}
