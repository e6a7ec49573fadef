//! One attempt's way up to the reader, and the rule where two attempts want it.
//!
//! Alone, an attempt passes everything up as it comes. Beside another one, what counts is output:
//! the first to have any wins the reader, and the other one never gets a word through again. Until
//! then the younger keeps its first events back, because the reader may have those of the elder: with
//! its own, [`Updates`] tells it to begin anew.

use std::sync::Arc;
use std::time::Duration;

use alipes_wire::{RawEvent, Signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::stream::Updates;
use crate::{Phase, Trace};

/// How many events without output the younger keeps back; what more come say nothing new.
const HELD: usize = 16;

/// Why an attempt would be glad of another one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The edge has never answered a ping, and the one under way is late.
    Ping,
    /// Its patience is spent.
    Patience(Spent),
}

/// A patience that was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    /// What was waited for.
    pub(crate) limit: &'static str,
    /// For how long.
    pub(crate) length: Duration,
    /// In which phase.
    pub(crate) phase: Phase,
    /// When it ended.
    pub(crate) at: Instant,
}

impl Overdue {
    /// What was waited for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ping => "pong",
            Self::Patience(spent) => spent.limit,
        }
    }
}

/// The two attempts of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    /// The one that is overdue.
    Elder,
    /// The one that was sent beside it.
    Younger,
}

/// How it stands between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// There is one attempt, and nothing was asked.
    #[default]
    Alone,
    /// The elder asks for a younger beside it.
    Asked(Overdue),
    /// It stays alone.
    Refused,
    /// Both run, and neither has any output.
    Racing,
    /// The reader is this one's.
    Won(Entrant),
}

#[derive(Debug, Default)]
struct State {
    standing: Standing,
    elder_spent: Option<Spent>,
    younger_spent: Option<Spent>,
}

/// What the attempts of one race share; the one who runs them looks at it from outside.
#[derive(Clone, Debug)]
pub(crate) struct Race(Arc<watch::Sender<State>>);

/// One attempt's end of it.
#[derive(Debug)]
pub(crate) struct Lane {
    updates: Updates,
    race: Race,
    entrant: Entrant,
    /// Its attempt's number.
    attempt: u32,
    held: Vec<(RawEvent, Signal)>,
}

impl Race {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// Waits until the elder asks for another attempt, and gives why.
    pub(crate) async fn asked(&self) -> Overdue {
        self.seen(|state| match state.standing {
            Standing::Asked(why) => Some(why),
            _ => None,
        })
        .await
    }

    /// The elder stays alone.
    pub(crate) fn refuse(&self) {
        self.stand(Standing::Refused);
    }

    /// The younger is on its way.
    pub(crate) fn start(&self) {
        self.stand(Standing::Racing);
    }

    /// The other one is gone: the reader is this one's.
    pub(crate) fn leave_to(&self, entrant: Entrant) {
        self.stand(Standing::Won(entrant));
    }

    /// Waits until one of the two has output.
    pub(crate) async fn won(&self) -> Entrant {
        self.seen(|state| match state.standing {
            Standing::Won(entrant) => Some(entrant),
            _ => None,
        })
        .await
    }

    /// Who has the reader, if it is decided.
    pub(crate) fn winner(&self) -> Option<Entrant> {
        match self.0.borrow().standing {
            Standing::Won(entrant) => Some(entrant),
            _ => None,
        }
    }

    /// Waits until this one's patience was spent `times` over, without a word in between.
    pub(crate) async fn spent(&self, entrant: Entrant, times: u32) -> Spent {
        loop {
            let spent = self.seen(|state| state.spent(entrant)).await;
            let end = spent.at + spent.length * times.saturating_sub(1);
            let spoke = self.seen(|state| (state.spent(entrant) != Some(spent)).then_some(()));
            tokio::select! {
                biased;
                () = spoke => {}
                () = tokio::time::sleep_until(end) => return spent,
            }
        }
    }

    /// Waits until the patience of both is spent.
    pub(crate) async fn both_spent(&self) -> Spent {
        self.seen(|state| state.younger_spent.and(state.elder_spent))
            .await
    }

    fn stand(&self, standing: Standing) {
        self.0.send_modify(|state| state.standing = standing);
    }

    /// Waits until `look` sees something.
    async fn seen<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(seen) = look(&receiver.borrow_and_update()) {
                return seen;
            }
            if receiver.changed().await.is_err() {
                // The sender is in `self`, so it is there.
                std::future::pending::<()>().await;
            }
        }
    }
}

impl State {
    fn spent(&self, entrant: Entrant) -> Option<Spent> {
        match entrant {
            Entrant::Elder => self.elder_spent,
            Entrant::Younger => self.younger_spent,
        }
    }

    fn spent_mut(&mut self, entrant: Entrant) -> &mut Option<Spent> {
        match entrant {
            Entrant::Elder => &mut self.elder_spent,
            Entrant::Younger => &mut self.younger_spent,
        }
    }
}

impl Lane {
    /// The way of one of a race's attempts, the one of this number.
    pub(crate) fn new(race: Race, entrant: Entrant, attempt: u32, updates: Updates) -> Self {
        Self {
            updates,
            race,
            entrant,
            attempt,
            held: Vec::new(),
        }
    }

    /// The way of an attempt that nobody listens to, and that gets no other beside it.
    pub(crate) fn unheard() -> Self {
        let race = Race::new();
        race.refuse();
        Self::new(race, Entrant::Elder, 0, Updates::nobody())
    }

    /// Which of the two it is.
    pub(crate) fn entrant(&self) -> Entrant {
        self.entrant
    }

    /// Whether the other one has the reader for good.
    pub(crate) fn has_lost(&self) -> bool {
        self.race
            .winner()
            .is_some_and(|winner| winner != self.entrant)
    }

    /// Whether the reader has something of the answer that it counts as shown.
    pub(crate) fn has_delivered(&self) -> bool {
        self.updates.has_delivered()
    }

    /// Whether the answer may begin anew.
    pub(crate) fn may_begin_anew(&self) -> bool {
        self.updates.may_begin_anew()
    }

    /// This attempt's wait has ended after all.
    pub(crate) fn goes_on(&self) {
        self.race
            .0
            .send_if_modified(|state| state.spent_mut(self.entrant).take().is_some());
    }

    /// This attempt waits for too long. `true`: it may go on waiting, for there is another one
    /// beside it; `false`: it stays alone.
    pub(crate) async fn overdue(&self, why: Overdue) -> bool {
        let elder = self.entrant == Entrant::Elder;
        self.race.0.send_modify(|state| {
            if let Overdue::Patience(spent) = why {
                *state.spent_mut(self.entrant) = Some(spent);
            }
            if elder && state.standing == Standing::Alone {
                state.standing = Standing::Asked(why);
            }
        });
        let answer = |state: &State| match state.standing {
            Standing::Asked(_) => None,
            standing => Some(standing == Standing::Racing),
        };
        self.race.seen(answer).await
    }

    /// Tells something about this attempt.
    pub(crate) async fn trace(&self, trace: Trace) {
        self.updates.trace(trace).await;
    }

    /// Passes an event up. Does not return to an attempt that has lost: it is over.
    pub(crate) async fn pass(&mut self, event: RawEvent, signal: Signal) {
        let is_output = signal.is_output() || signal == Signal::Terminal;
        // Most attempts are alone, and all but their first events change nothing here.
        if is_output && self.race.0.borrow().standing == Standing::Racing {
            self.race.0.send_if_modified(|state| {
                let wins = state.standing == Standing::Racing;
                if wins {
                    state.standing = Standing::Won(self.entrant);
                }
                wins
            });
        }
        let standing = self.race.0.borrow().standing;
        match standing {
            Standing::Won(winner) if winner != self.entrant => std::future::pending().await,
            Standing::Racing if self.entrant == Entrant::Younger => {
                if self.held.len() < HELD {
                    self.held.push((event, signal));
                }
                return;
            }
            _ => {}
        }
        for (event, signal) in std::mem::take(&mut self.held) {
            self.updates.pass(self.attempt, event, signal).await;
        }
        self.updates.pass(self.attempt, event, signal).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Queue;
    use crate::{Reader, Update};
    use futures_util::FutureExt as _;

    fn event(kind: &str) -> RawEvent {
        RawEvent::parse(format!(r#"{{"type":"{kind}"}}"#).into()).unwrap()
    }

    /// Two lanes that race, and the reader's end.
    fn racing() -> (Lane, Lane, Arc<Queue>) {
        let (updates, reader) = Updates::to(Reader::Replaces);
        let race = Race::new();
        let elder = Lane::new(race.clone(), Entrant::Elder, 1, updates.clone());
        race.start();
        (elder, Lane::new(race, Entrant::Younger, 2, updates), reader)
    }

    fn read(reader: &Queue) -> Vec<String> {
        let mut read = Vec::new();
        while let Some(update) = reader.take() {
            read.push(match update {
                Update::Event(event) => event.kind().to_owned(),
                Update::Restarted { delivered } => format!("restarted, delivered: {delivered}"),
                Update::Trace(_) => "trace".to_owned(),
            });
        }
        read
    }

    #[tokio::test]
    async fn the_first_output_wins_and_lifecycle_events_do_not() {
        let (mut elder, mut younger, reader) = racing();
        elder
            .pass(event("response.created"), Signal::Lifecycle)
            .await;
        younger
            .pass(event("response.created"), Signal::Lifecycle)
            .await;
        younger
            .pass(event("response.in_progress"), Signal::Lifecycle)
            .await;
        assert_eq!(read(&reader), ["response.created"]);
        younger
            .pass(event("response.output_text.delta"), Signal::Delivered)
            .await;
        assert_eq!(elder.race.won().await, Entrant::Younger);
        let rest = [
            "restarted, delivered: false",
            "response.created",
            "response.in_progress",
            "response.output_text.delta",
        ];
        assert_eq!(read(&reader), rest);
    }

    #[tokio::test]
    async fn the_loser_never_gets_a_word_through() {
        let (mut elder, mut younger, reader) = racing();
        elder
            .pass(event("response.output_text.delta"), Signal::Delivered)
            .await;
        let late = younger.pass(event("response.output_text.delta"), Signal::Delivered);
        assert!(late.now_or_never().is_none());
        assert_eq!(read(&reader), ["response.output_text.delta"]);
    }

    #[tokio::test]
    async fn who_is_left_alone_begins_anew_only_if_the_reader_has_something() {
        let (elder, mut younger, reader) = racing();
        younger
            .pass(event("response.created"), Signal::Lifecycle)
            .await;
        elder.race.leave_to(Entrant::Younger);
        younger
            .pass(event("response.in_progress"), Signal::Lifecycle)
            .await;
        assert_eq!(read(&reader), ["response.created", "response.in_progress"]);
    }

    #[tokio::test]
    async fn an_attempt_that_is_refused_another_one_stays_alone() {
        let (updates, _reader) = Updates::to(Reader::Replaces);
        let lane = Lane::new(Race::new(), Entrant::Elder, 1, updates);
        let why = Overdue::Ping;
        let (answer, asked) = tokio::join!(lane.overdue(why), async {
            let asked = lane.race.asked().await;
            lane.race.refuse();
            asked
        });
        assert_eq!((answer, asked), (false, why));
        assert!(!lane.overdue(why).await, "it is refused once and for all");
    }

    #[tokio::test]
    async fn events_that_say_nothing_are_not_kept_without_end() {
        let (_elder, mut younger, _reader) = racing();
        for _ in 0..10 * HELD {
            younger
                .pass(event("response.in_progress"), Signal::Lifecycle)
                .await;
        }
        assert_eq!(younger.held.len(), HELD);
    }
}
