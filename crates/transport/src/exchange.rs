//! The way of one request: attempts and what is done between them, from top to bottom.

use std::time::Duration;

use alipes_base::Deadline;

use crate::conversation::Conversation;
use crate::leave::Leave;
use crate::react::drawn;
use crate::step::{Ran, Step, signed};
use crate::stream::{Done, Updates};
use crate::{
    AttemptHistory, Budget, Cause, Fault, Phase, Reaction, Replay, Request, Route, Scope, Session,
    Token, Trace, attempt, hedge, outage, react,
};

/// Attempts until one is done, or nothing that this room can do helps.
pub(crate) async fn run(
    session: &mut Session,
    request: Request,
    deadline: Deadline,
    updates: Updates,
) -> Result<Done, Fault> {
    let started = session.about.transport.clock.now();
    begin(&session.about);
    session.about.fresh = false;
    let mut history = AttemptHistory::new();
    let mut course = Course {
        route: first_route(session, &request),
        renewed: None,
    };
    let mut step = Step::new(session, &request, deadline, updates);
    loop {
        let (route, next) = (course.route, history.attempts() + 1);
        let leave = match Leave::ask(&session.about, &step, route, next).await {
            Ok(leave) => leave,
            Err(fault) => return Err(step.not_tried(route, fault).await),
        };
        let renewed = course.renewed.take();
        let mut ran = hedge::attempt(session, &step, &mut history, route, renewed).await;
        course.route = ran.attempt.route;
        if let Some(lost) = ran.lost.take() {
            history.failed(&remember(session, &request.model, lost));
        }
        let Err(fault) = std::mem::replace(&mut ran.result, Ok(())) else {
            let experience = &session.about.transport.experience;
            experience.answered(&leave.to, course.route);
            let held_back = ran.held_back.filter(|_| course.route == Route::Sse);
            if held_back.is_some_and(|held_back| experience.arrived(&leave.to, held_back)) {
                let attempt = ran.attempt.number;
                step.updates.trace(Trace::HeldBack { attempt }).await;
            }
            return Ok(step.done(&ran, &history, started).await);
        };
        // Others may go while this one pauses.
        drop(leave);

        let fault = remember(session, &request.model, step.complete(&ran, fault));
        take_note(session, &mut history, &ran, &fault);
        let fits = |reaction: &Reaction| is_possible(reaction, session, &step, &fault, &history);
        let (reaction, why) = choose(session, fits, &fault, &history);
        let fault = why.map_or(fault.clone(), |why| fault.clone().because(why));
        history.reacted(reaction);
        step.failed(&ran, &fault, reaction).await;
        Box::pin(course.set(reaction, session, &mut step, &ran, fault)).await?;
    }
}

/// A new request counts among those that its endpoint gets.
fn begin(about: &Conversation) {
    let experience = &about.transport.experience;
    experience.hedges.step();
    let now = about.transport.clock.now();
    experience.retries.request(about.endpoint.key(), now);
}

/// What the next attempt goes by.
struct Course {
    route: Route,
    /// The token to go with, if it was renewed.
    renewed: Option<Token>,
}

impl Course {
    /// Does what is to be done before the next attempt; a fault that is none of ours goes up.
    async fn set(
        &mut self,
        reaction: Reaction,
        session: &mut Session,
        step: &mut Step<'_>,
        ran: &Ran,
        fault: Fault,
    ) -> Result<(), Fault> {
        let deadline = &step.deadline;
        match reaction {
            Reaction::SameRoute { backoff } => {
                let length = drawn(backoff, &session.about.transport.rng);
                outage::pause(&mut session.about, length, &fault, deadline).await;
            }
            Reaction::Wait { length } => pause(length, deadline).await,
            Reaction::DropReasoning => step.drop_reasoning(),
            Reaction::OtherRoute => {
                self.route = session.other_route(self.route).unwrap_or(self.route);
            }
            Reaction::RefreshCredential => {
                match attempt::newer_token(&session.about, ran.generation, deadline).await {
                    Ok(newer) => self.renewed = Some(newer),
                    Err(why) => return Err(fault.because(&why)),
                }
            }
            _ => return Err(attempt::with_place_of_key(&session.about, fault)),
        }
        Ok(())
    }
}

/// What a fault means for the attempts of this conversation.
fn take_note(session: &mut Session, history: &mut AttemptHistory, ran: &Ran, fault: &Fault) {
    let refused_packed = history.failures_by(Cause::EncodingRefused) > 0;
    if refused_packed && fault.cause == Cause::InvalidRequest {
        let about = &session.about;
        about.transport.experience.reads_zstd(&about.endpoint);
    }
    history.failed(fault);
    if ran.spent {
        history.gave_up();
    }
    // What a connection did to one request it would do to the next; one that never stood did nothing, and
    // one where only a response was forgotten answers what is sent in full.
    let forgot = fault.cause == Cause::UnknownPreviousResponse;
    let is_good = forgot && history.failures_by(fault.cause) == 1;
    let stood = fault.phase > Phase::Upgrade;
    session.about.fresh = fault.scope() == Scope::Connection && stood && !is_good;
    if history.failures_of_the_node() > 1 {
        // Once may be chance; then what binds us to that node is what keeps it failing.
        session.about.leave_node();
    }
}

/// The best open route. A conversation that has outgrown a WebSocket frame stays with SSE.
fn first_route(session: &mut Session, request: &Request) -> Route {
    let route = session.first_route();
    let in_full = session.socket.is_none() && route == Route::WebSocket;
    if in_full && request.body.size() > session.about.endpoint.profile().max_frame {
        session.too_large_for_frames = true;
        return session.other_route(route).unwrap_or(route);
    }
    route
}

/// The fault of a socket that should have been prepared.
pub(crate) fn complete_prewarm(about: &Conversation, mut fault: Fault) -> Fault {
    fault.route = Route::WebSocket;
    signed(fault, &about.endpoint, &about.transport.redactor)
}

/// What this fault says about the attempts to come: to this conversation, and to all.
pub(crate) fn remember(session: &mut Session, model: &str, fault: Fault) -> Fault {
    let about = &session.about;
    let to = about.destination(model);
    let experience = &about.transport.experience;
    let fault = experience.failed(&to, &about.endpoint, fault);
    if fault.route == Route::WebSocket && fault.cause == Cause::TooLarge {
        session.too_large_for_frames = true;
    }
    fault
}

/// The first reaction that `fits`, if it is this room's own; else `Stop`, which hands the fault to the
/// rooms above. Where the endpoint has had its share of repetitions it is none of those, and why is
/// given, too.
fn choose(
    session: &Session,
    fits: impl Fn(&Reaction) -> bool,
    fault: &Fault,
    history: &AttemptHistory,
) -> (Reaction, Option<&'static str>) {
    let about = &session.about;
    let budget = Budget::of(about.endpoint.profile());
    let helpful = react(fault, history, budget);
    let first = helpful.iter().copied().find(&fits);
    let first = first.map_or(Reaction::Stop, own);
    if fault.replay == Replay::Free || !repeats(&first) || may_repeat(about) {
        return (first, None);
    }
    let mut others = helpful.into_iter().filter(|reaction| !repeats(reaction));
    let other = others.find(fits).map_or(Reaction::Stop, own);
    (other, Some(SHARE_SPENT))
}

/// Why a step ends although its own budget lasts.
const SHARE_SPENT: &str =
    "not sent again: too many of this minute's requests to it were repetitions";

fn may_repeat(about: &Conversation) -> bool {
    let now = about.transport.clock.now();
    let retries = &about.transport.experience.retries;
    retries.take(about.endpoint.key(), now)
}

/// Whether the endpoint gets the same request again.
fn repeats(reaction: &Reaction) -> bool {
    matches!(
        reaction,
        Reaction::SameRoute { .. } | Reaction::Wait { .. } | Reaction::OtherRoute
    )
}

/// A reaction of this room; what is another room's is handed up.
fn own(reaction: Reaction) -> Reaction {
    match reaction {
        Reaction::NextAccount | Reaction::NextProvider | Reaction::ProviderHere => Reaction::Stop,
        own => own,
    }
}

fn is_possible(
    reaction: &Reaction,
    session: &Session,
    step: &Step<'_>,
    fault: &Fault,
    history: &AttemptHistory,
) -> bool {
    let remaining = step.deadline.remaining(&session.about.transport.clock);
    match reaction {
        Reaction::SameRoute { backoff } => *backoff < remaining,
        // Never shortened: beyond the deadline it means move on or stop.
        Reaction::Wait { length } => *length < remaining,
        Reaction::OtherRoute => {
            let other = session.other_route(fault.route);
            other.is_some_and(|other| !history.has_failed_on(other))
        }
        Reaction::DropReasoning => step.request.without_reasoning.is_some(),
        Reaction::RefreshCredential => session.about.credential.is_renewable(),
        Reaction::Stop => true,
        Reaction::NextAccount => step.request.alternatives.account,
        Reaction::NextProvider => step.request.alternatives.provider,
        Reaction::ProviderHere => step.request.alternatives.here,
        _ => false,
    }
}

async fn pause(length: Duration, deadline: &Deadline) {
    // `choose` has made sure that it fits; should the deadline come first, the next attempt says so.
    let _ = deadline.run(tokio::time::sleep(length)).await;
}
