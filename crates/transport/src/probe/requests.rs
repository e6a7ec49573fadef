//! The requests of a survey: empty ones, by every way that a turn's could take.
//!
//! An answer about the account or the request itself shows that the way is open: it came from behind
//! everything that could bar it. With a key, what is said about the account counts.

use std::time::Duration;

use alipes_net::{Call, CallOptions, HttpClient, Protocol, Response, SocketOptions};
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::DATE;
use http::{HeaderMap, Method};

use super::door::Knock;
use super::look::{Look, Outcome, Step};
use super::survey::ahead;
use crate::attempt::{open_socket, request_headers};
use crate::auxiliary::{self, Question};
use crate::conversation::Conversation;
use crate::fault::{BodyShape, body_shape, of_response};
use crate::{Cause, Fault, Phase, Route, Scope, Token};

/// How much of an answer is read for the error that it may hold.
const BODY: usize = 64 * 1024;

/// How long a socket is watched after its upgrade. What is closed at once carries no turn, whatever status
/// it began with. Ours: nobody says how long.
const MOMENT: Duration = Duration::from_millis(250);

/// What the operating system is asked where the profile asks for nothing.
const KEEPALIVE: SocketOptions = SocketOptions {
    keepalive: Some(Duration::from_secs(5)),
    user_timeout: Some(Duration::from_secs(15)),
};

impl Knock<'_> {
    /// All of them, at once.
    pub(super) async fn requests(&self) -> Vec<Look> {
        let mut steps = vec![Step::Http1, Step::Keepalive];
        if self.target.tls {
            steps.push(Step::Http2);
        }
        if self.is_taken {
            steps.push(Step::Sse);
        }
        if self.has(Route::WebSocket) {
            steps.push(Step::WebSocket);
        }
        join_all(steps.into_iter().map(|step| self.request(step))).await
    }

    /// One of them.
    pub(super) async fn request(&self, step: Step) -> Look {
        let begun = self.transport.clock.now();
        let asked = match step {
            Step::WebSocket => self.upgrade().await,
            step => self.ask(step).await,
        };
        let took = self.transport.clock.since(begun);
        let took = match step {
            // A socket that stands was watched for that long.
            Step::WebSocket if asked.is_ok() => took.saturating_sub(MOMENT),
            _ => took,
        };
        let (outcome, clock_ahead) = match asked {
            Ok(seen) => (seen.outcome, seen.clock_ahead),
            Err(fault) => (Outcome::Failed(Box::new(self.signed(fault))), None),
        };
        Look {
            clock_ahead,
            ..Look::new(step, outcome, took)
        }
    }

    /// The list of models, with the key.
    pub(super) async fn models(&self) -> (Option<Look>, Option<Bytes>) {
        let Some(path) = &self.plan.models_path else {
            return (None, None);
        };
        let begun = self.transport.clock.now();
        let question = Question::of(path);
        let about = self.conversation();
        let got = match self.token().await {
            Ok(token) => {
                let (limit, deadline) = (self.limit, &self.deadline);
                auxiliary::get(&about, &question, token.as_ref(), limit, deadline).await
            }
            Err(fault) => Err(fault),
        };
        let took = self.transport.clock.since(begun);
        let look = |outcome| Some(Look::new(Step::Models, outcome, took));
        match got {
            Ok(answer) => {
                let clock_ahead = self.clock_ahead(&answer.headers);
                let seen = look(Outcome::Passed("200".to_owned()));
                let seen = seen.map(|look| Look {
                    clock_ahead,
                    ..look
                });
                (seen, Some(answer.body))
            }
            Err(fault) => {
                let fault = Box::new(self.signed(fault));
                (look(Outcome::Failed(fault)), None)
            }
        }
    }

    async fn ask(&self, step: Step) -> Result<Seen, Fault> {
        let token = match step {
            Step::Sse => self.token().await?,
            _ => None,
        };
        let about = self.conversation();
        let usual = &about.transport.http;
        let http = match step {
            Step::Http2 | Step::Sse => usual.clone(),
            Step::Keepalive => self.kept_alive(usual),
            _ => usual.http1_only(),
        };
        let call = Call {
            method: Method::POST,
            url: about.endpoint.request_url().clone(),
            headers: request_headers(&about, token.as_ref(), Route::Sse)?,
            body: Bytes::from_static(b"{}"),
            partition: step.as_str().to_owned(),
            fresh: true,
        };
        let sent = http.start(call, CallOptions::default(), self.limit).await;
        let waiting = sent.map_err(|error| self.named(&error))?;
        let facts = waiting.facts().clone();
        let answered = waiting.await.map_err(|error| {
            let mut fault = self.named(&error);
            fault.evidence.connection(&facts);
            fault
        })?;
        if step == Step::Http2 && answered.facts.protocol == Protocol::Http1 {
            return Ok(Seen::new(Outcome::Skipped("not offered")));
        }
        self.judge(answered, step == Step::Sse).await
    }

    /// With keepalive where the profile goes without, and the other way round.
    fn kept_alive(&self, usual: &HttpClient) -> HttpClient {
        let usual_options = self.plan.endpoint.profile().socket_options();
        let other = match usual_options.keepalive {
            Some(_) => SocketOptions::default(),
            None => KEEPALIVE,
        };
        usual.http1_only().with_socket_options(other)
    }

    async fn judge(&self, answered: Response, with_key: bool) -> Result<Seen, Fault> {
        let (status, headers, facts) = (answered.status, answered.headers, answered.facts);
        let clock_ahead = self.clock_ahead(&headers);
        let passed = |told: String| Seen {
            outcome: Outcome::Passed(told),
            clock_ahead,
        };
        if status.is_success() && body_shape(&headers) != BodyShape::Html {
            return Ok(passed(status.as_u16().to_string()));
        }
        let body = answered.body.read_prefix(BODY, self.limit).await;
        let now = self.transport.clock.wall();
        let mut fault = of_response(Phase::Headers, status, &headers, &body, now);
        fault.evidence.connection(&facts);
        fault.evidence.body = Some(String::from_utf8_lossy(&body).into_owned());
        match shows_the_way(&fault, with_key) {
            true => Ok(passed(status.as_u16().to_string())),
            false => Ok(Seen {
                outcome: Outcome::Failed(Box::new(self.signed(fault))),
                clock_ahead,
            }),
        }
    }

    async fn upgrade(&self) -> Result<Seen, Fault> {
        let token = match self.is_taken {
            true => self.token().await?,
            false => None,
        };
        let mut about = self.conversation();
        // A limit of ours is no deadline of a user's.
        let opened = open_socket(&mut about, token.as_ref(), &self.limit).await;
        let mut live = opened.map_err(|fault| self.overdue(fault, Cause::TimedOut));
        let stood = match &mut live {
            Ok(live) => {
                let stood = live.stands(MOMENT, &self.deadline).await;
                stood.map(|()| live.facts().remote_addr.to_string())
            }
            Err(fault) => Err(fault.clone()),
        };
        match stood {
            Ok(told) => Ok(Seen::new(Outcome::Passed(told))),
            Err(fault) if !self.is_taken && shows_the_way(&fault, false) => {
                let status = fault.evidence.status.unwrap_or_default();
                Ok(Seen::new(Outcome::Passed(status.to_string())))
            }
            Err(mut fault) => {
                fault.route = Route::WebSocket;
                Err(fault)
            }
        }
    }

    fn overdue(&self, fault: Fault, cause: Cause) -> Fault {
        match fault.cause {
            Cause::Deadline => Fault { cause, ..fault },
            _ => fault,
        }
    }

    async fn token(&self) -> Result<Option<Token>, Fault> {
        match self.limit.run(self.token.clone()).await {
            Ok(Ok(token)) => {
                if let Some(token) = &token {
                    self.transport.redactor.learn(&token.secret);
                }
                Ok(token)
            }
            Ok(Err(error)) => Err(error.fault()),
            Err(expired) => Err(Fault::new(Phase::Credential, Cause::TimedOut).limited(expired)),
        }
    }

    fn conversation(&self) -> Conversation {
        let (endpoint, credential) = (&self.plan.endpoint, &self.plan.credential);
        let id = self.transport.rng.uuid();
        let session = self
            .transport
            .session(endpoint.clone(), credential.clone(), id);
        let mut about = session.about;
        about.fresh = true;
        about
    }

    fn clock_ahead(&self, headers: &HeaderMap) -> Option<i64> {
        let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
        Some(ahead(&self.transport.clock, date))
    }
}

/// What a request has shown.
struct Seen {
    outcome: Outcome,
    clock_ahead: Option<i64>,
}

impl Seen {
    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            clock_ahead: None,
        }
    }
}

/// Whether an answer that is none to an empty request shows that the way to it is open.
fn shows_the_way(fault: &Fault, with_key: bool) -> bool {
    match fault.cause {
        Cause::InvalidRequest | Cause::ModelUnavailable | Cause::TooLarge | Cause::Policy => true,
        _ => !with_key && fault.scope() == Scope::Account,
    }
}
