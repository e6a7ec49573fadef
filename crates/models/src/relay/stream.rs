//! A client's request under way: raw events of its answer, over as many providers as it takes.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use alipes_base::{Clock, Deadline};
use alipes_transport::{AccountKey, Cause, Done, Experience, Fault, ResponseStream, Trace, Update};
use alipes_wire::{CannotCarry, Dialect, Quota, RateLimits, RawEvent, opaque_texts};

use super::RelayRequest;
use super::held::Held;
use crate::link::Ask;
use crate::makers::Makers;
use crate::readable::Readable;
use crate::recording::Recording;
use crate::rests::Rests;
use crate::walk::{Candidate, Walk, blames_the_candidate};
use crate::{ModelName, usage};

/// Something on the way to the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RelayUpdate {
    /// The answer begins; the events that follow are this provider's. Comes once, but for a client that
    /// waits for the whole answer: what came before another one is void.
    Answering {
        /// Who answers.
        by: ModelName,
        /// What the events are written in.
        dialect: Dialect,
        /// What this provider was not sent of the request: it could not read it, or has no place for it.
        left_out: Vec<CannotCarry>,
    },
    /// An event of the answer, as it came.
    Event(RawEvent),
    /// One provider could not answer, and the next is asked. Nothing of the answer was shown.
    NextProvider {
        /// Why.
        fault: Box<Fault>,
        /// Who is asked now.
        to: ModelName,
    },
    /// One provider was not asked, because it cannot be told what is asked; the next one is.
    PassedOver {
        /// Which one.
        model: ModelName,
    },
    /// Somebody is asked.
    Asked {
        /// The account's number among its provider's, from 1.
        account: NonZeroUsize,
    },
    /// What happens on the wire.
    Trace(Trace),
}

/// A request under way.
pub struct RelayStream<'r> {
    current: Option<Current<'r>>,
    walk: Walk,
    /// Those who were not asked yet.
    asks: Vec<Ask<'r>>,
    terms: Terms,
    recording: Recording,
    held: Held,
    queued: VecDeque<RelayUpdate>,
    outcome: Option<Result<(), Fault>>,
}

/// What is asked, on what terms, and what is known of those who can be.
pub(super) struct Terms {
    pub(super) request: RelayRequest,
    pub(super) deadline: Deadline,
    pub(super) rests: Rests,
    pub(super) makers: Makers,
    pub(super) experience: Arc<Experience>,
    pub(super) clock: Clock,
}

/// The provider that is being asked.
struct Current<'r> {
    response: ResponseStream<'r>,
    name: &'r ModelName,
    account: &'r str,
    key: Option<AccountKey>,
    readable: Readable,
    dialect: Dialect,
    left_out: Vec<CannotCarry>,
}

impl<'r> RelayStream<'r> {
    pub(super) fn new(walk: Walk, asks: Vec<Ask<'r>>, terms: Terms, recording: Recording) -> Self {
        let mut stream = Self {
            current: None,
            walk,
            asks,
            held: Held::default(),
            terms,
            recording,
            queued: VecDeque::new(),
            outcome: None,
        };
        stream.current = match stream.ask() {
            Ok(current) => Some(current),
            Err(refused) => refused.map(|refused| *refused),
        };
        stream
    }

    /// The next update; `None` when the request has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<RelayUpdate> {
        loop {
            if let Some(queued) = self.queued.pop_front() {
                return Some(queued);
            }
            let current = self.current.as_mut()?;
            match current.response.next().await {
                Some(update) => {
                    self.recording.note(&update);
                    self.take(update);
                }
                None => {
                    let outcome = current.response.outcome().await;
                    self.ended(outcome);
                }
            }
        }
    }

    /// How the request ended. An answer that stopped short is an answer: its last event says so.
    ///
    /// # Errors
    /// The transport's [`Fault`]: that of the last provider that was asked.
    pub async fn finish(mut self) -> Result<(), Fault> {
        while self.next().await.is_some() {}
        self.outcome.unwrap_or_else(|| Err(Fault::nobody_to_ask()))
    }

    /// Asks the current candidate of the walk, or who comes next of those who can be told what is asked.
    /// Where nobody is left who can, the last refusal, if there was anybody.
    fn ask(&mut self) -> Result<Current<'r>, Option<Box<Current<'r>>>> {
        let (mut refused, mut asked) = (None, None);
        let mut next = self.walk.current();
        while let Some(ask) = next.and_then(|who| self.take_ask(who)) {
            let (name, account, dialect) = (ask.name, ask.account, ask.dialect());
            let number = NonZeroUsize::MIN.saturating_add(ask.who.account);
            let (key, counted, readable) = (ask.key(), ask.counted(), ask.readable.clone());
            let current = |response, left_out| Current {
                response,
                name,
                account,
                key,
                readable,
                dialect,
                left_out,
            };
            asked = self.recording.whom(&ask);
            match ask.say(&self.terms) {
                Ok(mut said) => {
                    self.recording.asked(asked);
                    self.queued
                        .push_back(RelayUpdate::Asked { account: number });
                    if let Some(body) = said.body() {
                        self.recording.request(body);
                    }
                    if let Some(account) = &counted {
                        self.terms.experience.asked(account);
                    }
                    let left_out = std::mem::take(&mut said.left_out);
                    let alternatives = self.walk.alternatives();
                    let response = said.send(&name.model, &self.terms, alternatives);
                    return Ok(current(response, left_out));
                }
                Err(refusal) => {
                    refused = Some(Box::new(current(*refusal, Vec::new())));
                    next = self.walk.pass_over();
                    let model = name.clone();
                    self.queued.push_back(RelayUpdate::PassedOver { model });
                }
            }
        }
        self.recording.asked(asked);
        Err(refused)
    }

    fn take_ask(&mut self, who: Candidate) -> Option<Ask<'r>> {
        let at = self.asks.iter().position(|ask| ask.who == who)?;
        Some(self.asks.swap_remove(at))
    }

    fn take(&mut self, update: Update) {
        match update {
            Update::Event(event) => self.show(event),
            Update::Restarted { .. } => self.held.forget(),
            Update::Trace(trace) => self.queued.push_back(RelayUpdate::Trace(trace)),
            _ => {}
        }
    }

    fn show(&mut self, event: RawEvent) {
        self.note(&event);
        let was_open = self.held.is_open();
        let shown = self.held.take(event);
        if let Some(current) = self
            .current
            .as_ref()
            .filter(|_| !was_open && !shown.is_empty())
        {
            self.queued.push_back(RelayUpdate::Answering {
                by: current.name.clone(),
                dialect: current.dialect,
                left_out: current.left_out.clone(),
            });
        }
        self.queued
            .extend(shown.into_iter().map(RelayUpdate::Event));
    }

    /// Keeps what an event says of its account: what is left of its plan, and what it has made.
    fn note(&self, event: &RawEvent) {
        let current = self.current.as_ref();
        let Some((key, dialect)) = current.and_then(|now| Some((now.key.as_ref()?, now.dialect)))
        else {
            return;
        };
        for text in opaque_texts(dialect, event) {
            self.terms.makers.note(&text, key);
        }
        if let Some(limits) = RateLimits::of(event) {
            let Terms {
                experience, clock, ..
            } = &self.terms;
            usage::note(experience, key, &Quota::from(&limits), clock);
        }
    }

    /// A provider is done: with an answer, or with a fault that the next one may mend.
    fn ended(&mut self, outcome: Result<Done, Fault>) {
        let Some(Current {
            name,
            account,
            readable,
            ..
        }) = self.current.take()
        else {
            return;
        };
        let outcome = match outcome {
            Ok(done) => {
                self.terms.rests.answered(name, account);
                // The conversation stays with it.
                readable.answered(0, done.without_reasoning);
                self.asks.iter().for_each(|other| other.readable.left());
                Ok(())
            }
            Err(fault) if fault.cause == Cause::Incomplete && self.held.has_ended() => Ok(()),
            // One of an answer that may not begin anew leads to nobody.
            Err(fault) => {
                if blames_the_candidate(&fault) {
                    let now = self.terms.clock.now();
                    self.terms.rests.failed(name, account, &fault, now);
                    readable.left();
                }
                match self.turn_to_next(&fault) {
                    Some(()) => return,
                    None => Err(fault),
                }
            }
        };
        self.end(outcome);
    }

    fn end(&mut self, outcome: Result<(), Fault>) {
        self.recording.ended(outcome.as_ref().err());
        self.outcome = Some(outcome);
    }

    fn turn_to_next(&mut self, fault: &Fault) -> Option<()> {
        self.walk.after(fault)?;
        self.held.forget();
        // Whoever could only refuse does not explain why the one before could not answer.
        let next = self.ask().ok()?;
        let to = next.name.clone();
        self.current = Some(next);
        let fault = Box::new(fault.clone());
        self.queued
            .push_back(RelayUpdate::NextProvider { fault, to });
        Some(())
    }
}
