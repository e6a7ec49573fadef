//! The way of one request through the program, from top to bottom.
//!
//! Up to `turn/start` nothing is lost by asking again; from then on the program has a loop of its own
//! under way and is never asked the same twice here. The attempts that it makes by itself are told as
//! attempts.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_transport::{Done, Fault, Phase, Reaction, Replay, Route, Trace, Updates};
use alipes_wire::{Item, ModelRequest, RawEvent};
use tokio::time::Instant;

use super::connection::Said;
use super::held::{Held, Live};
use super::start::Setup;
use super::thread::{readable, turn_start};
use super::trouble::{FIRST_OUTPUT, OUTPUT, RETRYING, STARTING, Trouble, TurnError};
use super::turn::{Told, Turn};

/// How long it may be silent: a little longer than it waits itself before it tries again, 300 s
/// (codex-protocol §2.5).
const SILENCE: Duration = Duration::from_secs(330);

/// How long it may go on trying again, counted from its first failure. It gives up by itself after
/// five tries, 25 s, but waits for a network without an end (seen with Codex CLI 0.169).
const RETRIES: Duration = Duration::from_secs(60);

/// One request on its way.
pub(super) struct Attempt<'a> {
    setup: &'a Setup,
    request: &'a ModelRequest,
    deadline: Deadline,
    updates: Updates,
    begun: Instant,
    /// The number of the program's own attempt, and when that began.
    number: u32,
    number_begun: Instant,
    /// The last failure of its own attempts, and when the first of them was; none since it last said
    /// something.
    retrying: Option<(Instant, TurnError)>,
    phase: Phase,
    reach: Reach,
}

/// What has come of it for others to see.
#[derive(Default)]
struct Reach {
    /// `turn/start` has been sent.
    started: bool,
    /// The program has done something beside thinking and talking.
    worked: bool,
    /// How often the answer has begun anew for the reader: what is said then is another attempt's to it.
    telling: u32,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        setup: &'a Setup,
        request: &'a ModelRequest,
        deadline: Deadline,
        updates: Updates,
    ) -> Self {
        let begun = setup.clock.now();
        Self {
            setup,
            request,
            deadline,
            updates,
            begun,
            number: 1,
            number_begun: begun,
            retrying: None,
            phase: Phase::Connect,
            reach: Reach::default(),
        }
    }

    /// Runs it and tells how it went.
    pub(super) async fn run(mut self, mut held: Held<'_>) -> Result<Done, Fault> {
        self.begin().await;
        let route = Route::AppServer;
        match self.answer(&mut held).await {
            Ok(()) => {
                held.give_back();
                let done = Trace::AttemptDone {
                    attempt: self.number,
                    route,
                    took: self.setup.clock.since(self.number_begun),
                };
                self.updates.trace(done).await;
                Ok(Done {
                    route,
                    attempts: self.number,
                    took: self.setup.clock.since(self.begun),
                    without_reasoning: false,
                })
            }
            Err(trouble) => {
                let fault = self.complete(trouble.fault(self.phase));
                self.failed(&fault, Reaction::Stop).await;
                Err(fault)
            }
        }
    }

    /// Gets the program ready for a first request on these terms.
    pub(super) async fn prepare(mut self, mut held: Held<'_>) -> Result<(), Fault> {
        match self.tell(&mut held, &[]).await {
            Ok(_nothing_to_say) => {
                held.give_back();
                Ok(())
            }
            Err(trouble) => Err(self.complete(trouble.fault(self.phase))),
        }
    }

    async fn answer(&mut self, held: &mut Held<'_>) -> Result<(), Trouble> {
        let conversation = readable(self.request);
        let prompt = self.tell(held, &conversation).await?;
        let live = held.live().ok_or(Trouble::Ended(None))?;
        self.turn(live, conversation, prompt.as_deref()).await
    }

    /// Lets the program know what was said before, and starts it if there is none, or none any more.
    async fn tell(
        &mut self,
        held: &mut Held<'_>,
        conversation: &[Item],
    ) -> Result<Option<String>, Trouble> {
        self.phase = Phase::Send;
        if let Some(live) = held.live() {
            let told = live.tell(self.setup, self.request, conversation, &self.deadline);
            match told.await {
                // It died while nobody looked.
                Err(Trouble::Ended(_)) => {}
                told => return told,
            }
        }
        self.phase = Phase::Connect;
        self.waiting(STARTING, self.setup.limit(&self.deadline))
            .await;
        let live = held.put(self.setup.start(&self.deadline).await?);
        self.phase = Phase::Send;
        live.tell(self.setup, self.request, conversation, &self.deadline)
            .await
    }

    /// The program's turn.
    async fn turn(
        &mut self,
        live: &mut Live,
        conversation: Vec<Item>,
        prompt: Option<&str>,
    ) -> Result<(), Trouble> {
        let Live {
            connection,
            thread: Some(thread),
            running,
            ..
        } = live
        else {
            return Err(Trouble::Ended(None));
        };
        let start = turn_start(&thread.id, prompt, self.request);
        let delta = thread.has_begun();
        self.reach.started = true;
        let sent = connection.ask("turn/start", &start, &self.patience()).await;
        let (asked, bytes) = sent?;
        self.sent(bytes, delta).await;
        let mut turn = Turn::new(&thread.id, thread.spent);
        loop {
            let said = connection.next(&self.patience()).await;
            let told = match said.map_err(|trouble| self.given_up(trouble))? {
                Said::Answer(id, Err(refusal)) if id == asked => {
                    let method = "turn/start";
                    return Err(Trouble::Refused { method, refusal });
                }
                Said::Answer(id, Ok(answer)) if id == asked => turn.named(&answer["turn"]),
                Said::Notification(method, params) => {
                    turn.take(&method, &params, self.setup.clock.wall())
                }
                Said::Answer(..) | Said::Declined => Vec::new(),
            };
            *running = turn.id().map(|turn| [thread.id.clone(), turn.to_owned()]);
            self.reach.worked = turn.has_worked();
            for told in told {
                match told {
                    Told::Event(event) => self.pass(event).await,
                    Told::Retrying { error, repeats } => self.again(error, repeats, &turn).await?,
                    Told::Ended(outcome) => {
                        *running = None;
                        outcome?;
                        thread.learnt(conversation, turn.answer(), turn.spent());
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn sent(&mut self, bytes: usize, delta: bool) {
        let sent = Trace::Sent {
            attempt: self.number,
            bytes,
            compressed: None,
            delta,
        };
        self.updates.trace(sent).await;
        self.phase = Phase::FirstOutput;
        self.waiting(FIRST_OUTPUT, SILENCE).await;
    }

    /// How long the next word may take.
    fn patience(&self) -> Deadline {
        let limit = match self.phase {
            Phase::Stream => OUTPUT,
            _ => FIRST_OUTPUT,
        };
        let clock = &self.setup.clock;
        let patience = self.deadline.tightened(clock, limit, SILENCE);
        match &self.retrying {
            Some((since, _)) => {
                let left = RETRIES.saturating_sub(clock.since(*since));
                patience.tightened(clock, RETRYING, left)
            }
            None => patience,
        }
    }

    /// It did not go on: of one that has tried too often, its own last failure tells why.
    fn given_up(&mut self, trouble: Trouble) -> Trouble {
        match (trouble, self.retrying.take()) {
            (Trouble::Expired(expired), Some((_, error))) if expired.limit == RETRYING => {
                Trouble::Failed(error)
            }
            (trouble, _) => trouble,
        }
    }

    /// Passes an event on to the reader.
    async fn pass(&mut self, event: RawEvent) {
        let is_output = !matches!(event.kind(), "response.created" | "codex.rate_limits");
        if is_output {
            self.retrying = None;
        }
        self.updates.event(self.reach.telling, event).await;
        if is_output && self.phase != Phase::Stream {
            self.phase = Phase::Stream;
            let first = Trace::FirstEvent {
                attempt: self.number,
                after: self.setup.clock.since(self.number_begun),
            };
            self.updates.trace(first).await;
            self.waiting(OUTPUT, SILENCE).await;
        }
    }

    /// The program tries again. What it had begun to say it will say again, and that only a reader that
    /// can begin anew may hear.
    async fn again(&mut self, error: TurnError, repeats: bool, turn: &Turn) -> Result<(), Trouble> {
        if repeats && !self.updates.may_begin_anew() {
            return Err(Trouble::Failed(error));
        }
        let now = self.setup.clock.now();
        let since = self.retrying.take().map_or(now, |(since, _)| since);
        self.retrying = Some((since, error.clone()));
        let fault = self.complete(Trouble::Failed(error).fault(self.phase));
        let backoff = Duration::ZERO;
        self.failed(&fault, Reaction::SameRoute { backoff }).await;
        self.number += 1;
        self.phase = Phase::FirstOutput;
        self.begin().await;
        self.waiting(FIRST_OUTPUT, SILENCE).await;
        if repeats {
            self.reach.telling += 1;
            for event in turn.again() {
                self.updates.event(self.reach.telling, event).await;
            }
        }
        Ok(())
    }

    async fn begin(&mut self) {
        self.number_begun = self.setup.clock.now();
        let started = Trace::AttemptStarted {
            attempt: self.number,
            endpoint: self.setup.provider.as_str().into(),
            route: Route::AppServer,
        };
        self.updates.trace(started).await;
    }

    async fn failed(&self, fault: &Fault, reaction: Reaction) {
        let failed = Trace::AttemptFault {
            attempt: self.number,
            fault: Box::new(fault.clone()),
            reaction,
            took: self.setup.clock.since(self.number_begun),
        };
        self.updates.trace(failed).await;
    }

    async fn waiting(&self, limit: &'static str, length: Duration) {
        let waiting = Trace::Waiting {
            attempt: self.number,
            limit,
            length,
        };
        self.updates.trace(waiting).await;
    }

    /// Adds to a fault what only this level knows.
    fn complete(&self, mut fault: Fault) -> Fault {
        let reach = &self.reach;
        fault.replay = match reach.started {
            false => Replay::Free,
            // Whatever it did, nobody shall do it a second time.
            true if reach.worked => Replay::Forbidden,
            true if !self.updates.may_begin_anew() => Replay::Forbidden,
            true => Replay::Allowed,
        };
        fault.endpoint = self.setup.provider.as_str().into();
        fault.route = Route::AppServer;
        fault.redacted(&self.setup.redactor)
    }
}
