//! The three dialects behind one door, for who carries responses and does not care which it is.
//!
//! A transport holds one [`StreamReader`] per response and asks it three things: what an event is
//! ([`StreamReader::event`], then [`Signal::of`](crate::Signal::of)), whether it ends the response
//! ([`StreamReader::terminal`]), and, when the stream is over without an end, whether only the end
//! itself is missing ([`StreamReader::missing_end`]). Events go up raw; an [`Assembler`] of the same
//! dialect reads them there.

use bytes::Bytes;

use crate::fields::Fields;
use crate::json::Object;
use crate::responses::{self, Terminal};
use crate::{
    CannotCarry, EncodedBody, Item, ModelEvent, ModelRequest, NotAnEvent, RawEvent, Usage, chat,
    messages,
};

/// The language that an endpoint speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `OpenAI` Responses.
    #[default]
    Responses,
    /// `OpenAI` Chat Completions.
    Chat,
    /// Anthropic Messages.
    Messages,
}

/// What an endpoint departs in from its dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Where it speaks Chat Completions.
    pub chat: chat::Quirks,
    /// Where it speaks Messages.
    pub messages: messages::Quirks,
}

/// A request, encoded once, in whichever dialect.
#[derive(Clone, Debug)]
pub enum EncodedRequest {
    /// Ready for a body or a WebSocket's frames.
    Responses(responses::EncodedRequest),
    /// Ready for a body.
    Chat(EncodedBody),
    /// Ready for a body.
    Messages(EncodedBody),
}

impl EncodedRequest {
    /// The body without what asks for a stream, for end points that know none.
    #[must_use]
    pub fn without_stream(&self) -> Bytes {
        let body = self.body();
        let fields = Fields::of(&body).unwrap_or_default();
        let kept = fields.members();
        let kept = kept.filter(|(name, _)| !["stream", "stream_options"].contains(name));
        Object::new().distinct(kept).end().into()
    }
}

impl Dialect {
    /// The names, as configuration and flags spell them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("responses", Self::Responses),
        ("chat", Self::Chat),
        ("messages", Self::Messages),
    ];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Chat => "chat",
            Self::Messages => "messages",
        }
    }

    /// The path of its end point, below the base URL.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Chat => "chat/completions",
            Self::Messages => "messages",
        }
    }

    /// Encodes a request for a streamed answer.
    ///
    /// # Errors
    /// [`CannotCarry`] if the request says something that the dialect cannot.
    pub fn encode(
        self,
        request: &ModelRequest,
        quirks: &Quirks,
    ) -> Result<EncodedRequest, CannotCarry> {
        match self {
            Self::Responses => {
                let portable = responses::portable(request)?;
                let encoded = responses::EncodedRequest::new(&portable.request);
                Ok(EncodedRequest::Responses(
                    encoded.without(portable.left_out),
                ))
            }
            Self::Chat => chat::encode(request, &quirks.chat).map(EncodedRequest::Chat),
            Self::Messages => {
                messages::encode(request, &quirks.messages).map(EncodedRequest::Messages)
            }
        }
    }
}

impl EncodedRequest {
    /// Its dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Responses(_) => Dialect::Responses,
            Self::Chat(_) => Dialect::Chat,
            Self::Messages(_) => Dialect::Messages,
        }
    }

    /// The body of the HTTP request.
    #[must_use]
    pub fn body(&self) -> Bytes {
        match self {
            Self::Responses(request) => request.body().into(),
            Self::Chat(request) | Self::Messages(request) => request.body().clone(),
        }
    }

    /// How many bytes the body has, give or take a hundred.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Responses(request) => request.size(),
            Self::Chat(request) | Self::Messages(request) => request.body().len(),
        }
    }

    /// What was left out, because it is a hint or bound to another provider.
    #[must_use]
    pub fn left_out(&self) -> &[CannotCarry] {
        match self {
            Self::Responses(request) => request.left_out(),
            Self::Chat(request) | Self::Messages(request) => request.left_out(),
        }
    }
}

impl From<responses::EncodedRequest> for EncodedRequest {
    fn from(request: responses::EncodedRequest) -> Self {
        Self::Responses(request)
    }
}

/// Reads one response as far as its carrier must.
#[derive(Clone, Debug)]
pub struct StreamReader(Watch);

#[derive(Clone, Debug)]
enum Watch {
    Responses,
    Chat(chat::Watch),
    Messages(messages::Watch),
}

impl StreamReader {
    /// A reader before the first event.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Responses => Watch::Responses,
            Dialect::Chat => Watch::Chat(chat::Watch::default()),
            Dialect::Messages => Watch::Messages(messages::Watch::default()),
        })
    }

    /// Reads the data of one server-sent event, and takes note of what it says about the end.
    ///
    /// # Errors
    /// [`NotAnEvent`] if it cannot be read as one.
    pub fn event(&mut self, data: Bytes) -> Result<RawEvent, NotAnEvent> {
        match &mut self.0 {
            Watch::Responses => RawEvent::parse(data),
            Watch::Chat(watch) => watch.read(data),
            Watch::Messages(watch) => {
                let event = messages::read(data)?;
                watch.observe(&event);
                Ok(event)
            }
        }
    }

    /// How the response ended, if `event`, read by this reader, ends it.
    #[must_use]
    pub fn terminal(&self, event: &RawEvent) -> Option<Terminal> {
        match &self.0 {
            Watch::Responses => Terminal::of(event),
            Watch::Chat(watch) => watch.terminal(event),
            Watch::Messages(watch) => watch.terminal(event),
        }
    }

    /// The tokens that the response took, where its last event `event`, or one before it, has told.
    #[must_use]
    pub fn usage(&self, event: &RawEvent) -> Option<Usage> {
        match &self.0 {
            Watch::Responses => {
                let usage = Fields::within(event.raw(), &["response", "usage"]);
                usage.map(|usage| Usage::read(&usage))
            }
            Watch::Chat(watch) => watch.usage(),
            Watch::Messages(watch) => watch.usage(),
        }
    }

    /// The last event, where the stream is over (or silent) and all but that event has come: a server
    /// has told why the answer ended, and forgot to end it. To be taken as if it had come. Always
    /// `None` for Responses, whose terminal event alone tells how it ended.
    #[must_use]
    pub fn missing_end(&self) -> Option<RawEvent> {
        match &self.0 {
            Watch::Responses => None,
            Watch::Chat(watch) => watch.missing_end(),
            Watch::Messages(watch) => watch.missing_end(),
        }
    }
}

/// Turns the raw events of one response into what the agent reads.
#[derive(Debug)]
pub struct Assembler(Reading);

#[derive(Debug)]
enum Reading {
    Responses(responses::Assembler),
    Chat(Box<chat::Assembler>),
    Messages(Box<messages::Assembler>),
}

impl Assembler {
    /// An assembler before the first event.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Responses => Reading::Responses(responses::Assembler::new()),
            Dialect::Chat => Reading::Chat(Box::default()),
            Dialect::Messages => Reading::Messages(Box::default()),
        })
    }

    /// Appends what `event` tells to `told`.
    ///
    /// A failed end gives nothing here, an incomplete one the items so far: the transport has named
    /// that fault.
    pub fn push(&mut self, event: &RawEvent, told: &mut Vec<ModelEvent>) {
        match &mut self.0 {
            Reading::Responses(assembler) => told.extend(assembler.push(event)),
            Reading::Chat(assembler) => assembler.push(event, told),
            Reading::Messages(assembler) => assembler.push(event, told),
        }
    }

    /// The items so far, in the order they were completed.
    #[must_use]
    pub fn into_items(self) -> Vec<Item> {
        match self.0 {
            Reading::Responses(assembler) => assembler.into_items(),
            Reading::Chat(assembler) => assembler.into_items(),
            Reading::Messages(assembler) => assembler.into_items(),
        }
    }

    /// How many events were unknown, could not be read, or came after the end.
    #[must_use]
    pub fn skipped(&self) -> usize {
        match &self.0 {
            Reading::Responses(assembler) => assembler.skipped(),
            Reading::Chat(assembler) => assembler.skipped(),
            Reading::Messages(assembler) => assembler.skipped(),
        }
    }
}
