//! What is asked beside the turn: a summary of what is old, a title. One question at a time, by a
//! model of its own, and nothing of it holds a turn up.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_models::Model;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::plan::Plan;
use super::summary::{self, NoSummary};
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
    asked: JoinSet<(Box<dyn Model>, Said)>,
    /// What the summary under way is for.
    plan: Option<Plan>,
    title: Option<String>,
    rest: Duration,
    rests_until: Option<Instant>,
    clock: Clock,
}

enum Said {
    Summary(Result<String, NoSummary>),
    Title(Option<String>),
}

impl Background {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            model: None,
            asked: JoinSet::new(),
            plan: None,
            title: None,
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
        (self.plan, self.rests_until) = (None, None);
        self.rest = REST;
        self.model = model;
    }

    /// Whether a summary may be asked for.
    pub(crate) fn is_free(&self) -> bool {
        let now = self.clock.now();
        self.model.is_some() && self.rests_until.is_none_or(|until| until <= now)
    }

    /// Whether a summary is under way.
    pub(crate) fn is_at_it(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether any question is under way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The conversation's title, once there is one.
    pub(crate) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Asks for a summary of a story.
    pub(crate) fn sum_up(&mut self, plan: Plan, story: String) {
        let Some(mut model) = self.model.take() else {
            return;
        };
        self.plan = Some(plan);
        let deadline = Deadline::after(&self.clock, "summary", LONGEST);
        self.asked.spawn(async move {
            let said = summary::of(&mut *model, &story, deadline).await;
            (model, Said::Summary(said))
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
            (model, Said::Title(title))
        });
    }

    /// What is being summed up is no longer what was said: the summary will not be used.
    pub(crate) fn forget(&mut self) {
        self.plan = None;
    }

    /// A summary that is there, and what it is for.
    pub(crate) fn ready(&mut self) -> Option<(Plan, String)> {
        while let Some(ended) = self.asked.try_join_next() {
            if let Some(ready) = self.take(ended.ok()) {
                return Some(ready);
            }
        }
        None
    }

    /// The same, and waits for it if one is under way, but not beyond the deadline.
    pub(crate) async fn waited_for(&mut self, deadline: Deadline) -> Option<(Plan, String)> {
        while self.is_busy() {
            let ended = deadline.run(self.asked.join_next()).await.ok()?;
            if let Some(ready) = self.take(ended.and_then(Result::ok)) {
                return Some(ready);
            }
        }
        None
    }

    fn take(&mut self, ended: Option<(Box<dyn Model>, Said)>) -> Option<(Plan, String)> {
        let Some((model, said)) = ended else {
            self.plan = None;
            return None;
        };
        self.model = Some(model);
        match said {
            Said::Title(title) => {
                self.title = title;
                None
            }
            Said::Summary(Ok(summary)) => {
                (self.rest, self.rests_until) = (REST, None);
                Some((self.plan.take()?, summary))
            }
            Said::Summary(Err(_why)) => {
                self.plan = None;
                self.rests_until = Some(self.clock.now() + self.rest);
                self.rest = (self.rest * GROWS).min(LONGEST_REST);
                None
            }
        }
    }
}
