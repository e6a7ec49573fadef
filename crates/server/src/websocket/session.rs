//! One open socket, from its first request to its end.
//!
//! While an answer is being written the socket is read, so that pings are answered and a close is
//! seen at once; requests that come early wait in a short queue. Whoever does not read is waited for,
//! and the provider with it, but not for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Deadline, Secret};
use alipes_net::NetErrorKind;
use alipes_net::websocket::{Message, Socket};
use alipes_wire::responses::done_item;
use alipes_wire::{AnswerWriter, Dialect, Frame, Item, ModelEvent, RawEvent, Relayed};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::error_frame::error_frame;
use super::history::History;
use super::reading::{self, Asked};
use crate::answer::Answer;
use crate::body::Kept;
use crate::clients::Client;
use crate::door::{self, LEFT_OUT};
use crate::refusal::Refusal;
use crate::respond;
use crate::server::Shared;

/// How long a socket lives (codex-protocol §2.4).
const LIFE: Duration = Duration::from_secs(60 * 60);

/// How long a client may take to read what is sent to it.
const SEND: Duration = Duration::from_secs(60);

/// After how much silence a client is pinged; it is gone if it is silent for as long again.
const SILENCE: Duration = Duration::from_secs(30);

/// Requests that may wait while one is being answered.
const WAITING: usize = 8;

/// Close codes (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const PROTOCOL: u16 = 1002;
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;
const TOO_LARGE: u16 = 1009;

/// The socket has ended.
enum Ended {
    /// There is nobody to say goodbye to.
    Gone,
    /// By us, with a code and words. Said where nothing can interrupt the waiting for the answer.
    Goodbye(u16, &'static str),
}

/// An open socket.
pub(super) struct Session {
    socket: Box<dyn Socket>,
    shared: Arc<Shared>,
    client: Arc<Client>,
    /// What the client was let in with. It is looked at again with each request, so that a key that
    /// is taken back ends what it opened.
    key: Secret,
    /// What its calls are named after, and how many there were.
    call_id: Arc<str>,
    calls: u32,
    history: History,
    /// Requests that came early, or why there is no room for one.
    waiting: VecDeque<Result<Kept, Refusal>>,
    /// The client was pinged, and nothing has come since.
    pinged: bool,
}

impl Session {
    pub(super) fn new(
        socket: Box<dyn Socket>,
        shared: Arc<Shared>,
        (client, key): (Arc<Client>, Secret),
        call_id: Arc<str>,
    ) -> Self {
        Self {
            socket,
            history: History::new(shared.serving.load().largest_body(), shared.memory.clone()),
            shared,
            client,
            key,
            call_id,
            calls: 0,
            waiting: VecDeque::new(),
            pinged: false,
        }
    }

    /// Serves the socket until either side ends it.
    pub(super) async fn run(mut self) {
        let life = Deadline::after(&self.shared.clock, "websocket connection", LIFE);
        loop {
            let drain = self.shared.drain.clone();
            let next = tokio::select! {
                next = life.run(self.request()) => next,
                () = drain.begins() => {
                    let _gone = self.socket.close(GOING_AWAY, "the server ends").await;
                    return;
                }
            };
            let served = match next {
                Ok(Ok(request)) => self.serve(request).await,
                Ok(Err(ended)) => Err(ended),
                Err(_expired) => return self.expire().await,
            };
            match served {
                Ok(()) => {}
                Err(Ended::Gone) => return,
                Err(Ended::Goodbye(code, why)) => {
                    let _gone = self.socket.close(code, why).await;
                    return;
                }
            }
        }
    }

    /// Says that the socket has lived its time.
    async fn expire(mut self) {
        let why = "this connection has reached its limit of 60 minutes; open another one";
        let code = "websocket_connection_limit_reached";
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, code, why);
        if self.send(error_frame(&refusal)).await.is_ok() {
            let _gone = self.socket.close(NORMAL, "60 minutes").await;
        }
    }

    /// The next request. Cancel safe.
    async fn request(&mut self) -> Result<Result<Kept, Refusal>, Ended> {
        while self.waiting.is_empty() {
            self.read().await?;
        }
        self.waiting.pop_front().ok_or(Ended::Gone)
    }

    /// Takes one message from the socket, or lets a silence pass. Cancel safe.
    async fn read(&mut self) -> Result<(), Ended> {
        let Ok(message) = tokio::time::timeout(SILENCE, self.socket.next()).await else {
            if self.pinged {
                return Err(Ended::Gone);
            }
            self.socket
                .ping(Vec::new())
                .await
                .map_err(|_| Ended::Gone)?;
            // Not before: the sending may be dropped on the way.
            self.pinged = true;
            return Ok(());
        };
        self.pinged = false;
        let (code, why) = match message {
            Ok(Message::Text(text)) if self.has_room(&text) => {
                self.waiting.push_back(self.shared.room.hold(text));
                return Ok(());
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => return Ok(()),
            Ok(Message::Text(_)) => (POLICY, "too many requests wait"),
            Ok(Message::Binary(_)) => (UNSUPPORTED, "a request is text"),
            Ok(Message::Close { .. }) => (NORMAL, ""),
            Err(error) if matches!(error.kind, NetErrorKind::TooLarge) => (TOO_LARGE, "too large"),
            // Who broke a rule has been told; who is gone hears nothing.
            Err(_broken) => (PROTOCOL, ""),
        };
        Err(Ended::Goodbye(code, why))
    }

    /// Whether one more request may wait: they may be many or long, but not both.
    fn has_room(&self, text: &Bytes) -> bool {
        let waiting = self.waiting.iter().flatten();
        let waiting: usize = waiting.map(|kept| kept.bytes.len()).sum();
        let largest = self.shared.serving.load().largest_body();
        self.waiting.len() < WAITING && waiting + text.len() <= largest
    }

    async fn send(&mut self, text: String) -> Result<(), Ended> {
        match tokio::time::timeout(SEND, self.socket.send_text(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ended::Gone),
        }
    }

    /// Whether the client may still ask, and as what it is known now.
    fn recognise(&mut self) -> Result<(), Refusal> {
        let known = self.shared.serving.load().clients.with_key(&self.key);
        let known = known.filter(|client| client.name == self.client.name);
        self.client = known.ok_or_else(door::wrong_key)?;
        Ok(())
    }

    /// Answers one request.
    async fn serve(&mut self, request: Result<Kept, Refusal>) -> Result<(), Ended> {
        if let Err(refusal) = self.recognise() {
            self.send(error_frame(&refusal)).await?;
            return Err(Ended::Goodbye(POLICY, "this key opens nothing"));
        }
        let (history, room) = (self.history.clone(), self.shared.room.clone());
        let (asked, _held) = match reading::understand(history, room, request).await {
            Ok(understood) => understood,
            Err(refusal) => return self.send(error_frame(&refusal)).await,
        };
        let Asked {
            words,
            continued,
            said,
        } = asked;
        if words.prepares {
            return self.prepare(&words, said, continued).await;
        }
        let call_id = self.next_call_id();
        // An open socket takes no place among the client's requests; each request does.
        let begun = door::place(&self.client).and_then(|place| {
            let previous = continued
                .clone()
                .or_else(|| words.previous_response_id.clone());
            let said = respond::Said {
                words,
                headers: HeaderMap::new(),
                asker: respond::asker(&self.client, &call_id),
                in_one_piece: false,
            };
            let answer = respond::begin(&self.shared, &self.client, said, previous)?;
            Ok((answer, place))
        });
        let answered = match begun {
            Ok((answer, _place)) => self.answer(answer, said, continued.as_deref()).await?,
            Err(refusal) => {
                self.send(error_frame(&refusal)).await?;
                false
            }
        };
        if let (false, Some(id)) = (answered, continued) {
            self.history.forget(&id);
        }
        Ok(())
    }

    /// The name of the next call: the upgrade's own, and from the second call on a number behind it.
    fn next_call_id(&mut self) -> String {
        self.calls += 1;
        match self.calls {
            1 => self.call_id.to_string(),
            number => format!("{}-{number}", self.call_id),
        }
    }

    /// Remembers what will be gone on from, and answers nothing.
    async fn prepare(
        &mut self,
        words: &Relayed,
        said: Vec<Item>,
        continued: Option<String>,
    ) -> Result<(), Ended> {
        let label = respond::label(&self.shared, words);
        let id = label.id.clone();
        let mut writer = AnswerWriter::new(Dialect::Responses, label);
        let end = ModelEvent::Completed {
            id: id.clone(),
            usage: None,
            end_turn: None,
        };
        let begun = ModelEvent::Created { id: id.clone() };
        for frame in [begun, end]
            .iter()
            .flat_map(|event| writer.push(event))
            .collect::<Vec<_>>()
        {
            self.send(frame.data).await?;
        }
        self.history.keep(id, said, continued.as_deref());
        Ok(())
    }

    /// Passes an answer on to what was said; tells whether it was completed.
    async fn answer(
        &mut self,
        mut answer: Answer,
        mut said: Vec<Item>,
        continued: Option<&str>,
    ) -> Result<bool, Ended> {
        let mut completed = false;
        let mut silent = true;
        let mut owes_left_out = true;
        let drain = self.shared.drain.clone();
        loop {
            let frames = tokio::select! {
                biased;
                frames = answer.next() => frames,
                read = self.read() => {
                    read?;
                    continue;
                }
                () = drain.is_over() => {
                    self.send_all(answer.fail(&Refusal::stopping())).await?;
                    return Err(Ended::Goodbye(GOING_AWAY, "the server ends"));
                }
            };
            let Some(mut frames) = frames else { break };
            silent = false;
            if owes_left_out {
                owes_left_out = !tell_left_out(&answer, &mut frames);
            }
            for frame in &frames {
                completed |= frame.name == "response.completed";
                said.extend(done(frame));
            }
            self.send_all(frames).await?;
        }
        if let Err(refusal) = answer.outcome() {
            match silent {
                true => self.send(error_frame(&refusal)).await?,
                false => self.send_all(answer.fail(&refusal)).await?,
            }
        }
        if completed {
            let id = answer.id().to_owned();
            self.history.keep(id, said, continued);
        }
        Ok(completed)
    }

    async fn send_all(&mut self, frames: Vec<Frame>) -> Result<(), Ended> {
        for frame in frames {
            self.send(frame.data).await?;
        }
        Ok(())
    }
}

/// Tells in the first event of a response what its provider was not sent of the request; whether there
/// is such an event among these.
fn tell_left_out(answer: &Answer, frames: &mut [Frame]) -> bool {
    let mut frames = frames.iter_mut();
    let Some(first) = frames.find(|frame| frame.name.starts_with("response.")) else {
        return false;
    };
    if let Some(left_out) = answer.left_out() {
        first.put_header(LEFT_OUT.as_str(), &left_out);
    }
    true
}

/// The item that a frame completes.
fn done(frame: &Frame) -> Option<Item> {
    if frame.name != "response.output_item.done" {
        return None;
    }
    done_item(&RawEvent::parse(frame.data.clone().into()).ok()?)
}
