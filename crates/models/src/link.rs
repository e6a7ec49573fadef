//! One link of a chain: a provider's model, and the accounts that it can be asked with.
//!
//! Each account has a session of its own, so that nothing of one can reach another: no socket, no
//! delta base, no sticky token, no cookie.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_transport::{
    AccountKey, Alternatives, Cause, Experience, Fault, Priority, Reader, Request, ResponseStream,
    Session,
};
use alipes_wire::responses::compact_body;
use alipes_wire::{
    CannotCarry, Dialect, EncodedRequest, Item, ModelRequest, Quirks, Reasoning, ToolDefinition,
};
use tokio::time::Instant;

use crate::app_server::AppServer;
use crate::readable::{Readable, is_reasoning};
use crate::recording::Recording;
use crate::strategy::{AccountRecord, Strategy};
use crate::walk::Candidate;
use crate::{Addressee, Effort, ModelName, Prompt, UsageQuestion};

/// How long the last word about what is left is fresh enough to choose by.
const USAGE_COUNTS: Duration = Duration::from_secs(300);

/// One provider's model.
pub(crate) struct Link {
    pub(crate) name: ModelName,
    pub(crate) quirks: Quirks,
    /// As the configuration lists them; empty only where the official client is asked.
    pub(crate) accounts: Vec<Account>,
    /// The official client, which has an account of its own.
    pub(crate) app_server: Option<(AppServer, Readable)>,
    pub(crate) strategy: Strategy,
    /// How hard it is asked to think; `None` leaves it to the provider.
    pub(crate) effort: Option<Effort>,
}

/// One account with that provider.
pub(crate) struct Account {
    /// Its name, as `accounts` spells it; empty where a provider has only one.
    pub(crate) name: String,
    pub(crate) session: Session,
    pub(crate) readable: Readable,
    /// What it has left, if its provider says so; and when that was last asked.
    pub(crate) usage: Option<UsageQuestion>,
    pub(crate) usage_asked: Option<Instant>,
}

/// What a model is asked, whoever it is.
pub(crate) struct Question {
    instructions: String,
    tools: Vec<ToolDefinition>,
    input: Vec<Item>,
    /// Who alone can read its beginning.
    maker: Option<String>,
}

/// What one candidate needs to be asked.
pub(crate) struct Ask<'m> {
    pub(crate) who: Candidate,
    pub(crate) name: &'m ModelName,
    pub(crate) account: &'m str,
    pub(crate) readable: Readable,
    /// It is one of several, so that it counts how often each is asked.
    is_one_of_several: bool,
    effort: Option<Effort>,
    pub(crate) quirks: &'m Quirks,
    pub(crate) source: Source<'m>,
}

/// Where its answer comes from.
pub(crate) enum Source<'m> {
    Endpoint(&'m mut Session),
    /// It reads the events of the Responses dialect, but takes the request as it is.
    AppServer(&'m mut AppServer),
}

/// On what terms a step is asked.
pub(crate) struct Terms {
    pub(crate) accepts_restart: bool,
    /// Somebody waits who ends it himself.
    pub(crate) waits_on: bool,
    pub(crate) priority: Priority,
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
    pub(crate) experience: Arc<Experience>,
}

/// Everybody who can be asked: link by link, and of each the accounts as its strategy says.
pub(crate) fn preferred(links: &[Link], experience: &Experience) -> Vec<Candidate> {
    let candidates = links.iter().enumerate().flat_map(|(link, known)| {
        let accounts = known.preferred(experience).into_iter();
        accounts.map(move |account| Candidate { link, account })
    });
    candidates.collect()
}

impl Link {
    /// The places of its accounts, the one that is to be asked first in front.
    fn preferred(&self, experience: &Experience) -> Vec<usize> {
        if self.app_server.is_some() {
            return vec![0];
        }
        if self.accounts.len() < 2 {
            return (0..self.accounts.len()).collect();
        }
        let record = |account: &Account| account.record(experience);
        let records: Vec<AccountRecord> = self.accounts.iter().map(record).collect();
        self.strategy.order(&records)
    }

    /// Each of its accounts, to be asked as the candidate of that place.
    pub(crate) fn asks(&mut self, link: usize) -> impl Iterator<Item = Ask<'_>> {
        let (name, quirks) = (&self.name, &self.quirks);
        let (is_one_of_several, effort) = (self.accounts.len() > 1, self.effort);
        let accounts = self.accounts.iter_mut().enumerate();
        let accounts = accounts.map(move |(at, account)| {
            if account.readable.was_left() {
                account.session.let_go();
            }
            Ask {
                who: Candidate { link, account: at },
                name,
                account: &account.name,
                readable: account.readable.clone(),
                is_one_of_several,
                effort,
                quirks,
                source: Source::Endpoint(&mut account.session),
            }
        });
        let app_server = self.app_server.iter_mut();
        accounts.chain(app_server.map(move |(server, readable)| Ask {
            who: Candidate { link, account: 0 },
            name,
            account: "",
            readable: readable.clone(),
            is_one_of_several: false,
            effort,
            quirks,
            source: Source::AppServer(server),
        }))
    }
}

impl Account {
    /// The question what is left, if the last answer is old and it was not asked lately.
    pub(crate) fn stale_usage(
        &mut self,
        experience: &Experience,
        now: Instant,
    ) -> Option<UsageQuestion> {
        let known = experience.quota_left(&self.session.account());
        let is_fresh = known.is_some_and(|left| left.age < USAGE_COUNTS);
        let asked = self.usage_asked.map(|at| now.saturating_duration_since(at));
        if is_fresh || asked.is_some_and(|age| age < USAGE_COUNTS) {
            return None;
        }
        self.usage_asked = Some(now);
        self.usage.clone()
    }

    fn record(&self, experience: &Experience) -> AccountRecord {
        let key = self.session.account();
        let asked = experience.times_asked(&key);
        AccountRecord {
            answered_last: self.readable.answered_last(),
            times_asked: asked.map_or(0, |asked| asked.times),
            last_asked: asked.map(|asked| asked.last),
            quota_left: experience.quota_left(&key).map(|left| left.percent),
        }
    }
}

impl Question {
    pub(crate) fn new(prompt: &Prompt<'_>) -> Self {
        Self {
            instructions: prompt.instructions.to_owned(),
            tools: prompt.tools.to_vec(),
            input: prompt.input.to_vec(),
            maker: prompt.maker.map(str::to_owned),
        }
    }

    /// Whether not everybody can read it.
    pub(crate) fn is_sealed(&self) -> bool {
        self.maker.is_some()
    }

    /// Whether not even its maker can, as this fault says: another key lies where the former one was, or
    /// the provider has lost its own.
    pub(crate) fn is_lost(&self, fault: &Fault) -> bool {
        self.is_sealed() && fault.cause == Cause::InvalidEncryptedContent
    }

    /// The length of the conversation in items, of which a request may hold fewer.
    pub(crate) fn length(&self) -> usize {
        self.input.len()
    }

    /// How many of its items an account with this part in it does not get.
    pub(crate) fn left_out(&self, readable: &Readable) -> usize {
        self.input.len() - readable.of(&self.input).len()
    }
}

impl<'m> Ask<'m> {
    /// What it answers in.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.source {
            Source::Endpoint(session) => session.endpoint().dialect(),
            Source::AppServer(_) => Dialect::Responses,
        }
    }

    /// The model, and the account.
    pub(crate) fn addressee(&self) -> Addressee {
        Addressee {
            model: self.name.clone(),
            account: self.account.to_owned(),
        }
    }

    /// Whose it is; the official client's account is its own affair.
    pub(crate) fn key(&self) -> Option<AccountKey> {
        match &self.source {
            Source::Endpoint(session) => Some(session.account()),
            Source::AppServer(_) => None,
        }
    }

    /// How what it alone can read is marked; nothing where nobody could tell.
    pub(crate) fn maker(&self) -> Option<String> {
        self.key().map(|key| key.to_string())
    }

    /// Whether it can read all of it.
    pub(crate) fn can_read(&self, question: &Question) -> bool {
        !question.is_sealed() || question.maker == self.maker()
    }

    /// What it is asked to make shorter, if that can be said to it.
    pub(crate) fn compaction(&self, question: &Question) -> Option<String> {
        compact_body(&self.request(question)).ok()
    }

    /// Whose requests are counted where it is asked: an account's that is one of several.
    pub(crate) fn counted(&self) -> Option<AccountKey> {
        self.is_one_of_several.then(|| self.key()).flatten()
    }

    /// For how long it is better not asked, after all that the transport remembers.
    pub(crate) fn left_alone(&self) -> Duration {
        match &self.source {
            Source::Endpoint(session) => session.left_alone(&self.name.model),
            Source::AppServer(_) => Duration::ZERO,
        }
    }

    /// Whether it is on this machine and needs no network.
    pub(crate) fn is_here(&self) -> bool {
        match &self.source {
            Source::Endpoint(session) => session.endpoint().is_on_this_machine(),
            Source::AppServer(_) => false,
        }
    }

    /// Opens its connection ahead of the first step.
    pub(crate) async fn prewarm(
        self,
        question: &Question,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        let request = self.request(question);
        let body = self.encode(&request);
        match (self.source, body) {
            (Source::AppServer(server), _) => server.prewarm(request, deadline).await,
            (Source::Endpoint(session), Ok(body)) => session.prewarm(&body, deadline).await,
            // The step itself will say so.
            (Source::Endpoint(_), Err(_cannot_carry)) => Ok(()),
        }
    }

    /// Sends it, if it can be said to this one; else what says why it cannot. `alternatives`: who is left
    /// after this one.
    pub(crate) fn send(
        self,
        question: &Question,
        terms: &Terms,
        alternatives: Alternatives,
        recording: &mut Recording,
    ) -> Result<ResponseStream<'m>, Box<ResponseStream<'m>>> {
        let counted = self.counted();
        let request = self.request(question);
        let body = self.encode(&request);
        let without_reasoning = self.without_reasoning(&request);
        let reasoning = self.reasons(&request);
        let reader = Reader::of_text(terms.accepts_restart);
        let session = match self.source {
            Source::Endpoint(session) => session,
            Source::AppServer(server) => {
                return Ok(server.stream(request, reader, terms.deadline));
            }
        };
        let body = match body {
            Ok(body) => body,
            Err(cannot_carry) => return Err(Box::new(session.refuse(&cannot_carry.to_string()))),
        };
        if let Some(account) = counted {
            terms.experience.asked(&account);
        }
        recording.request(&body);
        let request = Request {
            body,
            without_reasoning,
            reasoning,
            reader,
            waits_on: terms.waits_on,
            alternatives,
            effort: self.effort.map_or("", Effort::as_str).to_owned(),
            priority: terms.priority,
            model: request.model,
        };
        Ok(session.stream(request, terms.deadline))
    }

    fn request(&self, question: &Question) -> ModelRequest {
        ModelRequest {
            model: self.name.model.clone(),
            instructions: question.instructions.clone(),
            input: self.readable.of(&question.input),
            tools: question.tools.clone(),
            reasoning: self.effort.map(|effort| Reasoning {
                effort: Some(effort.as_str().to_owned()),
                summary: None,
            }),
            cache_key: match &self.source {
                Source::Endpoint(session) => Some(session.id().to_owned()),
                Source::AppServer(_) => None,
            },
            ..ModelRequest::default()
        }
    }

    /// Whether it may think before it speaks: it was asked to, or it has done so without.
    fn reasons(&self, request: &ModelRequest) -> bool {
        match self.effort {
            Some(effort) => effort != Effort::None,
            None => request.input.iter().any(is_reasoning),
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
