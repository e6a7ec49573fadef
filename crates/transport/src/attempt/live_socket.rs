//! The socket of a conversation: opened once, kept between responses, and used again only while
//! nothing about it is doubtful.

use std::time::{Duration, SystemTime};

use alipes_base::Deadline;
use alipes_net::websocket::{self, Message, Socket, Upgrade};
use alipes_net::{Connection, ConnectionFacts, NetError, NetErrorKind, Timings};
use alipes_wire::responses::{DeltaBase, TURN_STATE};
use futures_util::FutureExt as _;
use http::StatusCode;
use tokio::time::Instant;

use super::request_headers;
use super::way::Way;
use crate::conversation::Conversation;
use crate::fault::{Evidence, of_net_error, of_response};
use crate::{Cause, Fault, Phase, Replay, Route, Session, Token};

/// The largest message we accept, in bytes; events are far smaller.
const MAX_MESSAGE: usize = 64 << 20;

/// After so much idleness a socket is asked whether it is still there: address translators are known
/// to forget one after 30 s and more.
const DOUBTED_AFTER: Duration = Duration::from_secs(25);

/// How long it may take to answer: a new one is open as soon.
const DOUBT_LASTS: Duration = Duration::from_secs(1);

/// A socket between two responses, with what its last one ended with.
pub(crate) struct LiveSocket {
    pub(super) socket: Box<dyn Socket>,
    pub(super) facts: ConnectionFacts,
    /// What the handshake's answer told: a fault in the stream has no head of its own.
    head: Evidence,
    pub(super) base: Option<DeltaBase>,
    pub(super) opened: Instant,
    /// When its last response ended, by the clock that goes on while the machine sleeps.
    idle_since: SystemTime,
    generation: u64,
    pub(super) used: bool,
    /// Whether its edge has answered a ping.
    pub(super) answers_pings: bool,
    /// Whether a ping was waited for in vain on it.
    pub(super) is_doubted: bool,
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

    /// A response has ended on it.
    pub(super) fn rests(&mut self, now: SystemTime) {
        self.used = true;
        self.idle_since = now;
    }

    /// Whether it has been idle for so long that something on the way may have forgotten it.
    fn is_doubtful(&self, now: SystemTime) -> bool {
        // A clock that went back says nothing; the age counts then.
        let idle = now.duration_since(self.idle_since);
        idle.is_ok_and(|idle| idle >= DOUBTED_AFTER)
    }

    /// Whether the other end answers a ping, and says nothing else.
    async fn answers(&mut self) -> bool {
        let pong = async {
            self.socket.ping(Vec::new()).await.ok()?;
            loop {
                match self.socket.next().await.ok()? {
                    Message::Pong(_) => return Some(()),
                    Message::Ping(_) => {}
                    _ => return None,
                }
            }
        };
        let answered = tokio::time::timeout(DOUBT_LASTS, pong).await;
        answered.is_ok_and(|pong| pong.is_some())
    }

    /// Whether it still stands after `moment`: what grants an upgrade and does not mean it closes at
    /// once.
    pub(crate) async fn stands(
        &mut self,
        moment: Duration,
        deadline: &Deadline,
    ) -> Result<(), Fault> {
        let ended = match tokio::time::timeout(moment, self.socket.next()).await {
            Ok(Ok(Message::Close { code, reason })) => {
                let mut fault = Fault::new(Phase::Upgrade, Cause::UpgradeRefused);
                fault.evidence.close_code = code;
                fault.because(&format!("it was granted and closed at once {reason:?}"))
            }
            Ok(Err(error)) => Fault {
                phase: Phase::Upgrade,
                ..of_net_error(&error, deadline)
            },
            Ok(Ok(_)) | Err(_) => return Ok(()),
        };
        Err(self.seen_by(ended))
    }

    /// The connection underneath.
    pub(crate) fn facts(&self) -> &ConnectionFacts {
        &self.facts
    }

    /// The fault with what is known of this socket as evidence.
    pub(super) fn seen_by(&self, mut fault: Fault) -> Fault {
        fault.evidence.connection(&self.facts);
        if fault.evidence.status.is_none() {
            // Its 101 says nothing about what came later.
            fault.evidence.merge_head(&self.head);
            fault.evidence.status = None;
        }
        fault
    }

    /// A used socket that ends before it says anything had been closed while it was idle: the
    /// request was not processed, and goes out again at no cost, once.
    pub(super) fn died(&self, mut fault: Fault) -> Fault {
        let ended = matches!(
            fault.cause,
            Cause::Reset | Cause::Cut | Cause::StaleConnection
        );
        if self.used && ended {
            fault.cause = Cause::StaleConnection;
            fault.replay = Replay::Free;
        }
        fault
    }
}

/// The idle socket, unless it is too old, was opened with another token, or has something to say:
/// a word left over from the last response would be taken for an answer to the next.
pub(super) async fn reusable(
    session: &mut Session,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Option<LiveSocket> {
    // It comes back at once, unless a ping is stuck in it.
    let back = session.socket.take()?.end();
    let mut live = tokio::time::timeout(DOUBT_LASTS, back).await.ok()??;
    let about = &session.about;
    let young = about.transport.clock.since(live.opened) < about.endpoint.profile().max_socket_age;
    let same = live.generation == generation(token);
    if !young || !same || about.fresh || !live.is_silent() {
        return None;
    }
    let doubtful = live.is_doubtful(about.transport.clock.wall());
    if doubtful && !deadline.run(live.answers()).await.unwrap_or(false) {
        return None;
    }
    live.facts.reused = true;
    live.facts.timings = Timings::default();
    Some(live)
}

/// Opens a socket, unless its upgrade takes so long that the other route is ready first: seconds of
/// silence before the first request are what people take for a broken program. Nothing is sent on
/// either until one of them stands.
pub(super) async fn open_soon(
    about: &mut Conversation,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Result<LiveSocket, Fault> {
    let connection = dial(about, deadline).await?;
    let patience = about.endpoint.profile().upgrade_race_after;
    let soon = deadline.tightened(&about.transport.clock, "upgrade_race_after", patience);
    let other = Way::of(about, token);
    let mut opening = std::pin::pin!(upgrade(about, connection, token, deadline));
    if let Ok(opened) = soon.run(&mut opening).await {
        return opened;
    }
    let ready = tokio::select! {
        biased;
        opened = &mut opening => return opened,
        ready = other.open(*deadline) => ready,
    };
    match ready {
        Ok(()) => {
            let late = Fault::new(Phase::Upgrade, Cause::TimedOut).limited(soon.expired());
            Err(Fault {
                replay: Replay::Free,
                ..late
            })
        }
        // Neither way is open: it is not this one that is to blame.
        Err(_) => opening.await,
    }
}

/// Opens a socket, however long that takes.
pub(crate) async fn open(
    about: &mut Conversation,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Result<LiveSocket, Fault> {
    let connection = dial(about, deadline).await?;
    upgrade(about, connection, token, deadline).await
}

async fn dial(about: &Conversation, deadline: &Deadline) -> Result<Connection, Fault> {
    let url = about.endpoint.request_url();
    let dialled = websocket::dial(&about.transport.dialer, url, *deadline).await;
    dialled.map_err(|error| refused(about, &error, deadline))
}

async fn upgrade(
    about: &mut Conversation,
    connection: Connection,
    token: Option<&Token>,
    deadline: &Deadline,
) -> Result<LiveSocket, Fault> {
    let ask = Upgrade {
        url: about.endpoint.request_url().clone(),
        headers: request_headers::of(about, token, Route::WebSocket)?,
        compression: true,
        max_message: MAX_MESSAGE,
    };
    let dialer = &about.transport.dialer;
    let opened = websocket::upgrade(dialer, connection, ask, *deadline).await;
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
        idle_since: about.transport.clock.wall(),
        generation: generation(token),
        used: false,
        answers_pings: false,
        is_doubted: false,
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

fn generation(token: Option<&Token>) -> u64 {
    token.map_or(0, |token| token.generation)
}
