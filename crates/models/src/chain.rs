//! The ordered providers of one conversation.
//!
//! A step goes to the first provider and account that is not resting. One that could not answer rests
//! for a while, so that the next step does not pay for the same fault again; when all rest, the first
//! is asked all the same.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_transport::{Experience, Fault, Priority, Transport};
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::link::{Ask, Link, Question, Terms, preferred};
use crate::recording::{About, Recording};
use crate::rests::Rests;
use crate::walk::{Candidate, Standing, Walk};
use crate::{Asker, CompactionQuestion, Model, ModelName, Prompt, Records, StepStream, Strategy};

/// The longest a question beside a turn may take; the profile's own limit is shorter.
const LONGEST: Duration = Duration::from_secs(30);

/// A model and those behind it.
pub struct Chain {
    links: Vec<Link>,
    rests: Rests,
    experience: Arc<Experience>,
    clock: Clock,
    priority: Priority,
    waits_on: bool,
    records: Option<Records>,
    conversation: String,
    /// Questions that nobody waits for, and that end with the conversation.
    questions: JoinSet<()>,
}

impl Chain {
    pub(crate) fn new(links: Vec<Link>, rests: Rests, transport: &Transport) -> Self {
        Self {
            links,
            rests,
            experience: Arc::clone(&transport.experience),
            clock: transport.clock.clone(),
            priority: Priority::Main,
            waits_on: false,
            records: None,
            conversation: String::new(),
            questions: JoinSet::new(),
        }
    }

    /// The same with its calls on record, as those of this conversation.
    pub(crate) fn recorded(mut self, records: Option<Records>, conversation: &str) -> Self {
        conversation.clone_into(&mut self.conversation);
        Self { records, ..self }
    }

    /// The same behind another link.
    pub(crate) fn behind(mut self, first: Link) -> Self {
        self.links.insert(0, first);
        self
    }

    /// The same for somebody who waits as long as he likes, and ends it himself: where neither of two
    /// requests has a word for an answer, and nobody else can be asked, both stay open.
    #[must_use]
    pub fn waiting_on(self) -> Self {
        Self {
            waits_on: true,
            ..self
        }
    }

    /// The same, for what a turn can do without.
    pub(crate) fn beside_the_turn(self) -> Self {
        let priority = Priority::Auxiliary;
        Self { priority, ..self }
    }

    /// What it is made of.
    pub(crate) fn into_links(self) -> Vec<Link> {
        self.links
    }

    /// Asks beside the turn what the accounts have left between which that decides.
    fn ask_what_is_left(&mut self) {
        while self.questions.try_join_next().is_some() {}
        let now = self.clock.now();
        let choosing = |link: &&mut Link| link.strategy == Strategy::MostQuotaLeft;
        let links = self.links.iter_mut().filter(choosing);
        for account in links.flat_map(|link| &mut link.accounts) {
            if let Some(question) = account.stale_usage(&self.experience, now) {
                let deadline = Deadline::after(&self.clock, "usage", LONGEST);
                self.questions.spawn(async move {
                    // Whoever it could have told more goes by what is known.
                    let _unknown = question.ask(deadline).await;
                });
            }
        }
    }

    fn recording(&self) -> Recording {
        let about = About {
            asker: Asker::default(),
            conversation: self.conversation.clone(),
            auxiliary: self.priority == Priority::Auxiliary,
        };
        Recording::begin(self.records.as_ref(), &self.clock, about)
    }

    fn asks(&mut self) -> Vec<Ask<'_>> {
        let links = self.links.iter_mut().enumerate();
        links.flat_map(|(at, link)| link.asks(at)).collect()
    }
}

/// The way from one of these to the next.
fn walk(asks: &[Ask<'_>], preferred: &[Candidate], rests: &Rests, now: Instant) -> Walk {
    let standing = |ask: &Ask<'_>| Standing {
        who: ask.who,
        rests: rests.left(ask.name, ask.account, now),
        left_alone: ask.left_alone(),
        is_here: ask.is_here(),
    };
    let known = |who: &Candidate| asks.iter().find(|ask| ask.who == *who).map(standing);
    Walk::new(preferred.iter().filter_map(known).collect())
}

impl Model for Chain {
    fn name(&self) -> &ModelName {
        // A chain is never empty: the catalogue makes it from a first link on.
        &self.links[0].name
    }

    fn begin_turn(&mut self) {
        let accounts = self.links.iter_mut().flat_map(|link| &mut link.accounts);
        accounts.for_each(|account| account.session.begin_turn());
    }

    fn prewarm<'m>(
        &'m mut self,
        prompt: &'m Prompt<'m>,
        deadline: Deadline,
    ) -> BoxFuture<'m, Result<(), Fault>> {
        let question = Question::new(prompt);
        Box::pin(async move {
            let first = preferred(&self.links, &self.experience).into_iter().next();
            let mut asks = self.asks().into_iter();
            match asks.find(|ask| Some(ask.who) == first) {
                Some(first) => first.prewarm(&question, deadline).await,
                None => Ok(()),
            }
        })
    }

    fn step<'m>(
        &'m mut self,
        prompt: &Prompt<'_>,
        accepts_restart: bool,
        deadline: Deadline,
    ) -> StepStream<'m> {
        self.ask_what_is_left();
        let (rests, clock) = (self.rests.clone(), self.clock.clone());
        let experience = Arc::clone(&self.experience);
        let preferred = preferred(&self.links, &self.experience);
        let (priority, waits_on) = (self.priority, self.waits_on);
        let recording = self.recording();
        let question = Question::new(prompt);
        let asks = self.asks().into_iter();
        let (asks, unread): (Vec<_>, Vec<_>) = asks.partition(|ask| ask.can_read(&question));
        let unread = unread.iter().map(|ask| (ask.who, ask.is_here()));
        let walk = walk(&asks, &preferred, &rests, clock.now()).beside(unread.collect());
        let terms = Terms {
            accepts_restart,
            waits_on,
            priority,
            deadline,
            clock,
            experience,
        };
        StepStream::new(walk, asks, question, terms, (rests, recording))
    }

    fn compact(&mut self, prompt: &Prompt<'_>) -> Option<CompactionQuestion> {
        let (rests, clock, records) =
            (self.rests.clone(), self.clock.clone(), self.records.clone());
        let preferred = preferred(&self.links, &self.experience);
        let question = Question::new(prompt);
        let asks = self.asks();
        let next = walk(&asks, &preferred, &rests, clock.now()).current()?;
        let ask = asks.iter().find(|ask| ask.who == next)?;
        let ask = Some(ask).filter(|ask| ask.can_read(&question))?;
        CompactionQuestion::of(ask, &question, records.as_ref(), &clock)
    }
}
