//! Writes an answer that came in this dialect.

use alipes_wire::responses::Passing;
use alipes_wire::{ApiError, RawEvent};
use bytes::Bytes;

use crate::event::Event;
use crate::front::{Asked, Writer};

/// The writer.
pub(super) struct PassingWriter(Passing);

impl PassingWriter {
    pub(super) fn new(asked: &Asked) -> Self {
        let previous = asked.previous_response_id.as_deref();
        Self(Passing::new(
            &asked.id,
            &asked.model,
            previous,
            asked.created_at,
        ))
    }
}

fn event((name, data): (String, Bytes)) -> Event {
    let name = name.into();
    Event { name, data }
}

impl Writer for PassingWriter {
    fn push(&mut self, raw: &RawEvent) -> Vec<Event> {
        vec![event(self.0.push(raw))]
    }

    fn fail(&mut self, error: &ApiError) -> Vec<Event> {
        vec![event(self.0.fail(error))]
    }

    fn whole(&mut self) -> Option<Bytes> {
        self.0
            .whole()
            .map(|whole| Bytes::copy_from_slice(whole.as_bytes()))
    }

    fn kept_as(&self) -> Option<String> {
        self.0.kept_as().map(ToOwned::to_owned)
    }
}
