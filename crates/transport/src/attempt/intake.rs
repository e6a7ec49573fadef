//! What every route does with what arrives: keep the clock of patience, pass events up, and know
//! how the response ended.
//!
//! Only events move the clock. Comments and repeated signs of life from the origin make patience
//! longer once, up to a ceiling, and no more: a backend that says "working" for ever is as silent as
//! one that says nothing.

use std::time::Duration;

use alipes_base::{Clock, Deadline, Expired};
use alipes_wire::responses::{Terminal, turn_state};
use alipes_wire::{ApiError, Dialect, RawEvent, Signal, StreamReader};
use bytes::Bytes;
use tokio::time::Instant;

use super::arrival::Arrival;
use super::receipt::Receipt;
use crate::conversation::Conversation;
use crate::fault::{of_api_error, of_error_frame};
use crate::hedge::{Lane, MOST_PATIENCE, Overdue, Spent};
use crate::patience::Stage;
use crate::patience::measure::Measure;
use crate::step::Attempt;
use crate::{Cause, Fault, Patience, Phase, Request, Route, Trace};

/// The most that one response may send, in bytes. Nobody reads an answer this long.
const MAX_RESPONSE: usize = 128 << 20;

/// The mark at the end of a stream that carries nothing.
const DONE: &str = "[DONE]";

/// What one sign of life of the origin multiplies patience by, and the most it can become.
const ORIGIN_FACTOR: u32 = 4;
const CEILING: Duration = Duration::from_secs(300);
const NEWS_AFTER: Duration = Duration::from_secs(2);

/// One response's way in.
pub(crate) struct Intake {
    clock: Clock,
    patience: Patience,
    reasoning: bool,
    attempt: u32,
    lane: Lane,
    dialect: Dialect,
    reader: StreamReader,
    begun: Instant,
    stage: Stage,
    stage_since: Instant,
    origin_alive: bool,
    /// Another attempt runs beside this one: who gives up when is decided there.
    accompanied: bool,
    /// Nobody can be asked any more, so this one is waited for as long as two would be.
    prolonged: bool,
    received: usize,
    /// Some of the response has come.
    begun_to_answer: bool,
    unreadable: usize,
    receipt: Receipt,
    turn_state: Option<String>,
    arrival: Arrival,
    /// What this response teaches about waits; `None` where it teaches nothing.
    measure: Option<Measure>,
}

/// Whether to read on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    More,
    Completed,
}

impl Intake {
    pub(crate) fn new(
        about: &Conversation,
        request: &Request,
        attempt: Attempt,
        lane: Lane,
    ) -> Self {
        let mut intake = Self::of(about, lane);
        intake.reasoning = request.reasoning;
        intake.attempt = attempt.number;
        let cold = intake.patience;
        let measure = Measure::new(about, request, attempt.route);
        if attempt.route == Route::Sse && about.holds_back(&request.model) {
            // It teaches nothing about the model either.
            intake.patience = cold.behind_a_buffer();
        } else {
            intake.patience = measure.patience(cold, about.endpoint.profile());
            intake.measure = Some(measure);
        }
        intake
    }

    /// An intake whose events nobody reads.
    pub(super) fn unheard(about: &Conversation) -> Self {
        Self::of(about, Lane::unheard())
    }

    fn of(about: &Conversation, lane: Lane) -> Self {
        let clock = about.transport.clock.clone();
        let now = clock.now();
        Self {
            clock,
            patience: about.endpoint.profile().patience(),
            reasoning: false,
            attempt: 0,
            lane,
            dialect: about.endpoint.dialect(),
            reader: StreamReader::new(about.endpoint.dialect()),
            begun: now,
            stage: Stage::Sent,
            stage_since: now,
            origin_alive: false,
            accompanied: false,
            prolonged: false,
            received: 0,
            begun_to_answer: false,
            unreadable: 0,
            receipt: Receipt::default(),
            turn_state: None,
            arrival: Arrival::default(),
            measure: None,
        }
    }

    /// Whether any event came.
    pub(crate) fn has_events(&self) -> bool {
        self.begun_to_answer
    }

    /// Whether the answer is whole, although its terminal event was lost; if so, the reader gets one.
    pub(crate) async fn ends_without_receipt(&mut self) -> bool {
        let Some(end) = self.receipt.made() else {
            return false;
        };
        self.lane.pass(end, Signal::Terminal).await;
        true
    }

    /// The sticky token that came with the events.
    pub(super) fn take_turn_state(&mut self) -> Option<String> {
        self.turn_state.take()
    }

    /// Tells something about this attempt.
    pub(super) async fn trace(&self, trace: impl FnOnce(u32) -> Trace) {
        self.lane.trace(trace(self.attempt)).await;
    }

    /// Whether the whole answer was held back on the way; `None` where it does not show.
    pub(crate) fn was_held_back(&self) -> Option<bool> {
        self.arrival.was_held_back()
    }

    /// The attempt is over.
    pub(crate) fn ended(&mut self, answered: bool) {
        if let Some(measure) = self.measure.take() {
            measure.ended(answered);
        }
    }

    /// The request is on its way: the first wait begins.
    pub(super) async fn sent(&mut self) {
        let now = self.clock.now();
        self.arrival.sent(now);
        self.enter(Stage::Sent, now).await;
    }

    /// The response's head is here: over SSE that is the first sign of life.
    pub(super) async fn accepted(&mut self) {
        let now = self.clock.now();
        self.arrival.sent(now);
        self.alive(Stage::Accepted, now).await;
    }

    /// By when the next event must be here.
    pub(super) fn limit(&self, deadline: &Deadline) -> Deadline {
        if self.accompanied {
            return *deadline;
        }
        let (name, length) = self.patience_now();
        deadline.tightened_from(self.stage_since, name, length)
    }

    /// A wait has ended by its limit: is there, or can there be, another attempt beside this one,
    /// then this one waits on.
    pub(super) async fn overdue(
        &mut self,
        expired: Expired,
        deadline: &Deadline,
    ) -> Result<(), Fault> {
        // Company does not make the step any longer.
        if expired.limit == deadline.limit() {
            return Err(self.timed_out(expired, deadline));
        }
        if !self.lane.has_delivered() {
            let spent = Spent {
                limit: expired.limit,
                length: self.patience_now().1,
                phase: self.phase(),
                at: self.clock.now(),
            };
            self.accompanied = self.lane.overdue(Overdue::Patience(spent)).await;
        } else if self.is_worth_waiting_for() {
            self.prolonged = true;
            self.waiting().await;
            return Ok(());
        }
        match self.accompanied {
            true => Ok(()),
            false => Err(self.timed_out(expired, deadline)),
        }
    }

    /// Whether a model that thinks would be given up with nobody to ask instead: what it has shown cannot
    /// begin anew.
    fn is_worth_waiting_for(&self) -> bool {
        self.stage == Stage::Reasoning && !self.prolonged && !self.lane.may_begin_anew()
    }

    /// The edge has never answered a ping, and does not answer this one. It may be one that does
    /// not answer pings: another attempt will tell.
    pub(super) async fn doubts_the_edge(&self) {
        if !self.lane.has_delivered() {
            self.lane.overdue(Overdue::Ping).await;
        }
    }

    /// The fault of a wait that ended by its limit.
    pub(super) fn timed_out(&self, expired: Expired, deadline: &Deadline) -> Fault {
        if expired.limit == deadline.limit() {
            return Fault::new(self.phase(), Cause::Deadline).limited(expired);
        }
        let cause = match self.stage {
            Stage::Sent | Stage::Accepted => Cause::Silent,
            Stage::Reasoning | Stage::Output => Cause::Stalled,
        };
        let (limit, length) = self.patience_now();
        Fault::new(self.phase(), cause).limited(Expired { limit, length })
    }

    /// Whether this is output although the response has not begun: then it is another one's.
    pub(super) fn is_left_over(&self, json: &Bytes) -> bool {
        let is_output = |event: RawEvent| Signal::of(&event).is_output();
        self.stage == Stage::Sent && RawEvent::parse(json.clone()).is_ok_and(is_output)
    }

    /// The fault of a response that ended without its end.
    pub(super) fn cut(&self) -> Fault {
        let nothing_readable = !self.has_events() && self.unreadable > 0;
        let cause = if nothing_readable {
            Cause::Malformed
        } else {
            Cause::Cut
        };
        Fault::new(self.phase(), cause)
    }

    /// A fault of the connection, in the phase that the response is in.
    pub(super) fn placed(&self, mut fault: Fault) -> Fault {
        fault.phase = self.phase();
        if fault.cause == Cause::Cut && self.stage == Stage::Sent {
            fault.cause = Cause::Reset;
        }
        fault
    }

    /// The phase that a response is in, after what it has shown.
    pub(super) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Sent => Phase::Headers,
            Stage::Accepted => Phase::FirstOutput,
            Stage::Reasoning | Stage::Output => Phase::Stream,
        }
    }

    /// Bytes came in.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.received = self.received.saturating_add(bytes);
        if self.received > MAX_RESPONSE {
            let what = format!("the answer is larger than {} MiB", MAX_RESPONSE >> 20);
            return Err(Fault::new(self.phase(), Cause::AnswerTooLarge).because(&what));
        }
        Ok(())
    }

    /// The origin says that it is alive, and nothing else. Right behind the first event it says
    /// nothing new.
    pub(super) fn sign_of_life(&mut self) {
        self.origin_alive |= self.clock.since(self.stage_since) >= NEWS_AFTER;
    }

    /// Takes one event's JSON; `Err` is how the response failed.
    pub(super) async fn take(&mut self, json: Bytes) -> Result<(Next, Option<RawEvent>), Fault> {
        // Some servers end a stream of Responses as one of Chat Completions ends; it says nothing.
        if json == DONE && self.dialect == Dialect::Responses {
            return Ok((Next::More, None));
        }
        let Ok(event) = self.reader.event(json.clone()) else {
            // Some servers send an error as an event without a type.
            if let Some(error) = ApiError::from_body(&json) {
                return Err(of_api_error(self.phase(), &error, self.clock.wall()));
            }
            // A broken line was seen in the wild amid good ones; the missing end will tell.
            self.unreadable += 1;
            self.receipt.spoil();
            return Ok((Next::More, None));
        };
        let (signal, now) = (Signal::of(&event), self.clock.now());
        self.arrival.event(signal.is_output(), now);
        match signal {
            Signal::Lifecycle if self.stage == Stage::Sent => {
                self.alive(Stage::Accepted, now).await;
            }
            Signal::Lifecycle => self.sign_of_life(),
            Signal::Delivered | Signal::Progress => self.alive(Stage::Output, now).await,
            // Reasoning may pause for minutes, text may not.
            Signal::Reasoning | Signal::ItemDone => self.alive(Stage::Reasoning, now).await,
            Signal::Terminal => {
                return Ok((self.pass_end(&event).await?, Some(event)));
            }
            _ => {
                self.turn_state = turn_state(&event).or(self.turn_state.take());
            }
        }
        self.begun_to_answer = true;
        self.lane.pass(event.clone(), signal).await;
        self.receipt.observe(&event);
        Ok((Next::More, Some(event)))
    }

    /// The stream is over or silent: is it only the last event that is missing, although all that it
    /// would say is known, then this is the end. Some servers never send it.
    pub(super) async fn ends_anyway(&mut self) -> Result<bool, Fault> {
        let Some(event) = self.reader.missing_end() else {
            return Ok(false);
        };
        Ok(self.pass_end(&event).await? == Next::Completed)
    }

    /// Passes on how the response ended. An answer that stopped short is one all the same: its reader
    /// may pass on how.
    async fn pass_end(&mut self, event: &RawEvent) -> Result<Next, Fault> {
        let end = self.end(event);
        let is_an_answer = |fault: &Fault| fault.cause == Cause::Incomplete;
        if end.as_ref().err().is_none_or(is_an_answer) {
            self.lane.pass(event.clone(), Signal::Terminal).await;
        }
        end
    }

    fn end(&self, event: &RawEvent) -> Result<Next, Fault> {
        let now = self.clock.wall();
        match self.reader.terminal(event) {
            Some(Terminal::Completed { .. }) => Ok(Next::Completed),
            Some(Terminal::Incomplete { reason }) => {
                let mut fault = Fault::new(self.phase(), Cause::Incomplete);
                fault.message = Some(format!("reason: {reason}"));
                Err(fault)
            }
            Some(Terminal::Failed(error)) => Err(of_api_error(self.phase(), &error, now)),
            Some(Terminal::Error(frame)) => Err(of_error_frame(self.phase(), &frame, now)),
            _ => Ok(Next::More),
        }
    }

    /// Progress: the clock starts anew, and patience is the stage's own again.
    async fn alive(&mut self, stage: Stage, now: Instant) {
        if self.stage == Stage::Sent {
            let after = now.saturating_duration_since(self.begun);
            self.trace(|attempt| Trace::FirstEvent { attempt, after })
                .await;
        }
        self.enter(stage, now).await;
    }

    async fn enter(&mut self, stage: Stage, now: Instant) {
        let news = stage != self.stage || stage == Stage::Sent;
        self.stage = stage;
        self.stage_since = now;
        if let Some(measure) = &mut self.measure {
            measure.progress(stage, now);
        }
        self.origin_alive = false;
        self.prolonged = false;
        if std::mem::take(&mut self.accompanied) {
            self.lane.goes_on();
        }
        if news {
            self.waiting().await;
        }
    }

    async fn waiting(&self) {
        let (limit, length) = self.patience_now();
        self.trace(|attempt| Trace::Waiting {
            attempt,
            limit,
            length,
        })
        .await;
    }

    fn patience_now(&self) -> (&'static str, Duration) {
        let (name, length) = self.patience.limit(self.stage, self.reasoning);
        if self.prolonged {
            return (name, length * MOST_PATIENCE);
        }
        if self.origin_alive {
            (name, length.max((length * ORIGIN_FACTOR).min(CEILING)))
        } else {
            (name, length)
        }
    }
}

/// Two that are silent side by side and given up together are a fault, and faults teach nothing about
/// waits; one that was dropped because the other has the answer does.
impl Drop for Intake {
    fn drop(&mut self) {
        if self.accompanied && !self.lane.has_lost() {
            self.ended(false);
        }
    }
}
