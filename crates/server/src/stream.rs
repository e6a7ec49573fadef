//! An answer as server-sent events.
//!
//! The head is held back for a while, so that a fault can still be told by its status. When there is
//! nothing to say for longer, the head goes out and comments follow, which say that somebody is there;
//! from then on a fault is told in the stream, and a comment tells what a header would have told.

use std::convert::Infallible;
use std::time::Duration;

use alipes_wire::{Dialect, Frame};
use axum::body::Body as AnswerBody;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::answer::Answer;
use crate::body;
use crate::door::{ATTEMPTS, Admission, LEFT_OUT};
use crate::drain::Drain;
use crate::refusal::Refusal;

/// How long the head waits for something to say.
const HEAD: Duration = Duration::from_secs(10);

/// The longest silence towards a client.
const SILENCE: Duration = Duration::from_secs(10);

/// So many bytes of events are sent in one piece where more have come at once.
const TOGETHER: usize = 16 << 10;

/// What reverse proxies are told, so that they pass events on as they come (nginx).
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What a request holds until its answer has ended.
pub(crate) struct Held {
    #[expect(dead_code, reason = "its place among the client's requests is held")]
    pub(crate) admission: Admission,
    #[expect(dead_code, reason = "its room in memory is held")]
    pub(crate) body: body::Kept,
}

struct Streaming {
    answer: Answer,
    drain: Drain,
    /// What is to be sent before anything else.
    first: Option<Bytes>,
    is_over: bool,
    /// The head has gone out before it was known what the provider would not be sent.
    owes_left_out: bool,
    #[expect(dead_code, reason = "held until the answer has ended")]
    held: Held,
}

/// The response, as soon as it is known whether there is an answer.
pub(crate) async fn response(
    mut answer: Answer,
    held: Held,
    drain: Drain,
) -> Result<Response, Refusal> {
    let first = tokio::time::timeout(HEAD, answer.next()).await;
    let attempts = answer.attempts();
    let owes_left_out = first.is_err();
    let first = match first {
        Ok(Some(events)) => written(&events),
        Ok(None) => match answer.outcome() {
            Ok(()) => Bytes::new(),
            Err(refusal) => return Ok(counted(refusal, answer.dialect(), attempts)),
        },
        Err(_elapsed) => sign_of_life(answer.dialect()),
    };
    let mut told = HeaderMap::new();
    answer.tell(&mut told);
    let streaming = Streaming {
        answer,
        drain,
        first: Some(first),
        is_over: false,
        owes_left_out,
        held,
    };
    let body = unfold(streaming, |mut streaming| async {
        let piece = streaming.next().await?;
        Some((Ok::<_, Infallible>(piece), streaming))
    });
    let mut response = Response::new(AnswerBody::from_stream(body));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        (BUFFERING, "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.extend(told);
    Ok(response)
}

/// A refusal that says how often it was tried.
pub(crate) fn counted(refusal: Refusal, dialect: Dialect, attempts: u32) -> Response {
    let mut response = refusal.response(dialect);
    let headers = response.headers_mut();
    headers.insert(ATTEMPTS, HeaderValue::from(attempts));
    response
}

impl Streaming {
    /// The next piece of the stream; `None` behind the last.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Some(first);
        }
        if self.is_over {
            return None;
        }
        let events = tokio::select! {
            biased;
            events = self.answer.next() => events,
            () = self.drain.is_over() => {
                self.is_over = true;
                return Some(self.failed(&Refusal::stopping()));
            }
            () = tokio::time::sleep(SILENCE) => {
                return Some(sign_of_life(self.answer.dialect()));
            }
        };
        match events {
            Some(events) => Some(self.and_what_is_there(&events)),
            None => Some(self.end()).filter(|last| !last.is_empty()),
        }
    }

    /// These events, and those that have come with them: what arrived together leaves together.
    fn and_what_is_there(&mut self, events: &[Frame]) -> Bytes {
        let mut stream = String::new();
        if std::mem::take(&mut self.owes_left_out)
            && let Some(left_out) = self.answer.left_out()
        {
            stream = format!(": {LEFT_OUT}: {left_out}\n\n");
        }
        write(&mut stream, events);
        while stream.len() < TOGETHER {
            // The last word is not lost: it is asked for again.
            let Some(Some(events)) = self.answer.next().now_or_never() else {
                break;
            };
            write(&mut stream, &events);
        }
        stream.into()
    }

    /// What stands behind the last event of the answer.
    fn end(&mut self) -> Bytes {
        self.is_over = true;
        match self.answer.outcome() {
            Err(refusal) => self.failed(&refusal),
            Ok(()) if self.answer.dialect() == Dialect::Responses => {
                Bytes::from_static(DONE.as_bytes())
            }
            Ok(()) => Bytes::new(),
        }
    }

    fn failed(&mut self, refusal: &Refusal) -> Bytes {
        written(&self.answer.fail(refusal))
    }
}

/// The last words of a stream of Responses (Open Responses, "Streaming HTTP Responses").
const DONE: &str = "data: [DONE]\n\n";

fn written(events: &[Frame]) -> Bytes {
    let mut stream = String::new();
    write(&mut stream, events);
    stream.into()
}

fn write(stream: &mut String, events: &[Frame]) {
    stream.reserve(events.iter().map(|event| event.data.len() + 80).sum());
    for event in events {
        event.write(stream);
    }
}

/// What is sent while nothing comes, so that nobody on the way takes the client for gone.
fn sign_of_life(dialect: Dialect) -> Bytes {
    Bytes::from_static(dialect.keep_alive().as_bytes())
}
