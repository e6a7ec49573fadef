//! One model step under way: the assembled events of its answer, over as many providers as it takes.

use std::collections::VecDeque;
use std::fmt;

use alipes_transport::{AccountKey, Done, Fault, ResponseStream, Trace, Update};
use alipes_wire::{Assembler, Dialect, Item, ModelEvent, Quota, RawEvent, Usage};

use crate::link::{Ask, Question, Terms};
use crate::readable::Readable;
use crate::recording::Recording;
use crate::rests::Rests;
use crate::walk::{Candidate, Walk, blames_the_candidate};
use crate::{ModelName, usage};

/// Something on the way to the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepUpdate {
    /// The step begins, and its record will be found by this name.
    OnRecord {
        /// The call's id.
        id: String,
    },
    /// Who is asked first.
    Asking(Addressee),
    /// The model said or did something.
    Event(ModelEvent),
    /// The answer begins anew: forget every event so far.
    Restarted {
        /// Whether the reader has seen part of it.
        delivered: bool,
    },
    /// One account or provider could not answer, and the next is asked.
    NextProvider {
        /// Who could not.
        from: Addressee,
        /// Why.
        fault: Box<Fault>,
        /// Who is asked now.
        to: Addressee,
        /// How many items of the conversation stay behind: reasoning that is encrypted for somebody
        /// else.
        left_out: usize,
    },
    /// Somebody else might have answered, but could not have read how the conversation begins
    /// ([`Prompt::maker`](crate::Prompt)); or its maker cannot read it any more.
    Unreadable,
    /// What happens on the wire.
    Trace(Trace),
}

/// A model, and the account that it is asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// The model.
    pub model: ModelName,
    /// The account, as the configuration calls it; empty where a provider has only one.
    pub account: String,
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account.as_str() {
            "" => self.model.fmt(f),
            account => write!(f, "{} as {account}", self.model),
        }
    }
}

/// A finished step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The items of the answer, in order.
    pub items: Vec<Item>,
    /// Tokens, where the provider told.
    pub usage: Option<Usage>,
    /// `Some(false)`: the model wants to be called again.
    pub end_turn: Option<bool>,
    /// How it came over the wire.
    pub done: Done,
}

/// A step under way.
pub struct StepStream<'m> {
    current: Option<Current<'m>>,
    walk: Walk,
    asks: Vec<Ask<'m>>,
    question: Question,
    terms: Terms,
    rests: Rests,
    recording: Recording,
    answer: Answer,
    outcome: Option<Result<Done, Fault>>,
    queued: VecDeque<StepUpdate>,
}

/// The provider that is being asked.
struct Current<'m> {
    response: ResponseStream<'m>,
    name: &'m ModelName,
    account: &'m str,
    key: Option<AccountKey>,
    readable: Readable,
}

/// What has come of the answer.
struct Answer {
    dialect: Dialect,
    assembler: Assembler,
    usage: Option<Usage>,
    end_turn: Option<bool>,
    /// What is left of the account's plan, if that was told on the way.
    quota: Option<Quota>,
}

impl<'m> StepStream<'m> {
    pub(crate) fn new(
        walk: Walk,
        asks: Vec<Ask<'m>>,
        question: Question,
        terms: Terms,
        (rests, mut recording): (Rests, Recording),
    ) -> Self {
        if walk.current().is_none() {
            recording.was_none();
        }
        let on_record = recording
            .id()
            .map(|id| StepUpdate::OnRecord { id: id.to_owned() });
        let mut stream = Self {
            current: None,
            walk,
            asks,
            question,
            terms,
            rests,
            recording,
            answer: Answer::new(Dialect::default()),
            outcome: None,
            queued: on_record.into_iter().collect(),
        };
        stream.current = match stream.ask() {
            Ok(current) => Some(current),
            Err(refused) => refused.map(|refused| *refused),
        };
        let asking = stream.current.as_ref();
        let asking = asking.map(|current| addressee(current.name, current.account));
        let is_unread = asking.is_none() && stream.question.is_sealed();
        let unreadable = is_unread.then_some(StepUpdate::Unreadable);
        let asking = asking.map(StepUpdate::Asking);
        stream.queued.extend(asking.or(unreadable));
        stream
    }

    /// The next update; `None` when the step has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<StepUpdate> {
        loop {
            if let Some(queued) = self.queued.pop_front() {
                return Some(queued);
            }
            let current = self.current.as_mut()?;
            match current.response.next().await {
                Some(update) => {
                    self.recording.note(&update);
                    self.answer.take(update, &mut self.queued);
                }
                None => {
                    let outcome = current.response.outcome().await;
                    if let Some(update) = self.ended(outcome) {
                        return Some(update);
                    }
                }
            }
        }
    }

    /// How the step ended.
    ///
    /// # Errors
    /// The transport's [`Fault`]: that of the last provider that was asked.
    pub async fn finish(mut self) -> Result<Step, Fault> {
        while self.next().await.is_some() {}
        let outcome = self.outcome.unwrap_or_else(|| Err(Fault::nobody_to_ask()));
        let done = outcome?;
        Ok(Step {
            items: self.answer.assembler.into_items(),
            usage: self.answer.usage,
            end_turn: self.answer.end_turn,
            done,
        })
    }

    /// Asks the current candidate of the walk, or who comes next of those who can be told what is asked.
    /// Where nobody is left who can, the last refusal, if there was anybody.
    fn ask(&mut self) -> Result<Current<'m>, Option<Box<Current<'m>>>> {
        let (mut refused, mut asked) = (None, None);
        let mut next = self.walk.current();
        while let Some(ask) = next.and_then(|who| self.take_ask(who)) {
            let (name, account, dialect) = (ask.name, ask.account, ask.dialect());
            let (key, readable) = (ask.key(), ask.readable.clone());
            let current = |response| Current {
                response,
                name,
                account,
                key,
                readable,
            };
            let (question, terms) = (&self.question, &self.terms);
            let alternatives = self.walk.alternatives();
            asked = self.recording.whom(&ask);
            match ask.send(question, terms, alternatives, &mut self.recording) {
                Ok(response) => {
                    self.recording.asked(asked);
                    self.answer = Answer::new(dialect);
                    return Ok(current(response));
                }
                Err(refusal) => {
                    refused = Some(Box::new(current(*refusal)));
                    next = self.walk.pass_over();
                }
            }
        }
        self.recording.asked(asked);
        Err(refused)
    }

    fn take_ask(&mut self, who: Candidate) -> Option<Ask<'m>> {
        let at = self.asks.iter().position(|ask| ask.who == who)?;
        Some(self.asks.swap_remove(at))
    }

    /// A provider is done: with an answer, or with a fault that the next one may mend.
    fn ended(&mut self, outcome: Result<Done, Fault>) -> Option<StepUpdate> {
        let Current {
            name,
            account,
            key,
            readable,
            response,
        } = self.current.take()?;
        if let (Some(quota), Some(key)) = (&self.answer.quota, &key) {
            usage::note(&self.terms.experience, key, quota, &self.terms.clock);
        }
        let mut unreadable = false;
        match &outcome {
            Ok(done) => {
                self.rests.answered(name, account);
                readable.answered(self.question.length(), done.without_reasoning);
                self.asks.iter().for_each(|other| other.readable.left());
            }
            Err(fault) => {
                let is_lost = self.question.is_lost(fault);
                if blames_the_candidate(fault) {
                    readable.left();
                    // Told in words it may well answer.
                    if !is_lost {
                        let now = self.terms.clock.now();
                        self.rests.failed(name, account, fault, now);
                    }
                }
                unreadable = is_lost || self.walk.is_unread(fault);
                // Whoever could only refuse does not explain why this one could not answer.
                let anew = response.begins_anew();
                let next = self.walk.after(fault).and_then(|_next| self.ask().ok());
                if let Some(next) = next {
                    readable.left();
                    if let Some(anew) = anew {
                        self.answer.take(anew, &mut self.queued);
                    }
                    let from = addressee(name, account);
                    return Some(self.turn_to(next, from, Box::new(fault.clone())));
                }
            }
        }
        self.recording.ended(outcome.as_ref().err());
        self.outcome = Some(outcome);
        unreadable.then_some(StepUpdate::Unreadable)
    }

    fn turn_to(&mut self, next: Current<'m>, from: Addressee, fault: Box<Fault>) -> StepUpdate {
        let turned = StepUpdate::NextProvider {
            from,
            fault,
            to: addressee(next.name, next.account),
            left_out: self.question.left_out(&next.readable),
        };
        self.current = Some(next);
        turned
    }
}

fn addressee(model: &ModelName, account: &str) -> Addressee {
    Addressee {
        model: model.clone(),
        account: account.to_owned(),
    }
}

impl Answer {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            assembler: Assembler::new(dialect),
            usage: None,
            end_turn: None,
            quota: None,
        }
    }

    fn take(&mut self, update: Update, queue: &mut VecDeque<StepUpdate>) {
        match update {
            Update::Event(raw) => self.read(&raw, queue),
            Update::Restarted { delivered } => {
                *self = Self::new(self.dialect);
                queue.push_back(StepUpdate::Restarted { delivered });
            }
            Update::Trace(trace) => queue.push_back(StepUpdate::Trace(trace)),
            _ => {}
        }
    }

    fn read(&mut self, raw: &RawEvent, queue: &mut VecDeque<StepUpdate>) {
        let mut told = Vec::new();
        self.assembler.push(raw, &mut told);
        for event in told {
            self.note(&event);
            queue.push_back(StepUpdate::Event(event));
        }
    }

    fn note(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Completed {
                usage, end_turn, ..
            } => {
                self.usage = *usage;
                self.end_turn = *end_turn;
            }
            ModelEvent::RateLimits(limits) => self.quota = Some(Quota::from(limits)),
            _ => {}
        }
    }
}
