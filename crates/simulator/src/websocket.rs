//! `GET …/responses` with an upgrade: a socket that takes one request after the other.
//!
//! A socket remembers its last answers, so that the next request may send only what is new
//! (codex-protocol §2.3). While an answer is being played the socket is still read, so that pings
//! are answered and a close is seen; requests that come early wait in a short queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::websocket::{self, Acceptance, Message, Socket};
use alipes_wire::responses::CreateRequest;
use alipes_wire::{Echo, Item};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::answers::{self, Refusal};
use crate::backend::Moment;
use crate::deaf::{Deaf, Framing};
use crate::faults::{Action, FaultInfo, Point};
use crate::http::{Body, Connection, full};
use crate::inject::{self, Step};
use crate::plug::{Pull, STALL};
use crate::request::LARGEST;
use crate::seen::Seen;
use crate::{Route, side, turn};

/// How long a socket lives (codex-protocol §2.4).
const LIFE: Duration = Duration::from_secs(60 * 60);

/// How long a client may take to read what is sent to it.
const SEND: Duration = Duration::from_secs(60);

/// Answers that a socket remembers.
const ANSWERS: usize = 8;

/// Requests that may wait while one is being answered.
const WAITING: usize = 8;

/// An upgrade that was granted, to be served when its answer is out.
pub(crate) struct Session {
    upgrade: OnUpgrade,
    acceptance: Acceptance,
    path: String,
}

/// The socket has ended, by whichever side.
struct Gone;

/// Answers the request to upgrade.
pub(crate) async fn upgrade(
    connection: &Connection,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let backend = &connection.backend;
    let fault = backend.strike(Moment::Handshake);
    connection.note(Route::WebSocket, &head, None, fault);
    if let Some(answer) = connection.struck(fault).await {
        return answer;
    }
    if !backend.accepts(&head.headers) {
        return connection.say(&answers::UNAUTHORIZED);
    }
    let acceptance = match websocket::accept(&head.headers, true) {
        Ok(acceptance) => acceptance,
        Err(error) => return full(Refusal::new(error.to_string()).response()),
    };
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
        .headers_mut()
        .extend(acceptance.response_headers.clone());
    if let Ok(id) = HeaderValue::try_from(backend.id("req")) {
        response.headers_mut().insert("x-request-id", id);
    }
    let path = head
        .uri
        .path_and_query()
        .map_or(String::new(), ToString::to_string);
    connection.hand_over(Session {
        upgrade,
        acceptance,
        path,
    });
    response
}

impl Session {
    /// Serves the socket until either side ends it.
    pub(crate) async fn run(self, connection: Arc<Connection>) {
        let Ok(upgraded) = self.upgrade.await else {
            return;
        };
        let deadline = Deadline::after(&connection.backend.clock, "websocket connection", LIFE);
        let io = TokioIo::new(upgraded);
        let socket = match connection.backend.strike(Moment::Socket) {
            None => websocket::serve(io, self.acceptance, LARGEST),
            Some(_deaf) => {
                let io = Deaf::new(io, Framing::WebSocket);
                websocket::serve(io, self.acceptance, LARGEST)
            }
        };
        let mut served = Served {
            socket,
            connection,
            path: self.path,
            history: VecDeque::new(),
            waiting: VecDeque::new(),
        };
        while let Ok(text) = deadline.run(served.request()).await {
            let Ok(text) = text else {
                return;
            };
            if served.serve(&text).await.is_err() {
                return;
            }
        }
        let now = served.connection.backend.now();
        let farewell = vec![
            Step::Event(answers::CONNECTION_LIMIT.frame(now)),
            Step::CloseFrame(1000),
        ];
        let _gone = served.play(farewell).await;
    }
}

/// An open socket.
struct Served {
    socket: Box<dyn Socket>,
    connection: Arc<Connection>,
    path: String,
    /// Conversations by the id of the response that ended them, oldest first.
    history: VecDeque<(String, Vec<Item>)>,
    waiting: VecDeque<Bytes>,
}

impl Served {
    /// The next request.
    async fn request(&mut self) -> Result<Bytes, Gone> {
        while self.waiting.is_empty() {
            self.read().await?;
        }
        self.waiting.pop_front().ok_or(Gone)
    }

    /// Takes one message from the socket.
    async fn read(&mut self) -> Result<(), Gone> {
        match self.socket.next().await {
            Ok(Message::Text(text)) if self.waiting.len() < WAITING => {
                self.waiting.push_back(text);
                Ok(())
            }
            Ok(Message::Text(_) | Message::Binary(_)) => {
                let _gone = self.socket.close(1008, "one text message at a time").await;
                Err(Gone)
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => Ok(()),
            Ok(Message::Close { .. }) | Err(_) => {
                let _gone = self.socket.close(1000, "").await;
                Err(Gone)
            }
        }
    }

    /// Answers one request.
    async fn serve(&mut self, text: &Bytes) -> Result<(), Gone> {
        let backend = Arc::clone(&self.connection.backend);
        self.wait(backend.latency).await?;
        let request = serde_json::from_slice::<CreateRequest>(text);
        let is_answered = request
            .as_ref()
            .is_ok_and(|request| request.generate != Some(false));
        let fault = is_answered.then(|| backend.strike(Moment::Frame)).flatten();
        self.note(text, fault);
        if fault.is_some_and(|fault| matches!(fault.action, Action::Forget)) {
            self.history.clear();
        }
        let understood = request
            .map_err(|error| Refusal::new(format!("We could not parse the message: {error}.")))
            .and_then(|request| self.understand(request));
        let (request, conversation) = match understood {
            Ok(understood) => understood,
            Err(refusal) => return self.send(refusal.frame()).await,
        };
        let turn = turn::answer(&backend, (&request, Echo::of(text)), conversation);
        let steps = inject::script(turn.events, fault, backend.now());
        if fault.is_none_or(|fault| fault.point != Point::FirstEvent) {
            self.send(side::limit_frame(backend.now())).await?;
        }
        if inject::completes(&steps) {
            self.remember(turn.id, turn.conversation);
        }
        self.play(steps).await
    }

    /// The request, and the whole conversation it continues.
    fn understand(
        &mut self,
        request: CreateRequest,
    ) -> Result<(CreateRequest, Vec<Item>), Refusal> {
        if request.kind.as_deref() != Some("response.create") {
            return Err(Refusal::new("Expected a message of type response.create."));
        }
        let mut conversation = match &request.previous_response_id {
            None => Vec::new(),
            Some(id) => self
                .history
                .iter()
                .find_map(|(known, conversation)| (known == id).then(|| conversation.clone()))
                .ok_or_else(|| Refusal::previous_response_not_found(id))?,
        };
        conversation.extend_from_slice(&request.input);
        if let Err(refusal) = turn::check(&conversation) {
            // A response that an error refers to is forgotten, as the public service does.
            let previous = request.previous_response_id.as_deref();
            self.history
                .retain(|(known, _)| Some(known.as_str()) != previous);
            return Err(refusal);
        }
        Ok((request, conversation))
    }

    fn remember(&mut self, id: String, conversation: Vec<Item>) {
        self.history.push_back((id, conversation));
        if self.history.len() > ANSWERS {
            self.history.pop_front();
        }
    }

    async fn play(&mut self, steps: Vec<Step>) -> Result<(), Gone> {
        for step in steps {
            match step {
                Step::Event(event) | Step::Unfinished(event) => {
                    if inject::is_text(&event) {
                        self.wait(self.connection.backend.pace).await?;
                    }
                    self.send(event).await?;
                }
                Step::Flood(flooding) => {
                    for _ in 0..flooding.pieces {
                        self.send(flooding.text()).await?;
                    }
                }
                // Nothing that this route has.
                Step::Bytes(_) | Step::Dress(_) => {}
                Step::Pause(length) => self.wait(length).await?,
                Step::Stall => {
                    self.wait(STALL).await?;
                    return self.end(Pull::Cut).await;
                }
                Step::Pull(how) => return self.end(how).await,
                Step::CloseFrame(code) => {
                    let _gone = self.socket.close(code, "simulated").await;
                    return Err(Gone);
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<(), Gone> {
        match tokio::time::timeout(SEND, self.socket.send_text(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Lets time pass, and reads meanwhile.
    async fn wait(&mut self, length: Duration) -> Result<(), Gone> {
        if length.is_zero() {
            return Ok(());
        }
        let reading = async {
            loop {
                self.read().await?;
            }
        };
        match tokio::time::timeout(length, reading).await {
            Ok(gone) => gone,
            Err(_elapsed) => Ok(()),
        }
    }

    /// Ends the connection under the socket.
    async fn end(&mut self, how: Pull) -> Result<(), Gone> {
        self.connection.plug.carry_out(how).await;
        Err(Gone)
    }

    fn note(&self, text: &Bytes, fault: Option<&'static FaultInfo>) {
        let seen = Seen {
            after: Duration::ZERO,
            route: Route::WebSocket,
            connection: self.connection.number,
            version: "HTTP/1.1",
            method: "FRAME".to_owned(),
            path: self.path.clone(),
            headers: Vec::new(),
            bytes: text.len(),
            body: serde_json::from_slice::<Value>(text).ok(),
            fault: fault.map(|fault| fault.name),
        };
        self.connection.backend.saw(seen);
    }
}
