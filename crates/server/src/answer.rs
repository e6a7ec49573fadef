//! One answer on its way to a client: what comes up from the relay, in the client's dialect.

use std::sync::Arc;

use alipes_models::{Continued, ModelName, RelayUpdate};
use alipes_transport::{Cause, Fault};
use alipes_wire::responses::ToolNames;
use alipes_wire::{AnswerOut, CannotCarry, Dialect, Echo, Frame, Label, Relayed};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;

use crate::call::Call;
use crate::clients::Client;
use crate::continuations::Found;
use crate::door::{ATTEMPTS, LEFT_OUT};
use crate::left_out;
use crate::metrics::{End, Metrics, Whom};
use crate::refusal::Refusal;
use crate::server::Shared;

/// An answer under way.
pub(crate) struct Answer {
    call: Call,
    asked: Asked,
    keeping: Keeping,
    writer: Option<AnswerOut>,
    by: Option<ModelName>,
    left_out: Vec<CannotCarry>,
    ended: Option<Result<(), Refusal>>,
    begun: Instant,
    whom: Whom,
}

/// What is known of the request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// What the client shall know the answer by.
    pub(crate) label: Label,
    /// The request.
    pub(crate) words: Arc<Relayed>,
    /// [`Answer::whole`] is sent, and nobody reads the events: they need not be written.
    pub(crate) in_one_piece: bool,
}

/// Who may go on from the answer.
pub(crate) struct Keeping {
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: Arc<Client>,
    pub(crate) conversation: String,
}

impl Asked {
    fn dialect(&self) -> Dialect {
        self.words.dialect()
    }

    /// Who writes what a provider says that speaks `from`.
    fn writer(&self, from: Dialect) -> AnswerOut {
        let mut label = self.label.clone();
        if self.dialect() == Dialect::Responses && from != Dialect::Responses {
            label.echo = Echo::of(self.words.body());
            label.tools = ToolNames::of(self.words.body());
        }
        let writer = AnswerOut::new(from, self.dialect(), label);
        match self.in_one_piece {
            true => writer.whole(),
            false => writer,
        }
    }
}

impl Answer {
    pub(crate) fn new(call: Call, asked: Asked, keeping: Keeping) -> Self {
        keeping.shared.metrics.answer_begun();
        Self {
            begun: keeping.shared.clock.now(),
            call,
            asked,
            keeping,
            writer: None,
            by: None,
            left_out: Vec::new(),
            ended: None,
            whom: Whom::default(),
        }
    }

    /// The next events; `None` when it has ended. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Vec<Frame>> {
        while self.ended.is_none() {
            match self.call.next().await {
                Some(RelayUpdate::Answering {
                    by,
                    dialect,
                    left_out,
                }) => {
                    self.left_out = left_out;
                    self.begin(by, dialect);
                }
                Some(RelayUpdate::Event(raw)) => {
                    let events = self.writer.as_mut().map(|writer| writer.push(&raw));
                    if let Some(events) = events.filter(|events| !events.is_empty()) {
                        return Some(events);
                    }
                }
                Some(RelayUpdate::NextProvider { .. }) => self.metrics().next_providers.add(1),
                Some(RelayUpdate::Asked { account }) => self.whom.account = Some(account),
                Some(RelayUpdate::Trace(trace)) => {
                    let metrics = &self.keeping.shared.metrics;
                    metrics.happened(&mut self.whom, &trace);
                }
                Some(_other) => {}
                None => {
                    let outcome = self.call.outcome().await;
                    self.end(outcome.map_err(|fault| self.refusal(&fault)));
                }
            }
        }
        None
    }

    /// How it ended; asked after the last events.
    pub(crate) fn outcome(&self) -> Result<(), Refusal> {
        self.ended.clone().unwrap_or(Ok(()))
    }

    /// The events that tell in the stream how it failed.
    pub(crate) fn fail(&mut self, refusal: &Refusal) -> Vec<Frame> {
        let writer = self.writer.take();
        let mut writer = writer.unwrap_or_else(|| self.asked.writer(self.asked.dialect()));
        writer.fail(&refusal.error)
    }

    /// The whole answer, once it has ended; asked of one that is sent in one piece.
    pub(crate) fn whole(&mut self) -> Result<Bytes, Refusal> {
        self.outcome()?;
        let whole = self.writer.as_ref().and_then(AnswerOut::object);
        whole.map(Bytes::from).ok_or_else(no_end)
    }

    /// The client's dialect.
    pub(crate) fn dialect(&self) -> Dialect {
        self.asked.dialect()
    }

    /// The answer's id, as the client knows it.
    pub(crate) fn id(&self) -> &str {
        &self.asked.label.id
    }

    /// How many attempts there were so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.call.attempts()
    }

    /// What is told beside it: how often it was tried, and what its provider was not sent, each as far
    /// as that is known by now.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(ATTEMPTS, HeaderValue::from(self.attempts()));
        let left_out = self.left_out();
        if let Some(Ok(told)) = left_out.map(|left_out| HeaderValue::from_str(&left_out)) {
            headers.insert(LEFT_OUT, told);
        }
    }

    /// What its provider was not sent, as far as that is known by now, on one line.
    pub(crate) fn left_out(&self) -> Option<String> {
        left_out::told(&self.left_out)
    }

    fn refusal(&self, fault: &Fault) -> Refusal {
        match (fault.cause, &self.asked.label.previous_response_id) {
            (Cause::UnknownPreviousResponse, Some(id)) => Refusal::unknown_response(id),
            _ => Refusal::from(fault),
        }
    }

    fn metrics(&self) -> &Metrics {
        &self.keeping.shared.metrics
    }

    fn begin(&mut self, by: ModelName, dialect: Dialect) {
        // One that begins anew had its first output before.
        if self.writer.is_none() {
            let waited = self.keeping.shared.clock.since(self.begun);
            self.metrics().first_output(waited);
        }
        self.writer = Some(self.asked.writer(dialect));
        self.by = Some(by);
    }

    fn end(&mut self, outcome: Result<(), Refusal>) {
        // A client that is told of no end waits for it.
        let has_ended = self.writer.as_ref().is_some_and(AnswerOut::has_ended);
        let outcome = match outcome {
            Ok(()) if !has_ended => Err(no_end()),
            outcome => outcome,
        };
        let is_whole = outcome.is_ok();
        self.ended = Some(outcome);
        let Some(writer) = self.writer.as_mut().filter(|_| is_whole) else {
            return;
        };
        let kept_as = writer.kept_as().map(ToOwned::to_owned);
        if let (Some(by), Some(response_id)) = (self.by.take(), kept_as) {
            let Keeping {
                shared,
                client,
                conversation,
            } = &self.keeping;
            let found = Found {
                continued: Continued { by, response_id },
                conversation: conversation.clone(),
            };
            let continuations = &shared.continuations;
            continuations.keep(&self.asked.label.id, &client.name, found);
        }
    }
}

fn no_end() -> Refusal {
    let why = "the provider's answer has no end, or no content";
    Refusal::new(StatusCode::BAD_GATEWAY, "malformed", why)
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.metrics().answer_ended(match &self.ended {
            Some(Ok(())) => End::Whole,
            Some(Err(_)) => End::Failed,
            None => End::Left,
        });
    }
}
