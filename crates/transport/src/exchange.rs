//! The way of one request: attempts and what is done between them, from top to bottom.

use std::time::Duration;

use alipes_base::Deadline;
use tokio::time::Instant;

use crate::attempt::{self, Intake};
use crate::session::Conversation;
use crate::stream::{Done, Update, Updates};
use crate::{
    AttemptHistory, Budget, Cause, Fault, Phase, Reaction, Replay, Request, Route, Scope, Session,
    Token, Trace, react,
};

/// For how long a refused WebSocket is not tried again.
const WEBSOCKET_REST: Duration = Duration::from_secs(600);

/// Attempts until one is done, or nothing that this room can do helps.
pub(crate) async fn run(
    session: &mut Session,
    request: Request,
    deadline: Deadline,
    updates: Updates,
) -> Result<Done, Fault> {
    let started = session.about.transport.clock.now();
    let mut history = AttemptHistory::new();
    let mut route = first_route(session, &request);
    let mut renewed = None;
    let mut fresh = false;
    loop {
        let attempt = history.begin();
        let begun = session.about.transport.clock.now();
        let endpoint = session.about.endpoint.name().clone();
        let starts = Trace::AttemptStarted {
            attempt,
            endpoint,
            route,
        };
        updates.trace(starts).await;

        session.about.fresh = fresh;
        let mut intake = Intake::new(&session.about, &request, attempt, updates.clone());
        let tried = try_once(
            session,
            &request,
            route,
            renewed.take(),
            &deadline,
            &mut intake,
        );
        let Err(Failed { fault, generation }) = tried.await else {
            let took = session.about.transport.clock.since(begun);
            let ends = Trace::AttemptDone {
                attempt,
                route,
                took,
            };
            updates.trace(ends).await;
            return Ok(done(session, route, attempt, started));
        };

        let fault = complete(session, fault, route, &intake, &request);
        history.failed(&fault);
        remember(session, &fault);
        // What a connection did to one request it would do to the next.
        fresh = fault.scope() == Scope::Connection;
        let reaction = choose(session, &request, &fault, &history, &deadline);
        history.reacted(reaction);
        updates
            .trace(Trace::AttemptFault {
                attempt,
                fault: Box::new(fault.clone()),
                reaction,
                took: session.about.transport.clock.since(begun),
            })
            .await;

        match reaction {
            Reaction::SameRoute { backoff } => {
                let drawn = session.about.transport.rng.upper_half(backoff);
                pause(drawn, &deadline).await;
            }
            Reaction::Wait { length } => pause(length, &deadline).await,
            Reaction::OtherRoute => route = session.other_route(route).unwrap_or(route),
            Reaction::RefreshCredential => {
                match attempt::newer_token(&session.about, generation, &deadline).await {
                    Ok(newer) => renewed = Some(newer),
                    Err(why) => return Err(fault.because(&why)),
                }
            }
            _ => return Err(fault),
        }
        if intake.has_passed_events() {
            let delivered = intake.has_delivered();
            updates.send(Update::Restarted { delivered }).await;
        }
    }
}

/// An attempt that ended in a fault, and the generation of the token it went with.
struct Failed {
    fault: Fault,
    generation: Option<u64>,
}

/// One try on one route with one credential: the renewed one, if there is one.
async fn try_once(
    session: &mut Session,
    request: &Request,
    route: Route,
    renewed: Option<Token>,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<(), Failed> {
    let failed = |generation| move |fault| Failed { fault, generation };
    let token = match renewed {
        Some(token) => Some(token),
        None => attempt::token(&session.about, deadline)
            .await
            .map_err(failed(None))?,
    };
    let generation = token.as_ref().map(|token| token.generation);
    let token = token.as_ref();
    match route {
        Route::WebSocket => attempt::websocket(session, request, token, deadline, intake).await,
        Route::Sse => attempt::sse(&mut session.about, request, token, deadline, intake).await,
    }
    .or_else(|fault| keep_whole(fault, intake))
    .map_err(failed(generation))
}

/// A connection that broke after the whole answer has only lost the receipt.
fn keep_whole(fault: Fault, intake: &Intake) -> Result<(), Fault> {
    let lost = matches!(
        fault.cause,
        Cause::Cut | Cause::Reset | Cause::Stalled | Cause::EdgeDead
    );
    if lost && intake.is_whole_without_receipt() {
        Ok(())
    } else {
        Err(fault)
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

/// Adds what only this level knows: who, which way, and whether the reader has seen part of it; and
/// cleans what came from outside.
fn complete(
    session: &Session,
    mut fault: Fault,
    route: Route,
    intake: &Intake,
    request: &Request,
) -> Fault {
    fault.route = route;
    if intake.has_delivered() && !request.accepts_restart {
        fault.replay = Replay::Forbidden;
    }
    let codes = &session.about.endpoint.profile().account_codes;
    if fault.evidence.status == Some(403)
        && fault
            .evidence
            .code
            .as_ref()
            .is_some_and(|code| codes.contains(code))
    {
        fault.cause = Cause::Forbidden;
    }
    signed(&session.about, fault)
}

/// The fault of a socket that should have been prepared.
pub(crate) fn complete_prewarm(about: &Conversation, mut fault: Fault) -> Fault {
    fault.route = Route::WebSocket;
    signed(about, fault)
}

fn signed(about: &Conversation, mut fault: Fault) -> Fault {
    fault.endpoint = about.endpoint.name().clone();
    fault.redacted(&about.transport.redactor)
}

/// What this fault says about the attempts to come, beyond this step: a refusal says something about
/// this network, a 5xx only about now (transport, "Routes, breakers, accounts").
pub(crate) fn remember(session: &mut Session, fault: &Fault) {
    if fault.route != Route::WebSocket {
        return;
    }
    let condemns = matches!(
        fault.cause,
        Cause::UpgradeRefused
            | Cause::Challenge
            | Cause::Blocked
            | Cause::NotAnApi
            | Cause::Reset
            | Cause::TimedOut
    );
    if fault.phase == Phase::Upgrade && condemns {
        let now = session.about.transport.clock.now();
        session.websocket_off_until = Some(now + WEBSOCKET_REST);
    }
    session.too_large_for_frames |= fault.cause == Cause::TooLarge;
}

/// The first reaction that is possible, if it is this room's own; else `Stop`, which hands the fault
/// to the rooms above.
fn choose(
    session: &Session,
    request: &Request,
    fault: &Fault,
    history: &AttemptHistory,
    deadline: &Deadline,
) -> Reaction {
    let remaining = deadline.remaining(&session.about.transport.clock);
    let budget = Budget::of(session.about.endpoint.profile());
    let possible = |reaction: &Reaction| match reaction {
        Reaction::SameRoute { backoff } => *backoff < remaining,
        // Never shortened: beyond the deadline it means move on or stop.
        Reaction::Wait { length } => *length < remaining,
        Reaction::OtherRoute => {
            let other = session.other_route(fault.route);
            other.is_some_and(|other| !history.has_failed_on(other))
        }
        Reaction::RefreshCredential | Reaction::Stop => true,
        Reaction::NextAccount | Reaction::NextProvider => request.has_alternative,
        _ => false,
    };
    match react(fault, history, budget).into_iter().find(possible) {
        None | Some(Reaction::NextAccount | Reaction::NextProvider) => Reaction::Stop,
        Some(own) => own,
    }
}

async fn pause(length: Duration, deadline: &Deadline) {
    if !length.is_zero() {
        // `choose` has made sure that it fits; should the deadline come first, the next attempt
        // says so.
        let _ = deadline.run(tokio::time::sleep(length)).await;
    }
}

fn done(session: &Session, route: Route, attempts: u32, started: Instant) -> Done {
    Done {
        route,
        attempts,
        took: session.about.transport.clock.since(started),
    }
}
