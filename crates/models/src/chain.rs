//! The ordered providers of one conversation.
//!
//! A step goes to the first provider that is not resting. One that could not answer rests for a
//! while, so that the next step does not pay for the same fault again; when all rest, the first is
//! asked all the same.

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
}

impl Chain {
    pub(crate) fn new(links: Vec<(ModelName, Session)>, clock: Clock) -> Self {
        let link = |(name, session)| Link {
            name,
            session,
            state: LinkState::default(),
            quirks: Quirks::default(),
        };
        Self {
            links: links.into_iter().map(link).collect(),
            clock,
        }
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
                name: link.name.clone(),
                state: link.state.clone(),
                session: &mut link.session,
            })
            .collect();
        asks.sort_by_key(|ask| ask.state.rests(now));
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

    /// The request for this provider. Reasoning is encrypted for the account that made it, so no
    /// other one gets it.
    fn request(&self, prompt: &Prompt<'_>) -> ModelRequest {
        let own = self.state.answered_last();
        let keeps = |item: &&Item| own || !matches!(item.view(), ItemView::Reasoning { .. });
        ModelRequest {
            model: self.name.model.clone(),
            instructions: prompt.instructions.to_owned(),
            input: prompt.input.iter().filter(keeps).cloned().collect(),
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

impl LinkState {
    /// It answered.
    pub(crate) fn answered(&self) {
        let mut known = self.known();
        known.rests_until = None;
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

    fn answered_last(&self) -> bool {
        self.known().answered_last
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
