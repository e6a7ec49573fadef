//! What a client asks for beside answers: a conversation made shorter, its length in tokens.
//!
//! Nobody can do that in another's stead, so it is passed on, in the client's own words, to those who
//! have such a thing and speak its dialect; a made-up answer would be believed. No fault of it says
//! anything about turns.

use alipes_base::Deadline;
use alipes_transport::{AuxiliaryAnswer, AuxiliaryFault, Cause};

use super::{Relay, RelayRequest};
use crate::ModelName;
use crate::link::{Ask, Source, preferred};

/// Why it was not done.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AsideError {
    /// None of those who could be asked has it.
    #[error("no provider of this model offers it")]
    Nobody,
    /// The last one that was asked could not.
    #[error(transparent)]
    Fault(#[from] AuxiliaryFault),
}

impl Relay {
    /// Asks for `path`, which every provider calls the same; what comes back.
    ///
    /// # Errors
    /// [`AsideError`].
    pub async fn aside(
        &mut self,
        path: &str,
        request: &RelayRequest,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AsideError> {
        let preferred = preferred(&self.links, &self.experience);
        let links = self.links.iter_mut().enumerate();
        let knows = |name: &ModelName| match &request.continues {
            Some(continued) => continued.by == *name,
            None => true,
        };
        let asks: Vec<Ask<'_>> = links.flat_map(|(at, link)| link.asks(at)).collect();
        let asks = preferred
            .iter()
            .filter_map(|who| asks.iter().find(|ask| ask.who == *who));
        let continues = request.continues.as_ref();
        let id = continues.map(|continued| continued.response_id.as_str());
        let mut why = AsideError::Nobody;
        for ask in asks.filter(|ask| knows(ask.name)) {
            let Source::Endpoint(session) = &ask.source else {
                continue;
            };
            if !session.has_side_call(path) || ask.dialect() != request.words.dialect() {
                continue;
            }
            let account = ask.key();
            let is_foreign = |text: &str| self.makers.is_foreign(text, account.as_ref());
            let body = request.words.encode(&ask.name.model, id, &is_foreign);
            let (body, headers) = (body.without_stream(), request.headers.clone());
            let side = session.side_calls();
            match side.post(path, body, headers, deadline).await {
                Ok(answer) => return Ok(answer),
                // What is wrong with the request is wrong with it everywhere.
                Err(fault) if fault.cause() == Cause::InvalidRequest => return Err(fault.into()),
                Err(fault) => why = fault.into(),
            }
        }
        Err(why)
    }
}
