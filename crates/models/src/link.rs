//! One link of a chain: a provider's model, and the accounts that it can be asked with.
//!
//! Each account has a session of its own, so that nothing of one can reach another: no socket, no
//! delta base, no sticky token, no cookie.

use alipes_base::{Clock, Deadline};
use alipes_transport::{Alternatives, Priority, Request, ResponseStream, Session};
use alipes_wire::{
    CannotCarry, Dialect, EncodedRequest, Item, ModelRequest, Quirks, ToolDefinition,
};

use crate::readable::{Readable, is_reasoning};
use crate::walk::Candidate;
use crate::{ModelName, Prompt};

/// One provider's model.
pub(crate) struct Link {
    pub(crate) name: ModelName,
    pub(crate) quirks: Quirks,
    /// Never empty; in the order in which they are preferred.
    pub(crate) accounts: Vec<Account>,
}

/// One account with that provider.
pub(crate) struct Account {
    /// Its name, as `accounts` spells it; empty where a provider has only one.
    pub(crate) name: String,
    pub(crate) session: Session,
    pub(crate) readable: Readable,
}

/// What a model is asked, whoever it is.
pub(crate) struct Question {
    instructions: String,
    tools: Vec<ToolDefinition>,
    input: Vec<Item>,
}

/// What one candidate needs to be asked.
pub(crate) struct Ask<'m> {
    pub(crate) who: Candidate,
    pub(crate) name: &'m ModelName,
    pub(crate) account: &'m str,
    pub(crate) readable: Readable,
    quirks: &'m Quirks,
    session: &'m mut Session,
}

/// On what terms a step is asked.
pub(crate) struct Terms {
    pub(crate) accepts_restart: bool,
    pub(crate) reasoning: bool,
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
}

impl Link {
    /// Each of its accounts, to be asked as the candidate of that place.
    pub(crate) fn asks(&mut self, link: usize) -> impl Iterator<Item = Ask<'_>> {
        let (name, quirks) = (&self.name, &self.quirks);
        let accounts = self.accounts.iter_mut().enumerate();
        accounts.map(move |(at, account)| {
            if account.readable.was_left() {
                account.session.let_go();
            }
            Ask {
                who: Candidate { link, account: at },
                name,
                account: &account.name,
                readable: account.readable.clone(),
                quirks,
                session: &mut account.session,
            }
        })
    }
}

impl Question {
    pub(crate) fn new(prompt: &Prompt<'_>) -> Self {
        Self {
            instructions: prompt.instructions.to_owned(),
            tools: prompt.tools.to_vec(),
            input: prompt.input.to_vec(),
        }
    }

    /// The length of the conversation in items, of which a request may hold fewer.
    pub(crate) fn length(&self) -> usize {
        self.input.len()
    }
}

impl<'m> Ask<'m> {
    /// What it is asked in.
    pub(crate) fn dialect(&self) -> Dialect {
        self.session.endpoint().dialect()
    }

    /// For how long it is better not asked, after all that the transport remembers.
    pub(crate) fn left_alone(&self) -> std::time::Duration {
        self.session.left_alone(&self.name.model)
    }

    /// Opens its connection ahead of the first step.
    pub(crate) async fn prewarm(
        self,
        question: &Question,
        deadline: Deadline,
    ) -> Result<(), alipes_transport::Fault> {
        match self.encode(&self.request(question)) {
            Ok(body) => self.session.prewarm(&body, deadline).await,
            // The step itself will say so.
            Err(_cannot_carry) => Ok(()),
        }
    }

    /// Sends it. `alternatives`: who is left after this one.
    pub(crate) fn send(
        self,
        question: &Question,
        terms: &Terms,
        alternatives: Alternatives,
    ) -> ResponseStream<'m> {
        let request = self.request(question);
        let body = match self.encode(&request) {
            Ok(body) => body,
            Err(cannot_carry) => return self.session.refuse(&cannot_carry.to_string()),
        };
        let effort = request.reasoning.as_ref();
        let effort = effort.and_then(|reasoning| reasoning.effort.clone());
        let request = Request {
            body,
            without_reasoning: self.without_reasoning(&request),
            reasoning: terms.reasoning,
            accepts_restart: terms.accepts_restart,
            alternatives,
            effort: effort.unwrap_or_default(),
            priority: Priority::Main,
            model: request.model,
        };
        self.session.stream(request, terms.deadline)
    }

    fn request(&self, question: &Question) -> ModelRequest {
        ModelRequest {
            model: self.name.model.clone(),
            instructions: question.instructions.clone(),
            input: self.readable.of(&question.input),
            tools: question.tools.clone(),
            reasoning: None,
            cache_key: Some(self.session.id().to_owned()),
            ..ModelRequest::default()
        }
    }

    fn encode(&self, request: &ModelRequest) -> Result<EncodedRequest, CannotCarry> {
        self.dialect().encode(request, self.quirks)
    }

    /// The request without its reasoning, if it holds any: an account may have changed behind the
    /// same name, or a provider may have forgotten its own keys.
    fn without_reasoning(&self, request: &ModelRequest) -> Option<EncodedRequest> {
        if !request.input.iter().any(is_reasoning) {
            return None;
        }
        let mut bare = request.clone();
        bare.input.retain(|item| !is_reasoning(item));
        self.encode(&bare).ok()
    }
}
