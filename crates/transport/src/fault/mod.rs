//! What went wrong, as data.
//!
//! A fault says in which phase an attempt ended, why, and what was seen; what it condemns and who is
//! to blame follow from the cause. Nothing above parses its text: fronts render it, [`crate::react`]
//! reads its fields.

mod causes;
mod evidence;
mod from_api;
mod from_net;
mod from_response;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Expired, Redactor};

pub use causes::{Blame, Cause, Scope};
pub use evidence::Evidence;
pub(crate) use from_api::{of_api_error, of_error_frame};
pub(crate) use from_net::of_net_error;
pub(crate) use from_response::{
    BodyShape, body_shape, of_disguised, of_response, unasked_encoding,
};

use crate::Route;

/// How much of a provider's own words is kept, in bytes.
const MESSAGE_KEPT: usize = 2_000;

/// Where in an attempt it happened, in the order of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a permit to begin.
    Queue,
    /// Getting the credential.
    Credential,
    /// Resolving the name.
    Resolve,
    /// Connecting.
    Connect,
    /// Talking to the proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The WebSocket upgrade.
    Upgrade,
    /// Sending the request.
    Send,
    /// Waiting for the response's head, or the first event.
    Headers,
    /// Waiting for the first output.
    FirstOutput,
    /// Reading the response.
    Stream,
    /// Closing.
    Close,
}

impl Phase {
    /// The name, as traces and messages spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Credential => "credential",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Upgrade => "upgrade",
            Self::Send => "send",
            Self::Headers => "headers",
            Self::FirstOutput => "first-output",
            Self::Stream => "stream",
            Self::Close => "close",
        }
    }
}

/// Whether the request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nothing of it was processed for certain: again, at no cost.
    Free,
    /// It was sent, and nothing was delivered to the reader.
    Allowed,
    /// The reader has seen part of the answer.
    Forbidden,
}

/// Why an attempt did not end in an answer.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Where in the attempt.
    pub phase: Phase,
    /// Why.
    pub cause: Cause,
    /// Whether it may be sent again.
    pub replay: Replay,
    /// How long the server asked us to wait; never shortened.
    pub retry_after: Option<Duration>,
    /// The limit that ended it, where one did.
    pub limit: Option<Expired>,
    /// The provider's own words, where it gave any.
    pub message: Option<String>,
    /// What was seen.
    pub evidence: Box<Evidence>,
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// The route it happened on.
    pub route: Route,
}

impl Fault {
    /// A fault without evidence; the attempt adds what it has seen.
    #[must_use]
    pub fn new(phase: Phase, cause: Cause) -> Self {
        Self {
            phase,
            cause,
            replay: Replay::Allowed,
            retry_after: None,
            limit: None,
            message: None,
            evidence: Box::default(),
            endpoint: Arc::from(""),
            route: Route::Sse,
        }
    }

    /// There is no provider to ask.
    #[must_use]
    pub fn nobody_to_ask() -> Self {
        Self::new(Phase::Queue, Cause::NoCredential)
    }

    /// The same fault, ended by a limit.
    #[must_use]
    pub fn limited(mut self, limit: Expired) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same fault with one more reason behind its message.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        self.message = Some(match self.message.take() {
            Some(message) => format!("{message}; {why}"),
            None => why.to_owned(),
        });
        self
    }

    /// The same fault with every text from outside cleaned: a server may echo a key.
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        let clean = |text: &mut Option<String>, longest: usize| {
            *text = text.take().map(|text| cut(redactor.redact(&text), longest));
        };
        clean(&mut self.message, MESSAGE_KEPT);
        for (text, longest) in self.evidence.texts() {
            clean(text, longest);
        }
        self
    }

    /// Whether the server says that it were too many requests at once. Only its words tell: the
    /// codes are those of every other limit (seen: "max organization concurrency", "concurrent
    /// connections", "too many concurrent requests").
    pub(crate) fn names_concurrency(&self) -> bool {
        let told = [&self.message, &self.evidence.code].into_iter().flatten();
        let mut told = told.map(|text| text.to_ascii_lowercase());
        self.cause == Cause::RateLimited && told.any(|text| text.contains("concurren"))
    }

    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        self.cause.blame()
    }

    /// What else it condemns.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.cause.scope()
    }
}

/// The beginning of a text, in bytes, at a character's border.
fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

/// One line: who, what, where, with the identifiers that a provider's support asks for.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f, self.route.as_str())
    }
}

impl Fault {
    /// The line, with the way it happened on.
    pub(crate) fn tell(&self, f: &mut fmt::Formatter<'_>, way: &str) -> fmt::Result {
        write!(f, "{} {}", self.endpoint, self.cause.meaning())?;
        write!(f, " ({} over {way}", self.phase.as_str())?;
        let evidence = &self.evidence;
        if let Some(status) = evidence.status {
            write!(f, ", status {status}")?;
        }
        if let Some(ray) = &evidence.cf_ray {
            write!(f, ", cf-ray {ray}")?;
        }
        if let Some(id) = &evidence.request_id {
            write!(f, ", request id {id}")?;
        }
        if let Some(code) = evidence.close_code {
            write!(f, ", close code {code}")?;
        }
        if let Some(address) = evidence.remote_addr {
            write!(f, ", {address}")?;
        }
        if let Some(limit) = &self.limit {
            write!(f, ", limit {} of {:?}", limit.limit, limit.length)?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, ", asks to wait {} s", wait.as_secs_f64().ceil())?;
        }
        let suspect = self.cause.may_be_the_way_out();
        let told = |way: &&String| suspect || *way != "direct";
        if let Some(egress) = evidence.egress.as_ref().filter(told) {
            write!(f, ", {egress}")?;
        }
        f.write_str(")")?;
        if let Some(message) = &self.message {
            // Something may follow: a sentence that has ended would not go on.
            let message = message.trim_end().trim_end_matches('.');
            write!(f, ": {message}")?;
        }
        match &evidence.unused_proxy {
            Some(unused) if suspect => write!(f, "; {unused}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use alipes_base::Secret;
    use alipes_wire::ApiError;
    use http::{HeaderMap, HeaderName, StatusCode};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_of_the_providers_does_not_end_in_the_middle_of_the_line() {
        let fault = Fault {
            message: Some("The server had an error. \n".to_owned()),
            ..Fault::new(Phase::Headers, Cause::ServerError)
        };
        let told = format!("{fault}; asking spare/m");
        assert!(
            told.ends_with(": The server had an error; asking spare/m"),
            "{told}"
        );
    }

    const KEY: &str = "key-of-ours-0123456789abcdef";

    /// A fault of every shape in which an error comes, each with our key wherever a text can stand.
    fn echoes() -> Vec<Fault> {
        let now = SystemTime::UNIX_EPOCH;
        let long = format!("{KEY} {}", "x".repeat(20_000));
        let error = json!({"type": KEY, "code": long, "message": long, "param": KEY});
        let bodies = [
            json!({"error": error}),
            json!({"error": long}),
            json!({"detail": long}),
            json!({"code": long, "message": long}),
            json!({"type": "error", "error": {"type": long, "message": long}}),
            json!(long),
        ];
        let names = ["server", "cf-ray", "cf-mitigated", "x-request-id"];
        let headers: HeaderMap = names
            .map(|name| (HeaderName::from_static(name), KEY.parse().unwrap()))
            .into_iter()
            .collect();
        let mut faults = Vec::new();
        for (status, body) in [200, 400, 401, 429, 503]
            .into_iter()
            .flat_map(|status| bodies.iter().map(move |body| (status, body.to_string())))
        {
            let status = StatusCode::from_u16(status).unwrap();
            let phase = Phase::Headers;
            let mut fault = of_response(phase, status, &headers, body.as_bytes(), now);
            fault.evidence.body = Some(body);
            faults.push(fault);
        }
        let api = ApiError::from_body(bodies[0].to_string().as_bytes()).unwrap();
        faults.push(of_api_error(Phase::Stream, &api, now));
        let mut elsewhere = Fault::new(Phase::Connect, Cause::Reset).because(&long);
        elsewhere.evidence.egress = Some(long.clone());
        elsewhere.evidence.unused_proxy = Some(long.clone());
        elsewhere.evidence.source = Some(long);
        faults.push(elsewhere);
        faults
    }

    #[test]
    fn a_key_that_comes_back_in_an_error_is_nowhere_in_the_fault() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new(KEY.to_owned()));
        for fault in echoes() {
            let told = format!("{fault:?}");
            assert!(told.contains(KEY), "it tests nothing: {told}");
            let clean = fault.redacted(&redactor);
            let told = format!("{clean:?} {clean}");
            assert!(!told.contains(KEY), "{told}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_a_code_is_cut() {
        for fault in echoes() {
            let code = fault.redacted(&Redactor::new()).evidence.code;
            let length = code.map_or(0, |code| code.len());
            assert!(length <= evidence::CODE_KEPT + "…".len(), "{length}");
        }
    }
}
