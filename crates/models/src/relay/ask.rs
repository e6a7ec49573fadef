//! How a client's own request is asked of one candidate: in the client's words where those are what it
//! speaks, else said anew from their items.

use alipes_transport::{Alternatives, Priority, Reader, Request, ResponseStream, Session};
use alipes_wire::{CannotCarry, Dialect, EncodedRequest, ModelRequest, Quirks};
use http::HeaderMap;

use super::{RelayRequest, Terms};
use crate::app_server::AppServer;
use crate::link::{Ask, Source};

/// A request as one candidate understands it.
pub(super) struct Said<'r> {
    to: To<'r>,
    /// What it does not get: it could not read it, or has no place for it.
    pub(super) left_out: Vec<CannotCarry>,
}

enum To<'r> {
    Endpoint(&'r mut Session, EncodedRequest),
    AppServer(&'r mut AppServer, Box<ModelRequest>),
}

impl<'r> Ask<'r> {
    /// The request for this candidate, if it can be told it; else what says why it cannot.
    pub(super) fn say(self, terms: &Terms) -> Result<Said<'r>, Box<ResponseStream<'r>>> {
        let (dialect, account, model) = (self.dialect(), self.key(), &self.name.model);
        let (request, makers) = (&terms.request, &terms.makers);
        let is_foreign = |text: &str| makers.is_foreign(text, account.as_ref());
        match self.source {
            Source::AppServer(server) => match items(request, model, &is_foreign) {
                Ok((items, left_out)) => Ok(Said {
                    to: To::AppServer(server, Box::new(items)),
                    left_out,
                }),
                Err(why) => Err(Box::new(server.refuse(&why))),
            },
            Source::Endpoint(session) => {
                let encoded = encode(request, (dialect, self.quirks), model, &is_foreign);
                match encoded {
                    Ok((body, left_out)) => Ok(Said {
                        to: To::Endpoint(session, body),
                        left_out,
                    }),
                    Err(why) => Err(Box::new(session.refuse(&why))),
                }
            }
        }
    }
}

impl<'r> Said<'r> {
    /// The body, where it goes to an endpoint.
    pub(super) fn body(&self) -> Option<&EncodedRequest> {
        match &self.to {
            To::Endpoint(_, body) => Some(body),
            To::AppServer(..) => None,
        }
    }

    /// Sends it. `alternatives`: who is left after this one.
    pub(super) fn send(
        self,
        model: &str,
        terms: &Terms,
        alternatives: Alternatives,
    ) -> ResponseStream<'r> {
        let words = &terms.request.words;
        let reader = match terms.request.in_one_piece {
            true => Reader::Replaces,
            false => Reader::KeepsOutput,
        };
        let (session, body) = match self.to {
            To::Endpoint(session, body) => (session, body),
            To::AppServer(server, items) => {
                return server.stream(*items, reader, terms.deadline);
            }
        };
        let is_own = session.endpoint().dialect() == words.dialect();
        session.carry(match is_own {
            true => terms.request.headers.clone(),
            false => HeaderMap::new(),
        });
        let without_reasoning = match &body {
            EncodedRequest::Responses(body) => body.without_reasoning(),
            EncodedRequest::Chat(_) | EncodedRequest::Messages(_) => None,
        };
        let request = Request {
            without_reasoning: without_reasoning.map(EncodedRequest::Responses),
            body,
            reasoning: words.reasons,
            reader,
            waits_on: false,
            alternatives,
            effort: words.effort.clone(),
            priority: Priority::Main,
            model: model.to_owned(),
        };
        session.stream(request, terms.deadline)
    }
}

/// The request in the dialect of an endpoint, and what is left out; `Err` is why it cannot be said so.
fn encode(
    request: &RelayRequest,
    (dialect, quirks): (Dialect, &Quirks),
    model: &str,
    is_foreign: &dyn Fn(&str) -> bool,
) -> Result<(EncodedRequest, Vec<CannotCarry>), String> {
    if dialect == request.words.dialect() {
        let continues = request.continues.as_ref();
        let id = continues.map(|continued| continued.response_id.as_str());
        let encoded = request.words.encode(model, id, is_foreign);
        let left_out = encoded.left_out().to_vec();
        return Ok((encoded, left_out));
    }
    let (items, mut left_out) = items(request, model, is_foreign)?;
    let encoded = dialect.encode(&items, quirks);
    let encoded = encoded.map_err(|why| why.to_string())?;
    left_out.extend_from_slice(encoded.left_out());
    Ok((encoded, left_out))
}

/// The request's items for this model, and what it is not sent of the request.
fn items(
    request: &RelayRequest,
    model: &str,
    is_foreign: &dyn Fn(&str) -> bool,
) -> Result<(ModelRequest, Vec<CannotCarry>), String> {
    let read = request.items().map_err(ToString::to_string)?;
    let mut items = ModelRequest {
        model: model.to_owned(),
        ..read.request.clone()
    };
    let foreign = items.leave_out_foreign(is_foreign);
    let left_out = read.left_out.iter().cloned().chain(foreign);
    Ok((items, left_out.collect()))
}
