//! The ordered providers of one conversation.
//!
//! A step goes to the first provider that is not resting. One that could not answer rests for a
//! while, so that the next step does not pay for the same fault again; when all rest, the first is
//! asked all the same.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_transport::{Fault, Priority, Request, ResponseStream, Session};
use alipes_wire::{CannotCarry, Dialect, EncodedRequest, Item, ItemView, ModelRequest, Quirks};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{Model, ModelName, Prompt, StepStream};

/// For how long a provider rests that did not say when to come back.
const REST: Duration = Duration::from_secs(60);

/// A model and those behind it.
pub struct Chain {
    links: Vec<Link>,
    clock: Clock,
}

/// One provider's model.
pub(crate) struct Link {
    name: ModelName,
    session: Session,
    state: LinkState,
    quirks: Quirks,
}

/// What is known of a link from its past steps; shared with the step under way.
#[derive(Clone, Default)]
pub(crate) struct LinkState(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    rests_until: Option<Instant>,
    /// It made the reasoning that the conversation holds, if there is any.
    answered_last: bool,
    /// How much of the conversation holds reasoning that it cannot read, in items.
    unreadable: usize,
}

impl Chain {
    pub(crate) fn new(links: Vec<Link>, clock: Clock) -> Self {
        Self { links, clock }
    }
}

impl Model for Chain {
    fn name(&self) -> &ModelName {
        // A chain is never empty: the catalogue makes it from a first link on.
        &self.links[0].name
    }

    fn begin_turn(&mut self) {
        self.links
            .iter_mut()
            .for_each(|link| link.session.begin_turn());
    }

    fn prewarm<'m>(
        &'m mut self,
        prompt: &'m Prompt<'m>,
        deadline: Deadline,
    ) -> BoxFuture<'m, Result<(), Fault>> {
        let link = &mut self.links[0];
        let body = link.encode(&link.request(prompt));
        Box::pin(async move {
            match body {
                Ok(body) => link.session.prewarm(&body, deadline).await,
                // The step itself will say so.
                Err(_cannot_carry) => Ok(()),
            }
        })
    }

    fn step<'m>(
        &'m mut self,
        prompt: &Prompt<'_>,
        accepts_restart: bool,
        deadline: Deadline,
    ) -> StepStream<'m> {
        let now = self.clock.now();
        let mut asks: Vec<Ask<'m>> = self
            .links
            .iter_mut()
            .map(|link| Ask {
                request: link.request(prompt),
                quirks: link.quirks.clone(),
                length: prompt.input.len(),
                name: link.name.clone(),
                state: link.state.clone(),
                session: &mut link.session,
            })
            .collect();
        asks.sort_by_key(|ask| ask.state.rests(now));
        if asks.iter().all(|ask| !ask.left_alone().is_zero()) {
            // The last one is asked for want of another: it shall be the least bad, and of equals the
            // first.
            asks.reverse();
            asks.sort_by_cached_key(|ask| Reverse(ask.left_alone()));
        }
        let terms = Terms {
            accepts_restart,
            reasoning: false,
            deadline,
            clock: self.clock.clone(),
        };
        StepStream::new(asks.into(), terms)
    }
}

impl Link {
    fn encode(&self, request: &ModelRequest) -> Result<EncodedRequest, CannotCarry> {
        let dialect = self.session.endpoint().dialect();
        dialect.encode(request, &self.quirks)
    }

    pub(crate) fn new(name: ModelName, session: Session, quirks: Quirks) -> Self {
        Self {
            name,
            session,
            state: LinkState::default(),
            quirks,
        }
    }

    /// The request for this provider. Reasoning is encrypted for the account that made it, so no
    /// other one gets it.
    fn request(&self, prompt: &Prompt<'_>) -> ModelRequest {
        let readable = self.state.readable_from();
        let keeps = |(at, item): &(usize, &Item)| *at >= readable || !is_reasoning(item);
        let input = prompt.input.iter().enumerate().filter(keeps);
        ModelRequest {
            model: self.name.model.clone(),
            instructions: prompt.instructions.to_owned(),
            input: input.map(|(_, item)| item.clone()).collect(),
            tools: prompt.tools.to_vec(),
            reasoning: None,
            cache_key: Some(self.session.id().to_owned()),
            ..ModelRequest::default()
        }
    }
}

/// What a link would be asked in a step.
pub(crate) struct Ask<'m> {
    request: ModelRequest,
    quirks: Quirks,
    /// The conversation's, in items, of which the request may hold fewer.
    pub(crate) length: usize,
    pub(crate) name: ModelName,
    pub(crate) state: LinkState,
    session: &'m mut Session,
}

/// On what terms a step is asked.
pub(crate) struct Terms {
    pub(crate) accepts_restart: bool,
    pub(crate) reasoning: bool,
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
}

impl<'m> Ask<'m> {
    /// What it is asked in.
    pub(crate) fn dialect(&self) -> Dialect {
        self.session.endpoint().dialect()
    }

    /// For how long it is better not asked, after all that is known.
    fn left_alone(&self) -> Duration {
        self.session.left_alone(&self.request.model)
    }

    /// The request without its reasoning, if it holds any: an account may have changed behind the
    /// same name, or a provider may have forgotten its own keys.
    fn without_reasoning(&self) -> Option<EncodedRequest> {
        if !self.request.input.iter().any(is_reasoning) {
            return None;
        }
        let mut bare = self.request.clone();
        bare.input.retain(|item| !is_reasoning(item));
        self.dialect().encode(&bare, &self.quirks).ok()
    }

    /// Sends it. `has_alternative`: another link is left after this one.
    pub(crate) fn send(self, terms: &Terms, has_alternative: bool) -> ResponseStream<'m> {
        let dialect = self.dialect();
        let body = match dialect.encode(&self.request, &self.quirks) {
            Ok(body) => body,
            Err(cannot_carry) => return self.session.refuse(&cannot_carry.to_string()),
        };
        let effort = self.request.reasoning.as_ref();
        let effort = effort.and_then(|reasoning| reasoning.effort.clone());
        let request = Request {
            body,
            without_reasoning: self.without_reasoning(),
            reasoning: terms.reasoning,
            accepts_restart: terms.accepts_restart,
            has_alternative,
            effort: effort.unwrap_or_default(),
            priority: Priority::Main,
            model: self.request.model,
        };
        self.session.stream(request, terms.deadline)
    }
}

fn is_reasoning(item: &Item) -> bool {
    matches!(item.view(), ItemView::Reasoning { .. })
}

impl LinkState {
    /// It answered a conversation of `length` items. If it got it without the reasoning, be it that
    /// somebody else had made that or that it said it could not read it, it will not get that later
    /// either.
    pub(crate) fn answered(&self, length: usize, without_reasoning: bool) {
        let mut known = self.known();
        known.rests_until = None;
        if without_reasoning || !known.answered_last {
            known.unreadable = length;
        }
        known.answered_last = true;
    }

    /// It could not answer, and rests for as long as it asked, or for a minute.
    pub(crate) fn failed(&self, fault: &Fault, now: Instant) {
        let mut known = self.known();
        known.rests_until = Some(now + fault.retry_after.unwrap_or(REST));
        known.answered_last = false;
    }

    fn rests(&self, now: Instant) -> bool {
        self.known().rests_until.is_some_and(|until| now < until)
    }

    /// From which item on it can read the conversation's reasoning.
    fn readable_from(&self) -> usize {
        let known = self.known();
        match known.answered_last {
            true => known.unreadable,
            false => usize::MAX,
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
