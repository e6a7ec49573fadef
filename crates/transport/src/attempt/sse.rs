//! The SSE route: one HTTP request, answered by a stream of events.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::{Body, Call, CallOptions, InFlight, Response};
use alipes_wire::responses::TURN_STATE;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::CONTENT_ENCODING;
use http::{HeaderValue, Method};

use super::event_stream::{self, Head};
use super::http_edge::{Ended, HttpEdge};
use super::intake::Intake;
use super::request_headers;
use super::way::Way;
use crate::compression;
use crate::conversation::Conversation;
use crate::fault::{BodyShape, body_shape, of_net_error, of_response, unasked_encoding};
use crate::{Cause, Fault, Phase, Request, Route, Token, Trace};

/// How much of a body that is not the stream is read for the error it may hold, and for how long.
const ERROR_BODY: usize = 64 * 1024;
const ERROR_BODY_WAIT: Duration = Duration::from_secs(5);

/// How often it is looked whether the request has left.
const LOOK: Duration = Duration::from_millis(50);

/// How long a complete answer's stream may take to end before its connection is given up.
const ENDING: Duration = Duration::from_secs(1);

/// One try over SSE.
pub(crate) async fn attempt(
    about: &mut Conversation,
    request: &Request,
    token: Option<&Token>,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<(), Fault> {
    let Outgoing {
        call,
        bytes,
        compressed,
    } = compose(about, request, token)?;
    let http = &about.transport.http;
    let started = http.start(call, CallOptions::default(), *deadline).await;
    let mut waiting = started.map_err(|error| of_net_error(&error, deadline))?;
    let facts = Arc::new(waiting.facts().clone());
    let size = compressed.unwrap_or(bytes);
    let mut edge = HttpEdge::new(about, &facts, waiting.pinger(), size);
    intake
        .trace(|attempt| Trace::Connected { attempt, facts })
        .await;
    let sending = |attempt| Trace::Sent {
        attempt,
        bytes,
        compressed,
        delta: false,
    };
    intake.trace(sending).await;
    let answered = answer(&mut waiting, &mut edge, about, deadline, intake).await;
    let response = answered.map_err(|mut fault| {
        fault.evidence.connection(waiting.facts());
        fault
    })?;

    about.keep_cookies(&response.headers);
    if !response.status.is_success() || !may_be_a_stream(&response) {
        let fault = read_error(about, response, intake).await;
        return Err(compression::named(fault, compressed.is_some()));
    }
    if let Some(coding) = unasked_encoding(&response.headers) {
        let why = format!("Content-Encoding: {coding}");
        let fault = Fault::new(intake.phase(), Cause::EncodedAnswer).because(&why);
        let (head, _unread) = Head::of(response, about.transport.clock.wall());
        return Err(head.seen_by(fault));
    }
    if let Some(state) = response.headers.get(TURN_STATE) {
        about.keep_turn_state(state.to_str().unwrap_or_default());
    }
    edge.asked();
    intake.accepted().await;
    let (head, body) = Head::of(response, about.transport.clock.wall());
    match event_stream::read(body, &head, &mut edge, deadline, intake).await {
        Ok(body) => {
            edge.answered(about);
            give_back(about, body);
            Ok(())
        }
        Err(fault) => Err(head.seen_by(fault)),
    }
}

/// A request that is ready to go.
struct Outgoing {
    call: Call,
    /// Its size in bytes as it is.
    bytes: usize,
    /// And after compression, if there was any.
    compressed: Option<usize>,
}

fn compose(
    about: &Conversation,
    request: &Request,
    token: Option<&Token>,
) -> Result<Outgoing, Fault> {
    let plain = request.body.body();
    let bytes = plain.len();
    let packed = compression::packed(&plain, &about.endpoint, &about.transport.experience);
    let compressed = packed.as_ref().map(Vec::len);
    let mut headers = request_headers::of(about, token, Route::Sse)?;
    if packed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    let way = Way::of(about, token);
    let call = Call {
        method: Method::POST,
        url: way.url,
        headers,
        body: packed.map_or(plain, Bytes::from),
        partition: way.partition,
        fresh: about.fresh,
    };
    Ok(Outgoing {
        call,
        bytes,
        compressed,
    })
}

/// Waits for the response's head: first until the request has left, then as long as patience lasts.
async fn answer(
    waiting: &mut InFlight,
    edge: &mut HttpEdge,
    about: &Conversation,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<Response, Fault> {
    let clock = &about.transport.clock;
    let leaving = deadline.tightened(clock, "send_timeout", about.endpoint.profile().send_timeout);
    // Most requests leave when they are first looked at, and no timer is needed to look again.
    if let Some(answered) = (&mut *waiting).now_or_never() {
        return answered.map_err(|error| of_net_error(&error, deadline));
    }
    let mut sent = waiting.is_handed_over();
    if sent {
        edge.asked();
        intake.sent().await;
    }
    loop {
        let limit = match sent {
            true => intake.limit(deadline),
            false => leaving.tightened(clock, "look", LOOK),
        };
        match edge.wait(&mut *waiting, &limit, intake).await {
            Ok(answered) => return answered.map_err(|error| of_net_error(&error, deadline)),
            Err(Ended::Dead) => return Err(edge.dead(intake)),
            Err(Ended::Doubtful) => intake.doubts_the_edge().await,
            Err(Ended::Limit) if sent => intake.overdue(limit.expired(), deadline).await?,
            Err(Ended::Limit) if waiting.is_handed_over() => {
                sent = true;
                edge.asked();
                intake.sent().await;
            }
            Err(Ended::Limit) if clock.now() >= leaving.at() => {
                let cause = match leaving.limit() == deadline.limit() {
                    true => Cause::Deadline,
                    false => Cause::TimedOut,
                };
                return Err(Fault::new(Phase::Send, cause).limited(leaving.expired()));
            }
            Err(Ended::Limit) => {}
        }
    }
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
    let (head, body) = Head::of(response, clock.wall());
    let body = body.read_prefix(ERROR_BODY, wait).await;
    let mut fault = of_response(intake.phase(), head.status, &head.headers, &body, head.at);
    fault.evidence.body = Some(String::from_utf8_lossy(&body).into_owned());
    head.seen_by(fault)
}

/// The answer is complete, and nobody waits for the end of the stream; but where it comes, the
/// connection can be used again.
fn give_back(about: &mut Conversation, mut body: Body) {
    while about.endings.try_join_next().is_some() {}
    // It has come with the last event more often than not.
    while let Some(read) = body.chunk().now_or_never() {
        if !matches!(read, Ok(Some(_))) {
            return;
        }
    }
    about.endings.spawn(async move {
        let end = async { while let Ok(Some(_)) = body.chunk().await {} };
        let _ = tokio::time::timeout(ENDING, end).await;
    });
}
