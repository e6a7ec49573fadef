//! `POST …/responses`: one answer, streamed as server-sent events or as one JSON object.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use alipes_wire::Echo;
use alipes_wire::responses::CreateRequest;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::answers::{Refusal, plain};
use crate::faults::{Action, FaultInfo};
use crate::framing::{self, Dress};
use crate::http::{Body, Connection, full};
use crate::inject::{self, Step};
use crate::plug::{Plug, Pull, STALL};
use crate::{side, turn};

/// Answers a request that was read and let in.
pub(crate) fn answer(
    connection: &Connection,
    body: &Bytes,
    fault: Option<&FaultInfo>,
) -> Response<Body> {
    let request = match understand(body) {
        Ok(request) => request,
        Err(refusal) => return full(refusal.response()),
    };
    let backend = &connection.backend;
    let now = backend.now();
    let turn = turn::answer(backend, (&request, Echo::of(body)), request.input.clone());
    if request.stream == Some(true) && !is_whole(fault) {
        sent(connection, inject::script(turn.events, fault, now), fault)
    } else {
        whole(connection, turn.object.to_string())
    }
}

/// Whether a fault gives the answer in one piece to somebody who wants a stream.
pub(crate) fn is_whole(fault: Option<&FaultInfo>) -> bool {
    fault.is_some_and(|fault| matches!(fault.action, Action::Whole))
}

/// An answer that plays these steps, in whichever dialect.
pub(crate) fn sent(
    connection: &Connection,
    steps: Vec<Step>,
    fault: Option<&FaultInfo>,
) -> Response<Body> {
    match fault.map(|fault| fault.action) {
        Some(Action::Pack) => packed(connection, &steps),
        _ => streamed(connection, steps),
    }
}

/// The same in a content coding, as from a proxy that compresses whatever passes.
fn packed(connection: &Connection, steps: &[Step]) -> Response<Body> {
    let events = steps.iter().filter_map(|step| match step {
        Step::Event(event) => Some(format!("{}\n", framing::lines(event))),
        _ => None,
    });
    let text: String = events.collect();
    let body = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let mut response = full(plain(200, "text/event-stream", body.into()));
    let coding = HeaderValue::from_static("zstd");
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, coding);
    labelled(connection, response)
}

fn streamed(connection: &Connection, steps: Vec<Step>) -> Response<Body> {
    let player = Player {
        steps: steps.into(),
        pieces: VecDeque::new(),
        dress: None,
        pace: connection.backend.pace,
        plug: Arc::clone(&connection.plug),
    };
    let mut response = Response::new(player.into_body());
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    // As an edge with a load balancer does, and as a service that tracks its users does.
    for cookie in [
        "__cflb=node-1; path=/; Secure; HttpOnly",
        "tracked=you; path=/",
    ] {
        headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    labelled(connection, response)
}

/// An answer in one piece.
pub(crate) fn whole(connection: &Connection, object: String) -> Response<Body> {
    let response = full(plain(200, "application/json", object.into()));
    labelled(connection, response)
}

fn labelled(connection: &Connection, mut response: Response<Body>) -> Response<Body> {
    let backend = &connection.backend;
    let headers = response.headers_mut();
    side::limit_headers(headers, backend.now());
    if let Ok(id) = HeaderValue::try_from(backend.id("req")) {
        headers.insert("x-request-id", id);
    }
    response
}

fn understand(body: &Bytes) -> Result<CreateRequest, Refusal> {
    let request: CreateRequest = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(format!("We could not parse the request's body: {error}."))
    })?;
    if let Some(id) = &request.previous_response_id {
        // Nothing is stored, so there is nothing to go back to but over a WebSocket.
        return Err(Refusal::previous_response_not_found(id));
    }
    turn::check(&request.input)?;
    Ok(request)
}

/// Plays steps into a response's body.
struct Player {
    steps: VecDeque<Step>,
    /// Chunks that are due before the next step.
    pieces: VecDeque<Bytes>,
    dress: Option<Dress>,
    pace: Duration,
    plug: Arc<Plug>,
}

impl Player {
    fn into_body(self) -> Body {
        let chunks = stream::unfold(self, |mut player| async {
            let chunk = player.next().await?;
            Some((Ok::<_, Infallible>(Frame::data(chunk)), player))
        });
        StreamBody::new(chunks).boxed_unsync()
    }

    /// The next bytes; `None` at the end of the body.
    async fn next(&mut self) -> Option<Bytes> {
        while self.pieces.is_empty() {
            match self.steps.pop_front()? {
                Step::Event(event) => {
                    if inject::is_text(&event) && !self.pace.is_zero() {
                        tokio::time::sleep(self.pace).await;
                    }
                    self.write(format!("{}\n", framing::lines(&event)));
                }
                Step::Unfinished(event) => self.write(framing::lines(&event)),
                Step::Bytes(bytes) => self.pieces.push_back(bytes),
                Step::Dress(dress) => {
                    self.pieces.extend(dress.opening());
                    self.dress = Some(dress);
                }
                Step::Flood(mut flooding) => {
                    self.pieces.push_back(flooding.piece.clone());
                    flooding.pieces = flooding.pieces.checked_sub(1)?;
                    self.steps.push_front(Step::Flood(flooding));
                }
                Step::Pause(length) => tokio::time::sleep(length).await,
                Step::Stall => {
                    tokio::time::sleep(STALL).await;
                    return self.end(Pull::Cut).await;
                }
                Step::Pull(how) => return self.end(how).await,
                Step::CloseFrame(_) => return None,
            }
        }
        self.pieces.pop_front()
    }

    /// Text for the body, dressed as it is to be.
    fn write(&mut self, text: String) {
        match self.dress {
            None => self.pieces.push_back(text.into()),
            Some(dress) => self.pieces.extend(dress.pieces(&text)),
        }
    }

    /// Ends the connection, and this body with it.
    async fn end(&self, how: Pull) -> Option<Bytes> {
        self.plug.pull(how);
        pending().await
    }
}
