//! A response's body, read as the stream of events it should be.

use std::time::SystemTime;

use alipes_base::Deadline;
use alipes_net::{Body, ConnectionFacts, Response};
use alipes_wire::{SseDecoder, SseItem, SseLimits};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::http_edge::{Ended, HttpEdge};
use super::intake::{Intake, Next};
use crate::fault::{of_disguised, of_net_error};
use crate::{Cause, Fault};

/// How much of a body is kept until the first event, in case it never was a stream.
const START_KEPT: usize = 4 * 1024;

/// What came before the body.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// When it came.
    pub(super) at: SystemTime,
    facts: ConnectionFacts,
}

impl Head {
    /// The head of a response that came `at`, and its body.
    pub(super) fn of(response: Response, at: SystemTime) -> (Self, Body) {
        let head = Self {
            status: response.status,
            headers: copied(&response.headers),
            at,
            facts: response.facts,
        };
        (head, response.body)
    }

    /// The fault with this head as evidence.
    pub(super) fn seen_by(&self, mut fault: Fault) -> Fault {
        if fault.evidence.status.is_none() {
            fault.evidence.head(self.status, &self.headers);
        }
        fault.evidence.connection(&self.facts);
        fault
    }
}

/// The same headers, which do not keep the connection's buffer that they were read into for as long as
/// the answer lasts.
fn copied(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    let copies = headers
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), copy(value)?)));
    let mut copied = HeaderMap::with_capacity(headers.keys_len());
    copies.for_each(|(name, value)| {
        copied.append(name, value);
    });
    copied
}

/// Reads events until the response is complete, and gives back what is left of the body.
pub(super) async fn read(
    mut body: Body,
    head: &Head,
    edge: &mut HttpEdge,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<Body, Fault> {
    let mut decoder = SseDecoder::new(SseLimits::default());
    let mut items = Vec::new();
    let mut start = Vec::new();
    loop {
        let limit = intake.limit(deadline);
        let chunk = match edge.wait(body.chunk(), &limit, intake).await {
            Ok(Ok(chunk)) => chunk,
            // It broke where it should have ended.
            Ok(Err(_)) | Err(Ended::Dead) if intake.ends_anyway().await? => return Ok(body),
            Ok(Err(error)) => return Err(intake.placed(of_net_error(&error, deadline))),
            Err(Ended::Dead) => return Err(edge.dead(intake)),
            Err(Ended::Doubtful) => {
                intake.doubts_the_edge().await;
                continue;
            }
            Err(Ended::Limit) if intake.ends_anyway().await? => return Ok(body),
            Err(Ended::Limit) => {
                intake.overdue(limit.expired(), deadline).await?;
                continue;
            }
        };
        let ended = chunk.is_none();
        match chunk {
            Some(chunk) => {
                intake.count(chunk.len())?;
                let room = START_KEPT.saturating_sub(start.len());
                start.extend_from_slice(&chunk[..chunk.len().min(room)]);
                let decoded = decoder.push(&chunk, &mut items);
                decoded.map_err(|_too_large| Fault::new(intake.phase(), Cause::AnswerTooLarge))?;
            }
            // A terminal event without its blank line still ends the response.
            None => items.extend(decoder.finish()),
        }
        for item in items.drain(..) {
            if take(item, intake).await? == Next::Completed {
                return Ok(body);
            }
        }
        if ended && intake.ends_anyway().await? {
            return Ok(body);
        }
        if ended {
            return Err(what_ended(&start, head, intake));
        }
    }
}

async fn take(item: SseItem, intake: &mut Intake) -> Result<Next, Fault> {
    match item {
        SseItem::Comment => intake.sign_of_life(),
        SseItem::Event { data, .. } => return Ok(intake.take(data.into()).await?.0),
    }
    Ok(Next::More)
}

/// The body ended without a terminal event. Without any event it may have been a page or an error
/// that came without its content type.
fn what_ended(start: &[u8], head: &Head, intake: &Intake) -> Fault {
    let disguised = (!intake.has_events())
        .then(|| of_disguised(intake.phase(), head.status, &head.headers, start, head.at));
    disguised.flatten().unwrap_or_else(|| intake.cut())
}
