//! One request beside the turn, as it is put on the wire, and its answer read whole.

use std::sync::Arc;

use alipes_base::Deadline;
use alipes_net::{Body, Call, NetError};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::AuxiliaryAnswer;
use crate::attempt::{Way, identified};
use crate::conversation::Conversation;
use crate::fault::{BodyShape, body_shape, of_net_error, of_response};
use crate::{Cause, Fault, Phase, Token};

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

    /// The same, unless it is still what came with this `ETag`.
    pub(super) fn unless(path: &'q str, known: &'q HeaderValue) -> Self {
        Self {
            known: Some(known),
            ..Self::of(path)
        }
    }

    /// What is answered to `body`, JSON said with further headers.
    pub(super) fn saying(path: &'q str, body: Bytes, headers: HeaderMap) -> Self {
        Self {
            said: Some(Said { body, headers }),
            ..Self::of(path)
        }
    }

    /// Whether somebody waits for the answer.
    pub(super) fn is_waited_for(&self) -> bool {
        self.said.is_some()
    }
}

/// What is posted.
#[derive(Clone, Debug)]
struct Said {
    body: Bytes,
    headers: HeaderMap,
}

/// Asks once, by `limit`, and reads the whole answer.
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
        let fault = refused(about, status, &headers, answer.body, limit).await;
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

async fn refused(
    about: &Conversation,
    status: StatusCode,
    headers: &HeaderMap,
    body: Body,
    limit: Deadline,
) -> Fault {
    let body = body.read_prefix(ERROR_BODY, limit).await;
    let now = about.transport.clock.wall();
    let mut fault = of_response(Phase::Headers, status, headers, &body, now);
    fault.evidence.body = Some(String::from_utf8_lossy(&body).into_owned());
    fault
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
