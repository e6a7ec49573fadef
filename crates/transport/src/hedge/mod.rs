//! A second request beside a silent one (transport, "Hedge").
//!
//! Nobody can tell a slow model from a lost request, and to give either up for the other is wrong
//! half of the time. So when an attempt that has shown nothing is overdue, a second one is sent over
//! another TCP connection and both run on. The first that has *output* wins the reader; signs of
//! life win nothing, because a node that is stuck gives those too. The elder is never ended for
//! being slow: only when both are out of patience is the step given up here, and not even then where
//! somebody waits who can end it himself.
//!
//! A second request costs tokens. So there is one in a step, where the profile allows it, where its
//! input is small if the tokens are paid for, and while [`HedgeTokens`] last. One for a ping that is
//! late is free: there the connection itself is the suspect.
//!
//! Who passes what to the reader is decided in `lane`.

mod lane;
mod tokens;

use std::convert::Infallible;

use futures_util::future::BoxFuture;

use crate::leave::permit_now;
use crate::permits::Permit;
use crate::step::{Attempt, Ran, Step};
use crate::{AttemptHistory, Cause, Fault, Phase, Route, Session, Token};

pub(crate) use lane::{Entrant, Lane, Overdue, Race, Spent};
pub(crate) use tokens::HedgeTokens;

/// How many times its patience a silent attempt is waited for when there is nobody else to ask.
pub(crate) const MOST_PATIENCE: u32 = 3;

/// The largest request that is sent twice where tokens are paid for: 20,000 tokens of about four
/// bytes.
const METERED_BYTES: usize = 80_000;

type Running<'a> = BoxFuture<'a, Ran>;

/// Runs one attempt on `route`, and another one beside it if the first is overdue.
pub(crate) async fn attempt(
    session: &mut Session,
    step: &Step<'_>,
    history: &mut AttemptHistory,
    route: Route,
    renewed: Option<Token>,
) -> Ran {
    let mut sibling = session.sibling();
    let race = Race::new();
    let first = Attempt::begin(step, history, route).await;
    let lane = step.lane(&race, Entrant::Elder, first);
    let mut elder: Running<'_> = Box::pin(first.run(session, step, lane, renewed));
    let asked = tokio::select! {
        biased;
        ran = &mut elder => return ran,
        why = race.asked() => why,
    };
    let Some(_permit) = permit(step, &sibling, history, asked) else {
        race.refuse();
        return elder.await;
    };

    history.hedged();
    race.start();
    step.joined(first, asked.name(), history.attempts() + 1)
        .await;
    // The way itself may be the reason: the other one is the better second.
    let other = sibling.other_route(route);
    let other = other.filter(|other| !history.has_failed_on(*other));
    let second = Attempt::begin(step, history, other.unwrap_or(route)).await;
    let lane = step.lane(&race, Entrant::Younger, second);
    let younger: Running<'_> = Box::pin(second.run(&mut sibling, step, lane, None));
    let ran = contest(elder, younger, &race, step, [first, second]).await;
    if ran.attempt.number == second.number && ran.result.is_ok() {
        session.adopt(sibling);
    }
    ran
}

/// Leave to send this request a second time.
fn permit(
    step: &Step<'_>,
    sibling: &Session,
    history: &AttemptHistory,
    why: Overdue,
) -> Option<Permit> {
    let profile = sibling.about.endpoint.profile();
    let affordable = !profile.metered || step.request.body.size() <= METERED_BYTES;
    let tokens = &sibling.about.transport.experience.hedges;
    let wanted = profile.hedge && !history.has_hedged() && affordable;
    let to = sibling.about.destination(&step.request.model);
    let permit = wanted.then(|| permit_now(&sibling.about, &to))??;
    (why == Overdue::Ping || tokens.take()).then_some(permit)
}

/// What happens first while both run.
enum Turn {
    Ended(Box<Ran>),
    Won(Entrant),
    Spent(Spent, u32),
}

async fn contest<'a>(
    mut elder: Running<'a>,
    mut younger: Running<'a>,
    race: &Race,
    step: &Step<'_>,
    [first, second]: [Attempt; 2],
) -> Ran {
    let waits_on = waits_on(step);
    let turn = tokio::select! {
        biased;
        ran = &mut elder => Turn::Ended(Box::new(ran)),
        ran = &mut younger => Turn::Ended(Box::new(ran)),
        entrant = race.won() => Turn::Won(entrant),
        spent = race.both_spent(), if step.request.alternatives.any() => Turn::Spent(spent, 2),
        spent = race.spent(Entrant::Elder, MOST_PATIENCE), if !waits_on => Turn::Spent(spent, MOST_PATIENCE),
        never = wait_on(race, step, (Entrant::Elder, first)), if waits_on => match never {},
    };
    match turn {
        // It has answered, or has failed with the reader its own.
        Turn::Ended(ran) if ran.result.is_ok() || race.winner() == Some(ran.entrant) => {
            let other = match ran.entrant {
                Entrant::Elder => second,
                Entrant::Younger => first,
            };
            step.beaten(other).await;
            *ran
        }
        Turn::Ended(lost) if lost.entrant == Entrant::Elder => {
            race.leave_to(Entrant::Younger);
            let lost = step.lost(*lost).await;
            let left = (Entrant::Younger, second);
            alone(younger, left, race, step).await.after(lost)
        }
        Turn::Ended(lost) => {
            race.refuse();
            let lost = step.lost(*lost).await;
            let left = (Entrant::Elder, first);
            alone(elder, left, race, step).await.after(lost)
        }
        Turn::Won(Entrant::Elder) => {
            drop(younger);
            step.beaten(second).await;
            elder.await
        }
        Turn::Won(Entrant::Younger) => {
            drop(elder);
            step.beaten(first).await;
            younger.await
        }
        Turn::Spent(spent, times) => gave_up(step, first, spent, times),
    }
}

/// What comes of the one that is left of two.
async fn alone(
    mut running: Running<'_>,
    left: (Entrant, Attempt),
    race: &Race,
    step: &Step<'_>,
) -> Ran {
    let waits_on = waits_on(step);
    let spent = race.spent(left.0, MOST_PATIENCE);
    tokio::select! {
        biased;
        ran = &mut running => ran,
        spent = spent, if !waits_on => gave_up(step, left.1, spent, MOST_PATIENCE),
        never = wait_on(race, step, left), if waits_on => match never {},
    }
}

/// Whether somebody waits who ends it himself, and there is nobody else to ask.
fn waits_on(step: &Step<'_>) -> bool {
    step.request.waits_on && !step.request.alternatives.any()
}

/// Says that there is no patience left, and leaves the end to whoever waits, or to the deadline.
async fn wait_on(
    race: &Race,
    step: &Step<'_>,
    (entrant, attempt): (Entrant, Attempt),
) -> Infallible {
    race.spent(entrant, MOST_PATIENCE).await;
    step.goes_on(attempt).await;
    std::future::pending().await
}

/// Neither of the two has said anything.
fn gave_up(step: &Step<'_>, attempt: Attempt, spent: Spent, times: u32) -> Ran {
    let cause = match spent.phase {
        Phase::Stream => Cause::Stalled,
        _ => Cause::Silent,
    };
    let limit = alipes_base::Expired {
        limit: spent.limit,
        length: spent.length * times,
    };
    let fault = Fault::new(spent.phase, cause).limited(limit);
    attempt.spent(
        step,
        fault.because("a second request beside it had no answer either"),
    )
}
