//! The SSE route: one HTTP request, answered by a stream of events.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::{Body, Call, Response};
use alipes_wire::responses::TURN_STATE;
use alipes_wire::{SseDecoder, SseItem, SseLimits};
use bytes::Bytes;
use http::Method;

use super::intake::{Intake, Next};
use super::request_headers;
use crate::fault::{BODY_KEPT, BodyShape, body_shape, of_net_error, of_response};
use crate::session::Conversation;
use crate::{Cause, Fault, Request, Route, Token, Trace};

/// How much of a body that is not the stream is read for the error it may hold, and for how long.
const ERROR_BODY: usize = 64 * 1024;
const ERROR_BODY_WAIT: Duration = Duration::from_secs(5);

/// How long a complete answer's stream may take to end before its connection is given up.
const ENDING: Duration = Duration::from_secs(1);

/// The end-of-stream mark that some servers send; it carries nothing.
const DONE: &str = "[DONE]";

/// One try over SSE.
pub(crate) async fn attempt(
    about: &mut Conversation,
    request: &Request,
    token: Option<&Token>,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<(), Fault> {
    let call = Call {
        method: Method::POST,
        url: about.endpoint.url("responses"),
        headers: request_headers::of(about, token, Route::Sse)?,
        body: Bytes::from(request.body.body()),
        partition: partition(about, token),
        fresh: false,
    };
    let bytes = call.body.len();
    intake.sent().await;
    intake
        .trace(|attempt| Trace::Sent {
            attempt,
            bytes,
            delta: false,
        })
        .await;
    let limit = intake.limit(deadline);
    let sent = about.transport.http.send(call, limit).await;
    let response = sent.map_err(|error| of_net_error(&error, deadline))?;
    let facts = Box::new(response.facts.clone());
    intake
        .trace(|attempt| Trace::Connected { attempt, facts })
        .await;

    if !response.status.is_success() || !may_be_a_stream(&response) {
        return Err(read_error(about, response, intake).await);
    }
    let state = response
        .headers
        .get(TURN_STATE)
        .and_then(|state| state.to_str().ok());
    if let Some(state) = state {
        about.turn_state = Some(state.to_owned());
    }
    intake.accepted().await;
    let facts = response.facts.clone();
    let (status, headers) = (response.status, response.headers);
    match read_stream(response.body, deadline, intake).await {
        Ok(body) => {
            give_back(about, body);
            Ok(())
        }
        Err(mut fault) => {
            if fault.evidence.status.is_none() {
                fault.evidence.head(status, &headers);
            }
            fault.evidence.connection(&facts);
            Err(fault)
        }
    }
}

/// Connections are shared within one account and one generation of its token.
fn partition(about: &Conversation, token: Option<&Token>) -> String {
    let generation = token.map_or(0, |token| token.generation);
    format!("{}#{generation}", about.endpoint.name())
}

/// Small servers forget the content type; a page or a JSON object is no stream, though.
fn may_be_a_stream(response: &Response) -> bool {
    matches!(
        body_shape(&response.headers),
        BodyShape::EventStream | BodyShape::Other
    )
}

async fn read_error(about: &Conversation, response: Response, intake: &Intake) -> Fault {
    let clock = &about.transport.clock;
    let wait = Deadline::after(clock, "error_body", ERROR_BODY_WAIT);
    let (status, headers, facts) = (response.status, response.headers, response.facts);
    let body = response.body.read_prefix(ERROR_BODY, wait).await;
    let mut fault = of_response(intake.phase(), status, &headers, &body, clock.wall());
    if status.is_success() && fault.cause == Cause::Malformed && fault.message.is_none() {
        fault.message = Some("it answered with one JSON object instead of a stream".to_owned());
    }
    let start = String::from_utf8_lossy(&body[..body.len().min(BODY_KEPT)]);
    fault.evidence.body = Some(start.into_owned());
    fault.evidence.connection(&facts);
    fault
}

async fn read_stream(
    mut body: Body,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<Body, Fault> {
    let mut decoder = SseDecoder::new(SseLimits::default());
    let mut items = Vec::new();
    loop {
        let limit = intake.limit(deadline);
        let chunk = match limit.run(body.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| intake.placed(of_net_error(&error, deadline)))?,
            Err(expired) => return Err(intake.timed_out(expired, deadline)),
        };
        let ended = chunk.is_none();
        match chunk {
            Some(chunk) => {
                intake.count(chunk.len())?;
                let decoded = decoder.push(&chunk, &mut items);
                decoded.map_err(|_too_large| Fault::new(intake.phase(), Cause::TooLarge))?;
            }
            // A terminal event without its blank line still ends the response.
            None => items.extend(decoder.finish()),
        }
        for item in items.drain(..) {
            match item {
                SseItem::Comment => intake.sign_of_life(),
                SseItem::Event { data, .. } if data == DONE => {}
                SseItem::Event { data, .. } => {
                    let (next, _) = intake.take(data.into()).await?;
                    if next == Next::Completed {
                        return Ok(body);
                    }
                }
            }
        }
        if ended {
            return Err(intake.cut());
        }
    }
}

/// The answer is complete, and nobody waits for the end of the stream; but where it comes, the
/// connection can be used again.
fn give_back(about: &mut Conversation, mut body: Body) {
    while about.endings.try_join_next().is_some() {}
    about.endings.spawn(async move {
        let end = async { while let Ok(Some(_)) = body.chunk().await {} };
        let _ = tokio::time::timeout(ENDING, end).await;
    });
}
