//! The WebSocket route: one socket per conversation, one frame per step, only the new input sent.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::NetError;
use alipes_net::websocket::Message;
use alipes_wire::EncodedRequest;
use alipes_wire::responses::{self, DeltaBase, DeltaRecorder, TURN_STATE};
use tokio::time::Instant;

use super::intake::{Intake, Next};
use super::live_socket::{LiveSocket, open, open_soon, reusable};
use super::unread;
use crate::conversation::Conversation;
use crate::fault::of_net_error;
use crate::liveness::{Edge, EdgeWatch};
use crate::{Cause, Fault, Phase, Replay, Request, Route, Session, Token, Trace};

/// One try over WebSocket.
pub(crate) async fn attempt(
    session: &mut Session,
    request: &Request,
    token: Option<&Token>,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<(), Fault> {
    let mut live = match reusable(session, token, deadline).await {
        Some(live) => live,
        None if session.other_route(Route::WebSocket).is_some() => {
            open_soon(&mut session.about, token, deadline).await?
        }
        None => open(&mut session.about, token, deadline).await?,
    };
    let body = frames(&request.body)?;
    let facts = Arc::new(live.facts.clone());
    intake
        .trace(|attempt| Trace::Connected { attempt, facts })
        .await;
    let outcome = ask(&mut session.about, &mut live, body, deadline, intake).await;
    live.rests(session.about.transport.clock.wall());
    match outcome {
        Ok(base) => {
            live.base = base;
            session.rest(live);
            Ok(())
        }
        Err(fault) => {
            let fault = live.seen_by(fault);
            // The backend has only forgotten the base; the socket itself is as good as before.
            if fault.cause == Cause::UnknownPreviousResponse {
                session.rest(live);
            }
            Err(fault)
        }
    }
}

/// The request as frames can carry it.
fn frames(body: &EncodedRequest) -> Result<&responses::EncodedRequest, Fault> {
    match body {
        EncodedRequest::Responses(body) => Ok(body),
        // An endpoint of another dialect has no such route.
        _ => Err(Fault::new(Phase::Send, Cause::InvalidRequest)),
    }
}

/// Sends the request over the socket and reads its answer; gives the base for the next one.
async fn ask(
    about: &mut Conversation,
    live: &mut LiveSocket,
    request: &responses::EncodedRequest,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<Option<DeltaBase>, Fault> {
    let base = live.base.take();
    let delta = base
        .as_ref()
        .is_some_and(|base| base.tail(request).is_some());
    let frame = request.create_frame(base.as_ref(), &metadata(about));
    let bytes = frame.len();
    if bytes > about.endpoint.profile().max_frame {
        let mut fault = Fault::new(Phase::Send, Cause::TooLarge);
        fault.replay = Replay::Free;
        return Err(fault);
    }
    let mut edge = watch(about, live, bytes).await;
    send(about, live, frame, deadline).await?;
    intake.sent().await;
    let sent = |attempt| Trace::Sent {
        attempt,
        bytes,
        compressed: None,
        delta,
    };
    intake.trace(sent).await;
    let mut recorder = DeltaRecorder::new(request);
    let read = read(about, live, &mut edge, deadline, intake, &mut recorder).await;
    live.is_doubted |= edge.leaves_unanswered();
    if read.is_ok() {
        about.learn_pings(&edge, Route::WebSocket);
    }
    if let Some(state) = intake.take_turn_state() {
        about.keep_turn_state(&state);
    }
    read.map(|()| recorder.finish())
}

/// Opens the socket and sends the frame that asks for no answer (codex-protocol §2.4).
pub(crate) async fn prewarm(
    session: &mut Session,
    request: &EncodedRequest,
    deadline: Deadline,
) -> Result<(), Fault> {
    let request = frames(request)?;
    let about = &mut session.about;
    let token = super::token(about, &deadline).await?;
    let mut live = open(about, token.as_ref(), &deadline).await?;
    let frame = request.prewarm_frame(&metadata(about));
    let bytes = frame.len();
    let mut edge = watch(about, &mut live, bytes).await;
    send(about, &mut live, frame, &deadline).await?;
    let mut intake = Intake::unheard(about);
    let mut recorder = DeltaRecorder::new(request);
    let read = read(
        about,
        &mut live,
        &mut edge,
        &deadline,
        &mut intake,
        &mut recorder,
    )
    .await;
    read.map_err(|fault| live.seen_by(fault))?;
    live.base = recorder.finish();
    live.rests(session.about.transport.clock.wall());
    session.rest(live);
    Ok(())
}

/// Per-request values travel inside the frame, because headers belong to the connection.
fn metadata(about: &Conversation) -> Vec<(&str, &str)> {
    let mut metadata = vec![("session_id", about.id.as_str())];
    metadata.extend(about.turn_state.as_deref().map(|state| (TURN_STATE, state)));
    metadata
}

async fn send(
    about: &Conversation,
    live: &mut LiveSocket,
    frame: String,
    deadline: &Deadline,
) -> Result<(), Fault> {
    let limit = about.endpoint.profile().send_timeout;
    let limit = deadline.tightened(&about.transport.clock, "send", limit);
    match limit.run(live.socket.send_text(frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(live.died(of_net_error(&error, deadline))),
        Err(expired) if expired.limit == deadline.limit() => {
            Err(Fault::new(Phase::Send, Cause::Deadline).limited(expired))
        }
        Err(expired) => Err(Fault::new(Phase::Send, Cause::TimedOut).limited(expired)),
    }
}

/// Begins to watch the edge under a request of `bytes`.
async fn watch(about: &Conversation, live: &mut LiveSocket, bytes: usize) -> EdgeWatch {
    let clock = &about.transport.clock;
    let profile = about.endpoint.profile();
    let edge = EdgeWatch::new(profile, live.answers_pings, bytes, clock.now());
    let is_doubted = live.is_doubted || about.leaves_pings_unanswered(Route::WebSocket);
    let mut edge = edge.undoubting(is_doubted).calmed(about.calm());
    if edge.pings_first() {
        ping(live, &mut edge, clock, profile.pong_timeout).await;
    }
    edge
}

/// A ping that cannot leave us says nothing about the edge; one that fails will be followed by the
/// read's own error.
async fn ping(live: &mut LiveSocket, edge: &mut EdgeWatch, clock: &Clock, patience: Duration) {
    let _ = tokio::time::timeout(patience, live.socket.ping(Vec::new())).await;
    edge.pinged(clock.now());
}

async fn read(
    about: &Conversation,
    live: &mut LiveSocket,
    edge: &mut EdgeWatch,
    deadline: &Deadline,
    intake: &mut Intake,
    recorder: &mut DeltaRecorder,
) -> Result<(), Fault> {
    let clock = &about.transport.clock;
    let profile = about.endpoint.profile();
    loop {
        let limit = intake.limit(deadline);
        let wake = limit.at().min(edge.next());
        let Some(message) = message(live, wake).await else {
            if clock.now() >= limit.at() {
                intake.overdue(limit.expired(), deadline).await?;
                continue;
            }
            tend(live, edge, clock, profile.pong_timeout, intake).await?;
            continue;
        };
        let message = message.map_err(|error| broken(live, intake, &error, deadline))?;
        if !matches!(message, Message::Pong(_)) {
            edge.heard(clock.now());
        }
        match message {
            Message::Text(json) => {
                intake.count(json.len())?;
                if live.used && intake.is_left_over(&json) {
                    return Err(left_over(intake));
                }
                let (next, event) = intake.take(json).await?;
                match event {
                    Some(event) => recorder.observe(&event),
                    None => recorder.spoil(),
                }
                if next == Next::Completed {
                    return Ok(());
                }
            }
            Message::Pong(_) => {
                edge.ponged(clock.now());
                live.answers_pings = edge.answers();
            }
            Message::Binary(_) => return Err(Fault::new(intake.phase(), Cause::Malformed)),
            Message::Close { code, reason } => return Err(closed(live, intake, code, &reason)),
            _ => {}
        }
    }
}

/// The next message, unless none has come by then.
async fn message(live: &mut LiveSocket, wake: Instant) -> Option<Result<Message, NetError>> {
    match tokio::time::timeout_at(wake, live.socket.next()).await {
        Ok(message) => Some(message),
        Err(_elapsed) => unread::read(pin!(live.socket.next()), &live.facts.traffic).await,
    }
}

/// Nothing came in for a while: asks whether the edge is there, or leaves it.
async fn tend(
    live: &mut LiveSocket,
    edge: &mut EdgeWatch,
    clock: &Clock,
    patience: Duration,
    intake: &Intake,
) -> Result<(), Fault> {
    match edge.look(clock.now()) {
        Edge::Quiet => {}
        Edge::Dead => return Err(Fault::new(intake.phase(), Cause::EdgeDead)),
        Edge::Doubtful => {
            edge.doubted();
            intake.doubts_the_edge().await;
        }
        Edge::PingDue => ping(live, edge, clock, patience).await,
    }
    Ok(())
}

/// A word of the last response came late. What follows it may be no better, so the request goes out again
/// where nothing was said before.
fn left_over(intake: &Intake) -> Fault {
    Fault::new(intake.phase(), Cause::StaleConnection)
        .because("output of the response before came late")
}

/// The socket failed while an answer was due.
fn broken(live: &LiveSocket, intake: &Intake, error: &NetError, deadline: &Deadline) -> Fault {
    let fault = intake.placed(of_net_error(error, deadline));
    if intake.has_events() {
        fault
    } else {
        live.died(fault)
    }
}

/// Close codes after RFC 6455 §7.4.1.
fn closed(live: &LiveSocket, intake: &Intake, code: Option<u16>, reason: &str) -> Fault {
    let mut fault = intake.cut();
    match code {
        Some(1009) => fault.cause = Cause::TooLarge,
        // 1012 is a restart: the next connection reaches the new process.
        Some(1013) => fault.cause = Cause::Overloaded,
        Some(1011) => fault.cause = Cause::ServerError,
        Some(1002 | 1003 | 1007 | 1008) => fault.cause = Cause::Malformed,
        _ if !intake.has_events() => fault = live.died(fault),
        _ => {}
    }
    fault.evidence.close_code = code;
    if !reason.is_empty() {
        fault.message = Some(reason.to_owned());
    }
    fault
}
