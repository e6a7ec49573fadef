//! Requests: what was asked, whether a fault strikes, and who answers.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, Version, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::Value;

use crate::answers::{self, Answer};
use crate::backend::{Backend, Moment};
use crate::faults::{Action, FaultInfo, Point};
use crate::foreign::Foreign;
use crate::plug::{Plug, Pull, STALL};
use crate::request::{self, Unreadable};
use crate::seen::{self, Seen};
use crate::{Route, issuer, responses, side, websocket};

/// The body of every answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// One connection, as its requests see it.
pub(crate) struct Connection {
    pub(crate) backend: Arc<Backend>,
    pub(crate) plug: Arc<Plug>,
    /// Counted from 1 since the start.
    pub(crate) number: u64,
    /// What goes on when HTTP has ended by an upgrade.
    handover: Mutex<Option<websocket::Session>>,
}

impl Connection {
    pub(crate) fn new(backend: Arc<Backend>, plug: Arc<Plug>, number: u64) -> Self {
        Self {
            backend,
            plug,
            number,
            handover: Mutex::new(None),
        }
    }

    /// Answers one request, in the dialect of its path.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let foreign = Foreign::at(request.uri().path());
        if !self.backend.latency.is_zero() {
            tokio::time::sleep(self.backend.latency).await;
        }
        let response = self.reply(request).await;
        self.dated(match foreign {
            Some(foreign) => foreign.refusal(response).await,
            None => response,
        })
    }

    /// The answer with its date by our own clock: hyper would take the machine's.
    fn dated(&self, mut response: Response<Body>) -> Response<Body> {
        let date = httpdate::fmt_http_date(self.backend.clock.wall());
        if let Ok(date) = HeaderValue::try_from(date) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }

    async fn reply(&self, request: Request<Incoming>) -> Response<Body> {
        let route = route_of(&request);
        if route == Route::WebSocket {
            return websocket::upgrade(self, request).await;
        }
        let (head, body) = request.into_parts();
        let body = request::read(&head.headers, body).await;
        let packed = head.headers.contains_key(header::CONTENT_ENCODING);
        let fault = self.backend.strike(Moment::Request(route));
        let fault = fault.filter(|fault| packed || fault.point != Point::Packed);
        self.note(route, &head, body.as_ref().ok(), fault);
        if let Some(answer) = self.struck(fault).await {
            return answer;
        }
        let body = match body {
            Ok(body) => body,
            Err(Unreadable::Answer(answer)) => return self.say(answer),
            Err(Unreadable::Refused(refusal)) => return full(refusal.response()),
        };
        if route.needs_key() && !self.backend.accepts(&head.headers) {
            return self.say(&answers::UNAUTHORIZED);
        }
        match (route, head.uri.path()) {
            (Route::Sse, path) => match Foreign::at(path) {
                Some(foreign) => foreign.answer(self, &body, fault),
                None => responses::answer(self, &body, fault),
            },
            (Route::Models, _) => full(side::models(&head.headers)),
            (Route::Authorize | Route::Token | Route::Device | Route::Account, _) => {
                full(issuer::answer(&self.backend, &head, &body, fault))
            }
            (_, path) if is_responses(path) || Foreign::at(path).is_some() => {
                self.say(&answers::NOT_ALLOWED)
            }
            (_, path) => match side::call(path, &body) {
                Some(_) if !self.backend.accepts(&head.headers) => self.say(&answers::UNAUTHORIZED),
                Some(answer) => full(answer),
                None => self.say(&answers::NOT_FOUND),
            },
        }
    }

    /// Carries out a fault that strikes before the answer's head. It returns if there is an answer
    /// to give, or no such fault; else the connection ends first.
    pub(crate) async fn struck(&self, fault: Option<&FaultInfo>) -> Option<Response<Body>> {
        let fault = fault.filter(|fault| fault.point.is_before_the_head())?;
        if let Action::Answer(answer) = fault.action {
            return Some(self.say(answer));
        }
        if let Action::Late(length) = fault.action {
            tokio::time::sleep(length).await;
            return None;
        }
        let pull = fault.action.pull();
        if pull.is_none() {
            tokio::time::sleep(STALL).await;
        }
        self.plug.pull(pull.unwrap_or(Pull::Cut));
        pending().await
    }

    /// A prepared answer.
    pub(crate) fn say(&self, answer: &Answer) -> Response<Body> {
        full(answer.response(self.backend.now()))
    }

    /// Writes a request into the log.
    pub(crate) fn note(
        &self,
        route: Route,
        head: &Parts,
        body: Option<&Bytes>,
        fault: Option<&'static FaultInfo>,
    ) {
        let seen = Seen {
            after: Duration::ZERO,
            route,
            connection: self.number,
            version: if head.version == Version::HTTP_2 {
                "HTTP/2"
            } else {
                "HTTP/1.1"
            },
            method: head.method.to_string(),
            path: head
                .uri
                .path_and_query()
                .map_or(String::new(), ToString::to_string),
            headers: seen::header_list(&head.headers),
            bytes: body.map_or(0, Bytes::len),
            body: body.and_then(|body| serde_json::from_slice::<Value>(body).ok()),
            fault: fault.map(|fault| fault.name),
        };
        self.backend.saw(seen);
    }

    /// Leaves a WebSocket to be served once the upgrade's answer is out.
    pub(crate) fn hand_over(&self, session: websocket::Session) {
        *self.handover.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    pub(crate) fn handed_over(&self) -> Option<websocket::Session> {
        self.handover
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// An answer that is all there.
pub(crate) fn full(response: Response<Bytes>) -> Response<Body> {
    response.map(|bytes| Full::new(bytes).boxed_unsync())
}

fn route_of(request: &Request<Incoming>) -> Route {
    let path = request.uri().path();
    let is_upgrade = request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    match *request.method() {
        Method::POST if is_responses(path) || Foreign::at(path).is_some() => Route::Sse,
        Method::GET if is_responses(path) && is_upgrade => Route::WebSocket,
        Method::GET if matches!(path, "/v1/models" | "/backend-api/codex/models") => Route::Models,
        _ => issuer::route_of(request.method(), path).unwrap_or(Route::Other),
    }
}

fn is_responses(path: &str) -> bool {
    matches!(path, "/v1/responses" | "/backend-api/codex/responses")
}
