//! The WebSocket route: one socket per conversation, one frame per step, only the new input sent.

use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::websocket::{self, Message, Socket, Upgrade};
use alipes_net::{ConnectionFacts, NetError, NetErrorKind, Timings};
use alipes_wire::responses::{DeltaBase, DeltaRecorder, EncodedRequest, TURN_STATE};
use futures_util::FutureExt as _;
use http::StatusCode;
use tokio::time::Instant;

use super::intake::{Intake, Next};
use super::request_headers;
use crate::fault::{Evidence, of_net_error, of_response};
use crate::liveness::{Edge, EdgeWatch};
use crate::session::Conversation;
use crate::{Cause, Fault, Phase, Replay, Request, Route, Session, Token, Trace};

/// The largest message we accept, in bytes; events are far smaller.
const MAX_MESSAGE: usize = 64 << 20;

/// A socket between two responses, with what its last one ended with.
pub(crate) struct LiveSocket {
    socket: Box<dyn Socket>,
    facts: ConnectionFacts,
    /// What the handshake's answer told: a fault in the stream has no head of its own.
    head: Evidence,
    base: Option<DeltaBase>,
    opened: Instant,
    generation: u64,
    used: bool,
    /// Whether its edge has answered a ping.
    answers_pings: bool,
}

impl LiveSocket {
    /// Whether nothing waits to be read that could be mistaken for an answer. Also finds a socket
    /// that was closed while it was idle.
    fn is_silent(&mut self) -> bool {
        loop {
            match self.socket.next().now_or_never() {
                None => return true,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(_) => return false,
            }
        }
    }

    /// The fault with what is known of this socket as evidence.
    fn seen_by(&self, mut fault: Fault) -> Fault {
        fault.evidence.connection(&self.facts);
        if fault.evidence.status.is_none() {
            // Its 101 says nothing about what came later.
            fault.evidence.merge_head(&self.head);
            fault.evidence.status = None;
        }
        fault
    }
}

/// One try over WebSocket.
pub(crate) async fn attempt(
    session: &mut Session,
    request: &Request,
    token: Option<&Token>,
    deadline: &Deadline,
    intake: &mut Intake,
) -> Result<(), Fault> {
    let mut live = match reusable(session, token) {
        Some(live) => live,
        None if session.other_route(Route::WebSocket).is_some() => {
            open_soon(&mut session.about, token, deadline).await?
        }
        None => open(&mut session.about, token, deadline).await?,
    };
    let facts = Box::new(live.facts.clone());
    intake
        .trace(|attempt| Trace::Connected { attempt, facts })
        .await;
    let outcome = ask(
        &mut session.about,
        &mut live,
        &request.body,
        deadline,
        intake,
    )
    .await;
    live.used = true;
    match outcome {
        Ok(base) => {
            live.base = base;
            session.socket = Some(live);
            Ok(())
        }
        Err(fault) => {
            let fault = live.seen_by(fault);
            // The backend has only forgotten the base; the socket itself is as good as before.
            if fault.cause == Cause::UnknownPreviousResponse {
                session.socket = Some(live);
            }
            Err(fault)
        }
    }
}

/// Sends the request over the socket and reads its answer; gives the base for the next one.
async fn ask(
    about: &mut Conversation,
    live: &mut LiveSocket,
    request: &EncodedRequest,
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
    send(about, live, frame, deadline).await?;
    intake.sent().await;
    let sent = |attempt| Trace::Sent {
        attempt,
        bytes,
        delta,
    };
    intake.trace(sent).await;
    let mut recorder = DeltaRecorder::new(request);
    let read = read(about, live, bytes, deadline, intake, &mut recorder).await;
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
    let about = &mut session.about;
    let token = super::token(about, &deadline).await?;
    let mut live = open(about, token.as_ref(), &deadline).await?;
    let frame = request.prewarm_frame(&metadata(about));
    let bytes = frame.len();
    send(about, &mut live, frame, &deadline).await?;
    let mut intake = Intake::unheard(about);
    let mut recorder = DeltaRecorder::new(request);
    let read = read(
        about,
        &mut live,
        bytes,
        &deadline,
        &mut intake,
        &mut recorder,
    )
    .await;
    read.map_err(|fault| live.seen_by(fault))?;
    live.base = recorder.finish();
    live.used = true;
    session.socket = Some(live);
    Ok(())
}

/// The idle socket, unless it is too old, was opened with another token, or has something to say:
/// a word left over from the last response would be taken for an answer to the next.
fn reusable(session: &mut Session, token: Option<&Token>) -> Option<LiveSocket> {
    let mut live = session.socket.take()?;
    let about = &session.about;
    let young = about.transport.clock.since(live.opened) < about.endpoint.profile().max_socket_age;
    let same = live.generation == generation(token);
    if !young || !same || about.fresh || !live.is_silent() {
        return None;
    }
    live.facts.reused = true;
    live.facts.timings = Timings::default();
    Some(live)
}

/// Opens a socket, unless that takes so long that the other route is the better one: seconds of
/// silence before the first request are what people take for a broken program.
async fn open_soon(
    about: &mut Conversation,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Result<LiveSocket, Fault> {
    let patience = about.endpoint.profile().upgrade_race_after;
    let soon = deadline.tightened(&about.transport.clock, "upgrade_race_after", patience);
    match soon.run(open(about, token, deadline)).await {
        Ok(opened) => opened,
        Err(expired) => {
            let mut fault = Fault::new(Phase::Upgrade, Cause::TimedOut).limited(expired);
            fault.replay = Replay::Free;
            Err(fault)
        }
    }
}

async fn open(
    about: &mut Conversation,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Result<LiveSocket, Fault> {
    let upgrade = Upgrade {
        url: about.endpoint.url("responses"),
        headers: request_headers::of(about, token, Route::WebSocket)?,
        compression: true,
        max_message: MAX_MESSAGE,
    };
    let opened = websocket::connect(&about.transport.dialer, upgrade, *deadline).await;
    let upgraded = opened.map_err(|error| refused(about, &error, deadline))?;
    if let Some(state) = upgraded.headers.get(TURN_STATE) {
        about.keep_turn_state(state.to_str().unwrap_or_default());
    }
    let mut head = Evidence::default();
    head.head(StatusCode::SWITCHING_PROTOCOLS, &upgraded.headers);
    Ok(LiveSocket {
        socket: upgraded.socket,
        facts: upgraded.facts,
        head,
        base: None,
        opened: about.transport.clock.now(),
        generation: generation(token),
        used: false,
        answers_pings: false,
    })
}

/// A refusal is an HTTP response, and means what it would mean anywhere else.
fn refused(about: &Conversation, error: &NetError, deadline: &Deadline) -> Fault {
    let mut fault = of_net_error(error, deadline);
    if let NetErrorKind::UpgradeRefused {
        status,
        headers,
        body,
    } = &error.kind
    {
        let evidence = std::mem::take(&mut fault.evidence);
        let now = about.transport.clock.wall();
        fault = of_response(Phase::Upgrade, *status, headers, body, now);
        let head = std::mem::replace(&mut fault.evidence, evidence);
        fault.evidence.merge_head(&head);
        fault.evidence.body = Some(String::from_utf8_lossy(body).into_owned());
    }
    // No frame was sent: whatever happened, the request was not.
    fault.replay = Replay::Free;
    fault
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
        Ok(Err(error)) => Err(died(live, of_net_error(&error, deadline))),
        Err(expired) if expired.limit == deadline.limit() => {
            Err(Fault::new(Phase::Send, Cause::Deadline).limited(expired))
        }
        Err(expired) => Err(Fault::new(Phase::Send, Cause::TimedOut).limited(expired)),
    }
}

async fn read(
    about: &Conversation,
    live: &mut LiveSocket,
    bytes: usize,
    deadline: &Deadline,
    intake: &mut Intake,
    recorder: &mut DeltaRecorder,
) -> Result<(), Fault> {
    let clock = &about.transport.clock;
    let profile = about.endpoint.profile();
    let mut edge = EdgeWatch::new(profile, live.answers_pings, bytes, clock.now());
    loop {
        let limit = intake.limit(deadline);
        let wake = limit.at().min(edge.next());
        let Ok(message) = tokio::time::timeout_at(wake, live.socket.next()).await else {
            if clock.now() >= limit.at() {
                return Err(intake.timed_out(limit.expired(), deadline));
            }
            tend(live, &mut edge, clock, profile.pong_timeout, intake).await?;
            continue;
        };
        let message = message.map_err(|error| broken(live, intake, &error, deadline))?;
        edge.heard(clock.now());
        match message {
            Message::Text(json) => {
                intake.count(json.len())?;
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
        Edge::PingDue => {
            // A ping that cannot leave us says nothing about the edge; one that fails will be
            // followed by the read's own error.
            let _ = tokio::time::timeout(patience, live.socket.ping(Vec::new())).await;
            edge.pinged(clock.now());
        }
    }
    Ok(())
}

/// The socket failed while an answer was due.
fn broken(live: &LiveSocket, intake: &Intake, error: &NetError, deadline: &Deadline) -> Fault {
    let fault = intake.placed(of_net_error(error, deadline));
    if intake.has_passed_events() {
        fault
    } else {
        died(live, fault)
    }
}

/// A used socket that ends before it says anything had been closed while it was idle: the request
/// was not processed, and goes out again at no cost, once.
fn died(live: &LiveSocket, mut fault: Fault) -> Fault {
    if live.used
        && matches!(
            fault.cause,
            Cause::Reset | Cause::Cut | Cause::StaleConnection
        )
    {
        fault.cause = Cause::StaleConnection;
        fault.replay = Replay::Free;
    }
    fault
}

/// Close codes after RFC 6455 §7.4.1.
fn closed(live: &LiveSocket, intake: &Intake, code: Option<u16>, reason: &str) -> Fault {
    let mut fault = intake.cut();
    match code {
        Some(1009) => fault.cause = Cause::TooLarge,
        Some(1012 | 1013) => fault.cause = Cause::Overloaded,
        Some(1011) => fault.cause = Cause::ServerError,
        Some(1002 | 1003 | 1007 | 1008) => fault.cause = Cause::Malformed,
        _ if !intake.has_passed_events() => fault = died(live, fault),
        _ => {}
    }
    fault.evidence.close_code = code;
    if !reason.is_empty() {
        fault.message = Some(reason.to_owned());
    }
    fault
}

fn generation(token: Option<&Token>) -> u64 {
    token.map_or(0, |token| token.generation)
}
