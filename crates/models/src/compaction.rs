//! A conversation made shorter by the provider itself, which alone can read what it makes of it.
//!
//! It is asked beside the turn, of the account that the next step goes to: another one could do nothing
//! with the answer.

use alipes_base::{Clock, Deadline};
use alipes_transport::{AuxiliaryFault, SideCalls};
use alipes_wire::responses::{COMPACT, compacted, compaction_usage};
use alipes_wire::{Dialect, Item, Usage};
use bytes::Bytes;
use http::HeaderMap;

use crate::link::{Ask, Question, Source};
use crate::recording;
use crate::{Addressee, Records};

/// A question to one account, still to be asked.
pub struct CompactionQuestion {
    side_calls: SideCalls,
    maker: String,
    by: Addressee,
    body: Bytes,
    records: Option<Records>,
    clock: Clock,
}

/// What stands for a conversation.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its new beginning.
    pub items: Vec<Item>,
    /// Who can read it, to be told with each [`Prompt`](crate::Prompt) that holds it.
    pub maker: String,
    /// Who made it.
    pub by: Addressee,
    /// The tokens that it took, where that was told.
    pub usage: Option<Usage>,
}

impl CompactionQuestion {
    /// The question to this one, if it has an answer to such.
    pub(crate) fn of(
        ask: &Ask<'_>,
        question: &Question,
        records: Option<&Records>,
        clock: &Clock,
    ) -> Option<Self> {
        let Source::Endpoint(session) = &ask.source else {
            return None;
        };
        let is_offered = session.has_side_call(COMPACT) && ask.dialect() == Dialect::Responses;
        let maker = ask.maker().filter(|_| is_offered)?;
        Some(Self {
            side_calls: session.side_calls(),
            maker,
            by: ask.addressee(),
            body: ask.compaction(question)?.into(),
            records: records.cloned(),
            clock: clock.clone(),
        })
    }

    /// Asks.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], which says nothing about turns.
    pub async fn ask(self, deadline: Deadline) -> Result<Sealed, AuxiliaryFault> {
        let records = self.records.as_ref();
        let endpoint = self.side_calls.endpoint();
        let recorded = recording::Question::begin(records, &self.clock, endpoint, COMPACT);
        let (body, headers) = (self.body, HeaderMap::new());
        let answer = self.side_calls.post(COMPACT, body, headers, deadline).await;
        let told = answer.as_ref().ok();
        let usage = told.and_then(|answer| compaction_usage(&answer.body));
        recorded.ended_for(&answer, usage);
        let answer = answer?;
        let items = compacted(&answer.body);
        Ok(Sealed {
            items: items.ok_or_else(|| answer.malformed("it holds no compaction"))?,
            maker: self.maker,
            by: self.by,
            usage,
        })
    }
}
