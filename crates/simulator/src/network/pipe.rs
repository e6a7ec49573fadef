//! A TCP connection in memory: bounded, with a delay, and with all the ways in which one can end.
//!
//! It behaves as TCP does where a client can tell: what was delivered before a reset is read before
//! the reset is; a FIN ends one direction only; whoever closes without having read everything resets;
//! and on a severed network nothing comes, not even an end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use alipes_base::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use super::direction::{Direction, Ending, Found};
use super::meter::Meter;
use crate::plug::Outlet;

/// Both ends of a new connection, the client's first. Bytes and ends take `latency` to arrive.
pub(super) fn connection(clock: &Clock, latency: Duration, meter: &Arc<Meter>) -> (End, End) {
    let line = Arc::new(Line {
        clock: clock.clone(),
        latency,
        meter: Arc::clone(meter),
        state: Mutex::default(),
    });
    let ends = [Side::Client, Side::Server].map(|side| {
        meter.opened(side == Side::Client);
        let line = Arc::clone(&line);
        End {
            socket: Arc::new(Socket { line, side }),
            arrival: None,
        }
    });
    ends.into()
}

/// One end of a connection.
pub(crate) struct End {
    socket: Arc<Socket>,
    /// Waits for what is on its way.
    arrival: Option<Pin<Box<Sleep>>>,
}

/// An end as its plug knows it.
struct Socket {
    line: Arc<Line>,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What both ends share.
pub(super) struct Line {
    clock: Clock,
    latency: Duration,
    meter: Arc<Meter>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    from_client: Direction,
    from_server: Direction,
    /// The network between the ends is gone.
    severed: bool,
}

impl State {
    fn outgoing(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Client => &mut self.from_client,
            Side::Server => &mut self.from_server,
        }
    }

    fn incoming(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Client => &mut self.from_server,
            Side::Server => &mut self.from_client,
        }
    }
}

impl Line {
    /// From now on nothing arrives.
    pub(super) fn sever(&self) {
        self.state().severed = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    /// What its plug is in.
    pub(crate) fn outlet(&self) -> Weak<dyn Outlet> {
        Arc::downgrade(&self.socket) as Weak<dyn Outlet>
    }

    /// The line under it, for the network to sever.
    pub(super) fn line(&self) -> Weak<Line> {
        Arc::downgrade(&self.socket.line)
    }

    /// Becomes ready when the next bytes or the end are due; looks once, so that it is woken.
    fn await_arrival(&mut self, context: &mut Context<'_>, due: tokio::time::Instant) -> Poll<()> {
        let arrival = self.arrival.insert(Box::pin(sleep_until(due)));
        arrival.as_mut().poll(context)
    }
}

impl Outlet for Socket {
    fn reset_when_dropped(&self) {
        self.line.state().outgoing(self.side).resets = true;
    }

    fn finish(&self) {
        let due = self.line.clock.now() + self.line.latency;
        self.line.state().outgoing(self.side).end(due, Ending::Fin);
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let socket = Arc::clone(&self.socket);
            let now = socket.line.clock.now();
            let mut state = socket.line.state();
            let severed = state.severed;
            let incoming = state.incoming(socket.side);
            let found = match severed {
                true => Found::Nothing,
                false => incoming.read(now, buffer),
            };
            match found {
                Found::Bytes(bytes) => {
                    socket.line.meter.left(bytes);
                    return Poll::Ready(Ok(()));
                }
                Found::End(Ending::Fin) => return Poll::Ready(Ok(())),
                Found::End(Ending::Reset) => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                Found::Nothing => {
                    incoming.reader = Some(context.waker().clone());
                    return Poll::Pending;
                }
                Found::OnItsWay(due) => {
                    incoming.reader = Some(context.waker().clone());
                    drop(state);
                    if self.await_arrival(context, due).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Socket { line, side } = &*self.socket;
        let now = line.clock.now();
        let mut state = line.state();
        if !state.severed && state.incoming(*side).was_reset(now) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let severed = state.severed;
        let outgoing = state.outgoing(*side);
        if outgoing.has_ended() || (outgoing.reader_gone && !severed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let taken = outgoing.write(now + line.latency, bytes);
        if taken == 0 && !bytes.is_empty() {
            outgoing.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        line.meter.came(taken);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let Socket { line, side } = &*self.socket;
        let due = line.clock.now() + line.latency;
        let mut state = line.state();
        let unread = state.incoming(*side).abandon();
        let outgoing = state.outgoing(*side);
        let ending = match outgoing.resets || unread > 0 {
            true => Ending::Reset,
            false => Ending::Fin,
        };
        outgoing.end(due, ending);
        // Nobody will ever take what is queued on a severed line.
        let lost = if state.severed {
            state.outgoing(*side).discard()
        } else {
            0
        };
        drop(state);
        line.meter.left(unread + lost);
        line.meter.closed(*side == Side::Client);
    }
}
