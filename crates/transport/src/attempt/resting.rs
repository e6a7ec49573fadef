//! A socket between two responses: read and pinged, so that it lives as long as it is kept.
//!
//! Nobody reads an idle socket, and that is what it dies of: its server's pings stay unanswered, an
//! address translator on the way forgets it after half a minute, and the next request is the one that
//! finds out, with the delta base lost and the whole conversation to be sent again. Tools run for
//! longer than that, and people think for longer. So while it rests a task reads it and pings it every
//! 25 s; a pong that does not come, or anything else that does, ends it.
//!
//! The task owns the socket and the session owns the task: taking the socket back ends the task,
//! dropping the session closes both. The check before reuse (`live_socket`) stays, because the last pong
//! may be older than the last change of the network, and because a task stands still where a front
//! runs nothing between two turns.
//!
//! HTTP/2 has no such task. Its connections belong to the client's pool and not to a conversation, carry
//! the whole input anyway, and are let go after a minute; a ping beside the request finds a dead one
//! within seconds.

use std::time::Duration;

use alipes_base::Clock;
use alipes_net::websocket::{Message, Socket};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::LiveSocket;
use crate::conversation::Conversation;

/// How often an idle socket is pinged; address translators are known to forget one after 30 s.
const EVERY: Duration = Duration::from_secs(25);

/// An idle socket and the task that looks after it.
pub(crate) struct Resting {
    /// A set of one, which ends what it holds when it is dropped.
    task: JoinSet<Option<LiveSocket>>,
    recall: oneshot::Sender<()>,
}

/// How a socket is looked after.
#[derive(Clone, Debug)]
struct Care {
    clock: Clock,
    every: Duration,
    pong_timeout: Duration,
    /// When it is too old to be used again.
    until: Instant,
}

impl Resting {
    /// `live` rests from now on.
    pub(crate) fn begin(about: &Conversation, mut live: LiveSocket) -> Self {
        let profile = about.endpoint.profile();
        let care = Care {
            clock: about.transport.clock.clone(),
            every: EVERY * about.calm(),
            pong_timeout: profile.pong_timeout,
            until: live.opened + profile.max_socket_age,
        };
        let (recall, recalled) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            live.answers_pings |= care.watch(&mut *live.socket, recalled).await?;
            Some(live)
        });
        Self { task, recall }
    }

    /// The socket, if it is still worth anything.
    pub(crate) async fn end(mut self) -> Option<LiveSocket> {
        // A task that has ended by itself does not hear it.
        let _ = self.recall.send(());
        self.task.join_next().await?.ok()?
    }
}

impl Care {
    /// Looks after a socket until it is recalled; gives whether it has answered a ping. `None`: it is of
    /// no use any more.
    async fn watch(
        &self,
        socket: &mut dyn Socket,
        mut recalled: oneshot::Receiver<()>,
    ) -> Option<bool> {
        let (mut answers, mut asked) = (false, false);
        let mut due = self.clock.now() + self.every;
        loop {
            tokio::select! {
                biased;
                _ = &mut recalled => return Some(answers),
                message = socket.next() => match message.ok()? {
                    Message::Pong(_) => {
                        (answers, asked) = (true, false);
                        due = self.clock.now() + self.every;
                    }
                    Message::Ping(_) => {}
                    // A goodbye, or a word that could be taken for an answer.
                    _ => return None,
                },
                () = sleep_until(due.min(self.until)) => {
                    if asked || self.clock.now() >= self.until {
                        return None;
                    }
                    // Not given up half-way by a recall: that would spoil the socket.
                    let sent = timeout(self.pong_timeout, socket.ping(Vec::new())).await;
                    sent.ok()?.ok()?;
                    asked = true;
                    due = self.clock.now() + self.pong_timeout;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_net::NetError;
    use futures_util::future::BoxFuture;
    use tokio::sync::mpsc;
    use tokio::time::{advance, sleep};

    const PONG: Duration = Duration::from_secs(4);

    /// A socket that says what it is told to, and answers so many pings.
    struct Fake {
        says: mpsc::UnboundedReceiver<Message>,
        speaks: mpsc::UnboundedSender<Message>,
        pings: u32,
        answers: u32,
    }

    impl Fake {
        fn new(answers: u32) -> Self {
            let (speaks, says) = mpsc::unbounded_channel();
            Self {
                says,
                speaks,
                pings: 0,
                answers,
            }
        }
    }

    impl Socket for Fake {
        fn send_text(&mut self, _text: String) -> BoxFuture<'_, Result<(), NetError>> {
            unreachable!("nothing is sent on an idle socket")
        }

        fn next(&mut self) -> BoxFuture<'_, Result<Message, NetError>> {
            Box::pin(async { Ok(self.says.recv().await.unwrap()) })
        }

        fn ping(&mut self, _payload: Vec<u8>) -> BoxFuture<'_, Result<(), NetError>> {
            self.pings += 1;
            if self.pings <= self.answers {
                self.speaks.send(Message::Pong(Vec::new().into())).unwrap();
            }
            Box::pin(std::future::ready(Ok(())))
        }

        fn close<'a>(&'a mut self, _: u16, _: &'a str) -> BoxFuture<'a, Result<(), NetError>> {
            unreachable!("it is dropped")
        }
    }

    fn care() -> Care {
        let clock = Clock::system();
        Care {
            until: clock.now() + Duration::from_secs(3_000),
            clock,
            every: EVERY,
            pong_timeout: PONG,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_socket_is_pinged_every_25_seconds_and_given_back_when_it_is_wanted() {
        let (care, mut socket) = (care(), Fake::new(u32::MAX));
        let (recall, recalled) = oneshot::channel();
        let (watched, ()) = tokio::join!(care.watch(&mut socket, recalled), async {
            sleep(Duration::from_secs(110)).await;
            recall.send(()).unwrap();
        });
        assert_eq!((watched, socket.pings), (Some(true), 4));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_answer_is_let_go() {
        let (care, mut socket) = (care(), Fake::new(1));
        let begun = care.clock.now();
        let (_recall, recalled) = oneshot::channel();
        assert_eq!(care.watch(&mut socket, recalled).await, None);
        assert_eq!(care.clock.since(begun), EVERY * 2 + PONG);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_says_anything_else_is_let_go_at_once() {
        let goodbye = Message::Close {
            code: Some(1_001),
            reason: String::new(),
        };
        for (message, is_kept) in [
            (goodbye, false),
            (Message::Text(b"{}".to_vec().into()), false),
            (Message::Ping(Vec::new().into()), true),
        ] {
            let (care, mut socket) = (care(), Fake::new(u32::MAX));
            socket.speaks.send(message.clone()).unwrap();
            let (recall, recalled) = oneshot::channel();
            let watched = timeout(Duration::from_secs(1), care.watch(&mut socket, recalled));
            assert_eq!(watched.await.is_err(), is_kept, "{message:?}");
            drop(recall);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_keeps_one_that_is_too_old_to_be_used() {
        let (care, mut socket) = (care(), Fake::new(u32::MAX));
        advance(Duration::from_secs(2_990)).await;
        let (_recall, recalled) = oneshot::channel();
        assert_eq!(care.watch(&mut socket, recalled).await, None);
        assert_eq!(socket.pings, 0);
    }
}
