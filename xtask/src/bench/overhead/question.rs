//! What the driver asks, and how pieces of text are found in the answers.

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;

use super::super::words::WORDS;
use super::system::System;
use crate::interop::KEY;

/// A request that can be sent as often as one likes.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Who is asked.
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    pub(super) streams: bool,
    pub(super) pieces: usize,
    path: Uri,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The dialects that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Responses,
    Chat,
}

/// A request, but for who is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) dialect: Dialect,
    pub(super) streams: bool,
    /// How many pieces of text the answer has.
    pub(super) pieces: usize,
    /// Between two pieces, in ms.
    pace: u64,
    /// Asked over WebSocket, here and from the backend.
    pub(super) over_socket: bool,
    text: String,
}

impl Dialect {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Responses => "/v1/responses",
            Self::Chat => "/v1/chat/completions",
        }
    }

    /// The piece of text in an event, if it is one.
    pub(super) fn piece(self, event: &str) -> Option<&str> {
        let before = match self {
            Self::Responses => event
                .contains("\"response.output_text.delta\"")
                .then_some("\"delta\":\"")?,
            Self::Chat => "\"content\":\"",
        };
        let (_, rest) = event.split_once(before)?;
        let (piece, _) = rest.split_once('"')?;
        (!piece.is_empty()).then_some(piece)
    }

    /// Whether an event is the last that matters.
    pub(super) fn is_end(self, event: &str) -> bool {
        match self {
            Self::Responses => event.contains("\"response.completed\""),
            Self::Chat => event.contains("\"finish_reason\":\"stop\""),
        }
    }
}

impl Asked {
    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        request.headers_mut().clone_from(&self.headers);
        request
    }
}

impl Question {
    /// A kilobyte that is answered by as much, in one piece.
    pub(super) fn plain(dialect: Dialect) -> Self {
        Self {
            dialect,
            streams: false,
            pieces: 1,
            pace: 0,
            over_socket: false,
            text: text(900),
        }
    }

    /// A kilobyte that is answered by a stream, all at once.
    pub(super) fn streamed(dialect: Dialect, pieces: usize) -> Self {
        Self {
            streams: true,
            pieces,
            ..Self::plain(dialect)
        }
    }

    /// The same with so many ms between two pieces.
    pub(super) fn paced(self, pace: u64) -> Self {
        Self { pace, ..self }
    }

    /// The same over WebSocket.
    pub(super) fn over_socket(self) -> Self {
        Self {
            over_socket: true,
            ..self
        }
    }

    /// The same with so many bytes of text.
    pub(super) fn sized(self, bytes: usize) -> Self {
        Self {
            text: text(bytes),
            ..self
        }
    }

    /// The model to ask for, without its provider's name.
    pub(super) fn model(&self) -> String {
        match self.pace {
            0 => format!("lean-{}", self.pieces),
            pace => format!("lean-{}-{pace}ms", self.pieces),
        }
    }

    /// The request for this system.
    pub(super) fn to(&self, system: &System) -> Result<Asked> {
        Ok(Asked {
            name: system.name,
            dialect: self.dialect,
            streams: self.streams,
            pieces: self.pieces,
            path: Uri::from_static(self.dialect.path()),
            headers: headers(system)?,
            body: self.body(system),
        })
    }

    /// The frame for this system, of one conversation among others.
    pub(super) fn frame(&self, system: &System, conversation: usize) -> String {
        let model = system.model(self);
        let text = &self.text;
        format!(
            r#"{{"type":"response.create","model":"{model}","prompt_cache_key":"{conversation}","input":[{{"type":"message","role":"user","content":[{{"type":"input_text","text":"{text}"}}]}}]}}"#
        )
    }

    fn body(&self, system: &System) -> Bytes {
        let model = system.model(self);
        let (streams, text) = (self.streams, &self.text);
        let body = match self.dialect {
            Dialect::Responses => format!(
                r#"{{"model":"{model}","stream":{streams},"input":[{{"type":"message","role":"user","content":[{{"type":"input_text","text":"{text}"}}]}}]}}"#
            ),
            Dialect::Chat => format!(
                r#"{{"model":"{model}","stream":{streams},"messages":[{{"role":"user","content":"{text}"}}]}}"#
            ),
        };
        body.into()
    }
}

fn headers(system: &System) -> Result<HeaderMap> {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    let address = system.address.to_string();
    headers.insert(header::HOST, HeaderValue::try_from(address)?);
    let bearer = format!("Bearer {KEY}");
    headers.insert(header::AUTHORIZATION, HeaderValue::try_from(bearer)?);
    for (name, value) in &system.headers {
        headers.insert(*name, HeaderValue::try_from(value)?);
    }
    Ok(headers)
}

/// Words, so many bytes of them.
fn text(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    for word in WORDS.iter().cycle() {
        if text.len() >= bytes {
            break;
        }
        text.push_str(word);
        text.push(' ');
    }
    text
}
