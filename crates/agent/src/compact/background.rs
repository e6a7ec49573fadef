//! What is asked beside the turn: a summary of what is old, a title. One question at a time, by a
//! model of its own, and nothing of it holds a turn up.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_models::{Addressee, CompactionQuestion, Model, Sealed};
use alipes_transport::{AuxiliaryFault, Fault};
use alipes_wire::Usage;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::plan::Plan;
use super::summary::{self, NoSummary, Spoken};
use crate::titles;

/// The longest that a model may take over a summary, attempts and waits included.
pub(crate) const LONGEST: Duration = Duration::from_secs(120);

/// How long no summary is asked for after one that failed, and how much longer each time.
const REST: Duration = Duration::from_secs(60);
const GROWS: u32 = 5;
const LONGEST_REST: Duration = Duration::from_secs(900);

/// Somebody to ask beside the turn, and what is being asked.
pub(crate) struct Background {
    /// Nobody while a question is under way, or where there is nobody.
    model: Option<Box<dyn Model>>,
    asked: JoinSet<(Option<Box<dyn Model>>, Said)>,
    /// The provider makes conversations shorter, as far as is known.
    provider_can: bool,
    asked_the_provider: bool,
    /// What the summary under way is for.
    plan: Option<Plan>,
    title: Option<String>,
    /// A summary that has come, and was not taken yet.
    come: Option<(Plan, Told)>,
    /// What was spent and not told yet.
    spent: Vec<(Addressee, Usage)>,
    rest: Duration,
    rests_until: Option<Instant>,
    clock: Clock,
}

/// What stands for what was said.
#[derive(Debug)]
pub(crate) enum Told {
    /// A summary in words.
    Text(String),
    /// What the provider has made of it.
    Sealed(Sealed),
}

/// Whom to ask for it.
pub(crate) enum Source {
    /// The auxiliary model, with the story that it is to sum up.
    Story(String),
    /// The provider.
    Provider(Box<CompactionQuestion>),
}

enum Said {
    Sealed(Result<Sealed, AuxiliaryFault>),
    Summary(Result<String, NoSummary>, Option<(Addressee, Usage)>),
    Title(Result<Spoken, Fault>),
}

impl Background {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            model: None,
            asked: JoinSet::new(),
            provider_can: true,
            asked_the_provider: false,
            plan: None,
            title: None,
            come: None,
            spent: Vec::new(),
            rest: REST,
            rests_until: None,
            clock: clock.clone(),
        }
    }

    pub(crate) fn with(mut self, model: Box<dyn Model>) -> Self {
        self.model = Some(model);
        self
    }

    /// Asks somebody else from now on, or nobody; what is under way is left.
    pub(crate) fn ask_instead(&mut self, model: Option<Box<dyn Model>>) {
        self.asked = JoinSet::new();
        (self.plan, self.come, self.rests_until) = (None, None, None);
        self.rest = REST;
        self.provider_can = true;
        self.model = model;
    }

    /// Whether a model may be asked for a summary.
    pub(crate) fn is_free(&self) -> bool {
        let now = self.clock.now();
        let waits = self.come.is_some();
        !waits && self.model.is_some() && self.rests_until.is_none_or(|until| until <= now)
    }

    /// Whether the last model that was asked for a summary gave none.
    pub(crate) fn has_failed(&self) -> bool {
        self.rests_until.is_some()
    }

    /// Whether the provider may be asked, who has not refused it yet.
    pub(crate) fn may_ask_the_provider(&self) -> bool {
        self.provider_can && !self.is_busy() && self.come.is_none()
    }

    /// Whether it was who was asked last.
    pub(crate) fn asked_the_provider(&self) -> bool {
        self.asked_the_provider
    }

    /// What it makes is of no use.
    pub(crate) fn leave_the_provider(&mut self) {
        self.provider_can = false;
    }

    /// Whether a summary is under way.
    pub(crate) fn is_at_it(&self) -> bool {
        self.plan.is_some() || self.come.is_some()
    }

    /// Whether any question is under way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The conversation's title, once there is one.
    pub(crate) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Asks for what shall stand for what the plan takes away.
    pub(crate) fn sum_up(&mut self, plan: Plan, source: Source) {
        let deadline = Deadline::after(&self.clock, "summary", LONGEST);
        self.asked_the_provider = matches!(source, Source::Provider(_));
        let story = match source {
            Source::Story(story) => story,
            Source::Provider(question) => {
                self.plan = Some(plan);
                self.asked
                    .spawn(async move { (None, Said::Sealed(question.ask(deadline).await)) });
                return;
            }
        };
        let Some(mut model) = self.model.take() else {
            return;
        };
        self.plan = Some(plan);
        self.asked.spawn(async move {
            let said = match summary::of(&mut *model, &story, deadline).await {
                Ok(spoken) => Said::Summary(summary::checked(&spoken, &story), spoken.spent),
                Err(fault) => Said::Summary(Err(NoSummary::Fault(Box::new(fault))), None),
            };
            (Some(model), said)
        });
    }

    /// Asks for a title of a conversation that begins with this prompt.
    pub(crate) fn ask_for_title(&mut self, prompt: String) {
        let Some(mut model) = self.model.take() else {
            return;
        };
        let deadline = Deadline::after(&self.clock, "title", titles::LONGEST);
        self.asked.spawn(async move {
            let title = titles::of(&mut *model, &prompt, deadline).await;
            (Some(model), Said::Title(title))
        });
    }

    /// What is being summed up is no longer what was said: the summary will not be used.
    pub(crate) fn forget(&mut self) {
        (self.plan, self.come) = (None, None);
        if self.model.is_some() {
            // Then only the provider can be at it, and what it says late would be taken for what is
            // asked next.
            self.asked = JoinSet::new();
        }
    }

    /// What was spent since this was asked last.
    pub(crate) fn spent(&mut self) -> Vec<(Addressee, Usage)> {
        self.collect();
        std::mem::take(&mut self.spent)
    }

    /// A summary that is there, and what it is for.
    pub(crate) fn ready(&mut self) -> Option<(Plan, Told)> {
        self.collect();
        self.come.take()
    }

    /// Takes what has ended.
    fn collect(&mut self) {
        while let Some(ended) = self.asked.try_join_next() {
            if let Some(come) = self.take(ended.ok()) {
                self.come = Some(come);
            }
        }
    }

    /// The same, and waits for it if one is under way, but not beyond the deadline.
    pub(crate) async fn waited_for(&mut self, deadline: Deadline) -> Option<(Plan, Told)> {
        if let Some(come) = self.ready() {
            return Some(come);
        }
        while self.is_busy() {
            let ended = deadline.run(self.asked.join_next()).await.ok()?;
            if let Some(ready) = self.take(ended.and_then(Result::ok)) {
                return Some(ready);
            }
        }
        None
    }

    fn take(&mut self, ended: Option<(Option<Box<dyn Model>>, Said)>) -> Option<(Plan, Told)> {
        let Some((model, said)) = ended else {
            self.plan = None;
            return None;
        };
        // The provider was asked without it.
        self.model = model.or(self.model.take());
        match said {
            Said::Sealed(Ok(sealed)) => {
                self.spent
                    .extend(sealed.usage.map(|usage| (sealed.by.clone(), usage)));
                Some((self.plan.take()?, Told::Sealed(sealed)))
            }
            Said::Sealed(Err(_why)) => {
                (self.plan, self.provider_can) = (None, false);
                None
            }
            Said::Title(spoken) => {
                // Whatever went wrong: the first line of the prompt is a title, too.
                let spoken = spoken.ok()?;
                self.title = titles::checked(&spoken);
                self.spent.extend(spoken.spent);
                None
            }
            Said::Summary(Ok(summary), spent) => {
                self.spent.extend(spent);
                (self.rest, self.rests_until) = (REST, None);
                Some((self.plan.take()?, Told::Text(summary)))
            }
            Said::Summary(Err(_why), spent) => {
                self.spent.extend(spent);
                self.plan = None;
                self.rests_until = Some(self.clock.now() + self.rest);
                self.rest = (self.rest * GROWS).min(LONGEST_REST);
                None
            }
        }
    }
}
