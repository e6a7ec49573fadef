//! What one account of one link needs to be asked with a client's own request.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_transport::{Alternatives, Priority, Request, ResponseStream, Session};
use alipes_wire::{Dialect, EncodedRequest, ModelRequest, Quirks};

use super::RelayRequest;
use crate::ModelName;
use crate::link::Link;
use crate::walk::Candidate;

/// Somebody who can be asked.
pub(super) struct RelayAsk<'r> {
    pub(super) who: Candidate,
    pub(super) name: &'r ModelName,
    pub(super) account: &'r str,
    quirks: &'r Quirks,
    session: &'r mut Session,
}

impl<'r> RelayAsk<'r> {
    /// Each account of a link, to be asked as the candidate of that place.
    pub(super) fn all_of(at: usize, link: &'r mut Link) -> impl Iterator<Item = Self> {
        let (name, quirks) = (&link.name, &link.quirks);
        let accounts = link.accounts.iter_mut().enumerate();
        accounts.map(move |(account_at, account)| Self {
            who: Candidate {
                link: at,
                account: account_at,
            },
            name,
            account: &account.name,
            quirks,
            session: &mut account.session,
        })
    }

    /// What it is asked in.
    pub(super) fn dialect(&self) -> Dialect {
        self.session.endpoint().dialect()
    }

    /// Whether it is on this machine and needs no network.
    pub(super) fn is_here(&self) -> bool {
        self.session.endpoint().is_on_this_machine()
    }

    /// For how long it is better not asked, after all that the transport remembers.
    pub(super) fn left_alone(&self) -> Duration {
        self.session.left_alone(&self.name.model)
    }

    /// Sends it. `alternatives`: who is left after this one.
    pub(super) fn send(
        self,
        request: &RelayRequest,
        deadline: Deadline,
        alternatives: Alternatives,
    ) -> ResponseStream<'r> {
        let body = match self.say(request) {
            Ok(body) => body,
            Err(why) => return self.session.refuse(&why),
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
        self.session.stream(request, deadline)
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
        let items = request.items.as_deref().map_err(ToOwned::to_owned)?;
        let items = ModelRequest {
            model: self.name.model.clone(),
            ..items.clone()
        };
        let encoded = dialect.encode(&items, self.quirks);
        encoded.map_err(|why| why.to_string())
    }
}
