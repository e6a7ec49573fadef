//! How a client's own request is asked of one candidate: in the client's words where those are what it
//! speaks, else said anew from their items.

use alipes_transport::{Alternatives, Priority, Request, ResponseStream};
use alipes_wire::{EncodedRequest, ModelRequest};

use super::{RelayRequest, Terms};
use crate::link::{Ask, Source};

impl<'r> Ask<'r> {
    /// Sends it. `alternatives`: who is left after this one.
    pub(super) fn pass_on(self, terms: &Terms, alternatives: Alternatives) -> ResponseStream<'r> {
        self.count(&terms.experience);
        let request = &terms.request;
        let body = self.say(request);
        let session = match self.source {
            Source::Endpoint(session) => session,
            Source::AppServer(server) => {
                return match items(request, &self.name.model) {
                    Ok(items) => server.stream(items, false, terms.deadline),
                    Err(why) => server.refuse(&why),
                };
            }
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => return session.refuse(&why),
        };
        let without_reasoning = match &body {
            EncodedRequest::Responses(body) => body.without_reasoning(),
            EncodedRequest::Chat(_) | EncodedRequest::Messages(_) => None,
        };
        let request = Request {
            without_reasoning: without_reasoning.map(EncodedRequest::Responses),
            body,
            reasoning: request.words.reasons,
            accepts_restart: false,
            alternatives,
            effort: request.words.effort.clone(),
            priority: Priority::Main,
            model: self.name.model.clone(),
        };
        session.stream(request, terms.deadline)
    }

    /// The request in this provider's dialect; `Err` is why it cannot be said in it.
    fn say(&self, request: &RelayRequest) -> Result<EncodedRequest, String> {
        let dialect = self.dialect();
        if dialect == request.words.dialect() {
            let continues = request.continues.as_ref();
            let id = continues.map(|continued| continued.response_id.as_str());
            let encoded = request.words.encode(&self.name.model, id);
            return encoded.map_err(|why| why.to_string());
        }
        let items = items(request, &self.name.model)?;
        let encoded = dialect.encode(&items, self.quirks);
        encoded.map_err(|why| why.to_string())
    }
}

/// The request's items, for this model.
fn items(request: &RelayRequest, model: &str) -> Result<ModelRequest, String> {
    let items = request.items.as_deref().map_err(ToOwned::to_owned)?;
    Ok(ModelRequest {
        model: model.to_owned(),
        ..items.clone()
    })
}
