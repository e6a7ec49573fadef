//! What all attempts of one request share, and the frame around each of them: its number, its
//! beginning and its end as they are told.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Redactor};
use tokio::time::Instant;

use crate::attempt::{self, Intake};
use crate::hedge::{Entrant, Lane, Race};
use crate::stream::{Done, Updates};
use crate::{
    AttemptHistory, Cause, Endpoint, Fault, Reaction, Replay, Request, Route, Session, Token, Trace,
};

/// One request on its way, however many attempts it takes.
pub(crate) struct Step<'s> {
    pub(crate) request: Cow<'s, Request>,
    pub(crate) deadline: Deadline,
    pub(crate) updates: Updates,
    pub(crate) endpoint: Arc<Endpoint>,
    clock: Clock,
    redactor: Redactor,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Its number in the step, from 1.
    pub(crate) number: u32,
    pub(crate) route: Route,
    begun: Instant,
}

/// An attempt that has ended.
pub(crate) struct Ran {
    pub(crate) attempt: Attempt,
    pub(crate) entrant: Entrant,
    pub(crate) took: Duration,
    pub(crate) result: Result<(), Fault>,
    /// The generation of the token that it went with.
    pub(crate) generation: Option<u64>,
    /// Whether its answer was held back on the way, where that shows.
    pub(crate) held_back: Option<bool>,
    /// What an attempt beside it had failed by.
    pub(crate) lost: Option<Fault>,
    /// It is one of two that were silent side by side for as long as patience lasts.
    pub(crate) spent: bool,
}

/// What is waited for when there is no patience left.
const EITHER: &str = "either";

impl<'s> Step<'s> {
    pub(crate) fn new(
        session: &Session,
        request: &'s Request,
        deadline: Deadline,
        updates: Updates,
    ) -> Self {
        let transport = &session.about.transport;
        Self {
            request: Cow::Borrowed(request),
            deadline,
            updates,
            endpoint: Arc::clone(&session.about.endpoint),
            clock: transport.clock.clone(),
            redactor: transport.redactor.clone(),
        }
    }

    /// Adds to a fault what only this level knows: who, which way, and whether the answer may begin
    /// anew; and cleans what came from outside.
    pub(crate) fn complete(&self, ran: &Ran, mut fault: Fault) -> Fault {
        fault.route = ran.attempt.route;
        if !self.updates.may_begin_anew() {
            fault.replay = Replay::Forbidden;
        }
        signed(fault, &self.endpoint, &self.redactor)
    }

    /// The way up of one of the two attempts of a race.
    pub(crate) fn lane(&self, race: &Race, entrant: Entrant, attempt: Attempt) -> Lane {
        Lane::new(race.clone(), entrant, attempt.number, self.updates.clone())
    }

    /// An attempt has waited in vain, and another one is sent beside it.
    pub(crate) async fn joined(&self, beside: Attempt, limit: &'static str, attempt: u32) {
        let hedged = Trace::Hedged {
            attempt,
            beside: beside.number,
            limit,
            waited: self.clock.since(beside.begun),
        };
        self.updates.trace(hedged).await;
    }

    /// Two attempts have waited in vain, and both stay open.
    pub(crate) async fn goes_on(&self, elder: Attempt) {
        let waiting = Trace::Waiting {
            attempt: elder.number,
            limit: EITHER,
            length: self.deadline.remaining(&self.clock),
        };
        self.updates.trace(waiting).await;
    }

    /// An attempt on `route` is not made.
    pub(crate) async fn not_tried(&self, route: Route, mut fault: Fault) -> Fault {
        fault.route = route;
        let fault = signed(fault, &self.endpoint, &self.redactor);
        let not_tried = Trace::NotTried {
            fault: Box::new(fault.clone()),
        };
        self.updates.trace(not_tried).await;
        fault
    }

    /// The attempt has failed, and this is done about it.
    pub(crate) async fn failed(&self, ran: &Ran, fault: &Fault, reaction: Reaction) {
        let failed = Trace::AttemptFault {
            attempt: ran.attempt.number,
            fault: Box::new(fault.clone()),
            reaction,
            took: ran.took,
        };
        self.updates.trace(failed).await;
    }

    /// The attempt was answered, and with it the request that `started` then.
    pub(crate) async fn done(&self, ran: &Ran, history: &AttemptHistory, started: Instant) -> Done {
        let Attempt { number, route, .. } = ran.attempt;
        let done = Trace::AttemptDone {
            attempt: number,
            route,
            took: ran.took,
        };
        self.updates.trace(done).await;
        Done {
            route,
            attempts: number,
            took: self.clock.since(started),
            without_reasoning: history.failures_by(Cause::InvalidEncryptedContent) > 0,
        }
    }

    /// From now on the request goes without its reasoning.
    pub(crate) fn drop_reasoning(&mut self) {
        if let Some(bare) = self.request.without_reasoning.clone() {
            self.request.to_mut().body = bare;
        }
    }

    /// Of two attempts one has failed; the other goes on.
    pub(crate) async fn lost(&self, ran: Ran) -> Option<Fault> {
        let fault = ran.result.as_ref().err().cloned();
        let fault = fault.map(|fault| self.complete(&ran, fault));
        let lost = Trace::AttemptLost {
            attempt: ran.attempt.number,
            fault: fault.clone().map(Box::new),
            took: ran.took,
        };
        self.updates.trace(lost).await;
        fault
    }

    /// Of two attempts one has been answered; this is the other.
    pub(crate) async fn beaten(&self, attempt: Attempt) {
        let lost = Trace::AttemptLost {
            attempt: attempt.number,
            fault: None,
            took: self.clock.since(attempt.begun),
        };
        self.updates.trace(lost).await;
    }
}

impl Attempt {
    /// The next attempt begins.
    pub(crate) async fn begin(step: &Step<'_>, history: &mut AttemptHistory, route: Route) -> Self {
        let number = history.begin();
        let starts = Trace::AttemptStarted {
            attempt: number,
            endpoint: step.endpoint.name().clone(),
            route,
        };
        step.updates.trace(starts).await;
        Self {
            number,
            route,
            begun: step.clock.now(),
        }
    }

    /// Runs it: one try on its route with one credential, the renewed one if there is one.
    pub(crate) async fn run(
        self,
        session: &mut Session,
        step: &Step<'_>,
        lane: Lane,
        renewed: Option<Token>,
    ) -> Ran {
        let entrant = lane.entrant();
        let watch = step.updates.dial_watch(self.number);
        session.about.transport = session.about.transport.watched(&watch);
        let mut intake = Intake::new(&session.about, &step.request, self, lane);
        let mut generation = None;
        let tried = self.try_once(session, step, renewed, &mut generation, &mut intake);
        let result = match tried.await {
            Err(fault) => keep_whole(fault, &mut intake).await,
            whole => whole,
        };
        intake.ended(result.is_ok());
        Ran {
            attempt: self,
            entrant,
            took: step.clock.since(self.begun),
            result,
            generation,
            held_back: intake.was_held_back(),
            lost: None,
            spent: false,
        }
    }

    async fn try_once(
        self,
        session: &mut Session,
        step: &Step<'_>,
        renewed: Option<Token>,
        generation: &mut Option<u64>,
        intake: &mut Intake,
    ) -> Result<(), Fault> {
        let (request, deadline) = (&*step.request, &step.deadline);
        let token = match renewed {
            Some(token) => Some(token),
            None => attempt::token(&session.about, deadline).await?,
        };
        let token = token.as_ref();
        *generation = token.map(|token| token.generation);
        match self.route {
            // Apart, because an attempt takes as much memory as the larger of the two.
            Route::WebSocket => {
                Box::pin(attempt::websocket(
                    session, request, token, deadline, intake,
                ))
                .await
            }
            Route::Sse | Route::AppServer => {
                attempt::sse(&mut session.about, request, token, deadline, intake).await
            }
        }
    }

    /// It was silent for as long as patience lasts, and so was the one beside it.
    pub(crate) fn spent(self, step: &Step<'_>, fault: Fault) -> Ran {
        Ran {
            attempt: self,
            entrant: Entrant::Elder,
            took: step.clock.since(self.begun),
            result: Err(fault),
            generation: None,
            held_back: None,
            lost: None,
            spent: true,
        }
    }
}

impl Ran {
    /// The same, with what the attempt beside it had failed by.
    pub(crate) fn after(self, lost: Option<Fault>) -> Self {
        Self { lost, ..self }
    }
}

/// The fault with the names that only this level knows, and cleaned.
pub(crate) fn signed(mut fault: Fault, endpoint: &Endpoint, redactor: &Redactor) -> Fault {
    let codes = &endpoint.profile().account_codes;
    let code = fault.evidence.code.as_ref();
    if fault.evidence.status == Some(403) && code.is_some_and(|code| codes.contains(code)) {
        fault.cause = Cause::Forbidden;
    }
    fault.endpoint = endpoint.name().clone();
    fault.redacted(redactor)
}

/// A connection that broke after the whole answer has only lost the receipt.
async fn keep_whole(fault: Fault, intake: &mut Intake) -> Result<(), Fault> {
    let lost = matches!(
        fault.cause,
        Cause::Cut | Cause::Reset | Cause::Stalled | Cause::EdgeDead
    );
    if lost && intake.ends_without_receipt().await {
        Ok(())
    } else {
        Err(fault)
    }
}
