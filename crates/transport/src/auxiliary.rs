//! Calls beside the turn: which models there are, what is left of a plan.
//!
//! They are welcome and never needed, so they are cheap to lose: a short limit from the profile, one
//! repetition at most and no wait. A refused key is renewed only where somebody waits for the answer.
//! They take the same way as the turn (dialer, egress, HTTP client, identity, credential), because
//! another way is what gets clients challenged.
//! And their faults are another type: backends were seen to answer 401 here while turns go on
//! (codex-protocol §6.3), so nothing that signs out, opens a breaker or condemns an account takes an
//! [`AuxiliaryFault`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::{Body, Call, NetError};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::attempt::{Way, identified, newer_token, token};
use crate::breaker::Destination;
use crate::fault::{BodyShape, body_shape, of_net_error, of_response};
use crate::leave::{no_permit, not_tried};
use crate::permits::Permit;
use crate::session::Conversation;
use crate::{
    AttemptHistory, Budget, Cause, Credential, Endpoint, Fault, Phase, Priority, Reaction, Scope,
    Session, Token, Transport, react,
};

/// The class of their paths, apart from the main one: an edge may challenge the one and not the
/// other.
const PATH_CLASS: &str = "auxiliary";

/// The limit's name, as profiles spell it.
const LIMIT: &str = "auxiliary_timeout";

/// The largest answer in bytes: a list of models may hold each one's instructions.
const MAX_ANSWER: usize = 8 << 20;

/// How much of an error's body is read.
const ERROR_BODY: usize = 64 * 1024;

/// What is asked for.
#[derive(Clone, Default)]
pub(crate) struct Question<'q> {
    path: &'q str,
    /// The `ETag` of what is known already.
    known: Option<&'q HeaderValue>,
    /// What is said with it, in JSON. Somebody waits for the answer to that, for as long as its
    /// deadline says.
    said: Option<Said>,
}

impl<'q> Question<'q> {
    /// What is there, whatever is known already.
    pub(crate) fn of(path: &'q str) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }
}

/// What is posted.
#[derive(Clone, Debug)]
struct Said {
    body: Bytes,
    headers: HeaderMap,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct AuxiliaryAnswer {
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// What the caller knows already still holds, and the body is empty (RFC 9110, section 15.4.5).
    pub is_unchanged: bool,
    endpoint: Arc<str>,
}

/// Why nothing came back. It says nothing about the turn's own way, account or key.
#[derive(Clone, Debug)]
pub struct AuxiliaryFault(Box<Fault>);

impl AuxiliaryFault {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.0.cause
    }

    /// All that is known of it, for the record.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0
    }

    /// The status it was answered with, if it was.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.evidence.status
    }

    /// The error's code, where the provider gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.evidence.code.as_deref()
    }

    /// After how long it may be asked again, where the provider said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where in the call.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }
}

impl fmt::Display for AuxiliaryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tell(f, PATH_CLASS)
    }
}

impl std::error::Error for AuxiliaryFault {}

impl AuxiliaryAnswer {
    /// The fault of an answer that is not what it should be.
    #[must_use]
    pub fn malformed(&self, why: &str) -> AuxiliaryFault {
        let mut fault = Fault::new(Phase::Stream, Cause::Malformed).because(why);
        fault.endpoint = Arc::clone(&self.endpoint);
        AuxiliaryFault(Box::new(fault))
    }
}

/// The way of calls beside a session's answers, for whoever goes on asking when the session is busy.
#[derive(Clone)]
pub struct SideCalls {
    transport: Transport,
    endpoint: Arc<Endpoint>,
    credential: Arc<dyn Credential>,
}

impl SideCalls {
    /// Whom they go to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Posts `body`, JSON with further headers, to `path` beneath the base URL.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], by the deadline at the latest.
    pub async fn post(
        &self,
        path: &str,
        body: Bytes,
        headers: HeaderMap,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let question = Question {
            path,
            said: Some(Said { body, headers }),
            ..Question::default()
        };
        let (endpoint, credential) = (&self.endpoint, &self.credential);
        let asked = self.transport.ask(endpoint, credential, question, deadline);
        asked.await
    }
}

impl Session {
    /// The way of its calls beside answers.
    #[must_use]
    pub fn side_calls(&self) -> SideCalls {
        let about = &self.about;
        SideCalls {
            transport: about.transport.clone(),
            endpoint: Arc::clone(&about.endpoint),
            credential: Arc::clone(&about.credential),
        }
    }

    /// Whether it can be asked for `path` beside answers.
    #[must_use]
    pub fn has_side_call(&self, path: &str) -> bool {
        let profile = self.about.endpoint.profile();
        profile.side_calls.iter().any(|known| known == path)
    }

    /// Posts `body`, JSON with further headers, to `path` beneath the base URL. It is no turn: whatever
    /// becomes of it, the conversation goes on as it was.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], by the deadline at the latest.
    pub async fn side_call(
        &self,
        path: &str,
        body: Bytes,
        headers: HeaderMap,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        self.side_calls().post(path, body, headers, deadline).await
    }
}

impl Transport {
    /// Gets `path`, beneath the endpoint's base URL; `../` leads out of its last part.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], within the profile's `auxiliary_timeout` at the latest.
    pub async fn auxiliary(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        path: &str,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let question = Question::of(path);
        self.ask(endpoint, credential, question, deadline).await
    }

    /// The same, unless it is still what the caller got with this `ETag`.
    ///
    /// # Errors
    /// As [`auxiliary`](Self::auxiliary).
    pub async fn auxiliary_unless(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        path: &str,
        etag: &HeaderValue,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let known = Some(etag);
        let question = Question {
            path,
            known,
            ..Question::default()
        };
        self.ask(endpoint, credential, question, deadline).await
    }

    async fn ask(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        question: Question<'_>,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let (endpoint, credential) = (Arc::clone(endpoint), Arc::clone(credential));
        let mut about = self.session(endpoint, credential, String::new()).about;
        let profile = about.endpoint.profile();
        let length = profile.auxiliary_timeout;
        let limit = match question.said {
            Some(_) => deadline,
            None => deadline.tightened(&self.clock, LIMIT, length),
        };
        let to = about.destination("");
        let permit = leave(&about, &to, &limit).await;
        let _permit = permit.map_err(|fault| AuxiliaryFault(Box::new(signed(&about, fault))))?;
        let (mut first, mut renewed) = (None, None);
        loop {
            let (generation, got) = tried(&about, &question, renewed, limit, &deadline).await;
            self.experience.auxiliary_ended(&to, got.as_ref().err());
            let fault = match got {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let spent = limit.remaining(&self.clock).is_zero();
            let again = match (first.take(), spent) {
                // The limit that ends the second try hides why there was one.
                (Some(first), true) => Err(first),
                (Some(_), false) | (None, true) => Err(fault),
                (None, false) => once_more(&about, &question, fault, generation, &limit).await,
            };
            let told = |fault| AuxiliaryFault(Box::new(signed(&about, fault)));
            let (fault, newer) = again.map_err(told)?;
            about.fresh = fault.scope() == Scope::Connection;
            (first, renewed) = (Some(fault), newer);
        }
    }
}

/// Whether the second try can go better: the fault of the first comes back as it was, with the newer
/// key if that is what helps. `Err` is the fault where it cannot.
async fn once_more(
    about: &Conversation,
    question: &Question<'_>,
    fault: Fault,
    generation: Option<u64>,
    limit: &Deadline,
) -> Result<(Fault, Option<Token>), Fault> {
    let budget = Budget::of(about.endpoint.profile());
    let best = react(&fault, &AttemptHistory::new(), budget);
    match best.first() {
        Some(Reaction::SameRoute { backoff }) if backoff.is_zero() => Ok((fault, None)),
        // A list that is refused while turns go on is no reason to spend a sign-in's next token.
        Some(Reaction::RefreshCredential) if question.said.is_some() => {
            match newer_token(about, generation, limit).await {
                Ok(newer) => Ok((fault, Some(newer))),
                Err(why) => Err(fault.because(&why)),
            }
        }
        _ => Err(fault),
    }
}

/// Leave to call: not where such calls are challenged, and behind all that a user waits for.
async fn leave(about: &Conversation, to: &Destination, limit: &Deadline) -> Result<Permit, Fault> {
    let experience = &about.transport.experience;
    if let Some(known) = experience.auxiliary_left_alone(to) {
        return Err(not_tried(&known));
    }
    let concurrency = about.endpoint.profile().concurrency;
    let (lane, priority) = (to.lane(), Priority::Auxiliary);
    let permit = experience.permits.wait(&lane, concurrency, priority, limit);
    permit.await.map_err(no_permit)
}

/// One try, with the newer key if there is one, and the generation of the key that it went with.
async fn tried(
    about: &Conversation,
    question: &Question<'_>,
    renewed: Option<Token>,
    limit: Deadline,
    deadline: &Deadline,
) -> (Option<u64>, Result<AuxiliaryAnswer, Fault>) {
    let token = match renewed {
        Some(newer) => Some(newer),
        None => match token(about, &limit).await {
            Ok(token) => token,
            Err(fault) => return (None, Err(fault)),
        },
    };
    let generation = token.as_ref().map(|token| token.generation);
    let got = get(about, question, token.as_ref(), limit, deadline).await;
    (generation, got)
}

pub(crate) async fn get(
    about: &Conversation,
    question: &Question<'_>,
    token: Option<&Token>,
    limit: Deadline,
    deadline: &Deadline,
) -> Result<AuxiliaryAnswer, Fault> {
    let said = question.said.as_ref();
    let mut headers = said.map(|said| said.headers.clone()).unwrap_or_default();
    headers.extend(identified(about, token)?);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(known) = question.known {
        headers.insert(IF_NONE_MATCH, known.clone());
    }
    let (method, body) = match said {
        Some(said) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            (Method::POST, said.body.clone())
        }
        None => (Method::GET, Bytes::new()),
    };
    let call = Call {
        method,
        url: about.endpoint.url(question.path),
        headers,
        body,
        partition: Way::of(about, token).partition,
        fresh: about.fresh,
    };
    let broken = |error: NetError| of_net_error(&error, deadline);
    let answer = about.transport.http.send(call, limit).await;
    let answer = answer.map_err(broken)?;
    let (status, headers, facts) = (answer.status, answer.headers, answer.facts);
    let seen = |mut fault: Fault| {
        fault.evidence.connection(&facts);
        fault
    };
    let is_unchanged = question.known.is_some() && status == StatusCode::NOT_MODIFIED;
    if (!status.is_success() && !is_unchanged) || body_shape(&headers) == BodyShape::Html {
        let body = answer.body.read_prefix(ERROR_BODY, limit).await;
        let now = about.transport.clock.wall();
        let mut fault = of_response(Phase::Headers, status, &headers, &body, now);
        fault.evidence.body = Some(String::from_utf8_lossy(&body).into_owned());
        return Err(seen(fault));
    }
    let body = whole(answer.body, limit, deadline).await.map_err(seen)?;
    Ok(AuxiliaryAnswer {
        headers,
        body,
        is_unchanged,
        endpoint: Arc::clone(about.endpoint.name()),
    })
}

async fn whole(mut body: Body, limit: Deadline, deadline: &Deadline) -> Result<Bytes, Fault> {
    let mut whole = Vec::new();
    loop {
        let chunk = match limit.run(body.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| of_net_error(&error, deadline))?,
            Err(expired) => return Err(Fault::new(Phase::Stream, Cause::Stalled).limited(expired)),
        };
        match chunk {
            Some(chunk) if whole.len() + chunk.len() > MAX_ANSWER => {
                return Err(Fault::new(Phase::Stream, Cause::AnswerTooLarge));
            }
            Some(chunk) => whole.extend_from_slice(&chunk),
            None => return Ok(whole.into()),
        }
    }
}

fn signed(about: &Conversation, mut fault: Fault) -> Fault {
    fault.endpoint = Arc::clone(about.endpoint.name());
    fault.redacted(&about.transport.redactor)
}
