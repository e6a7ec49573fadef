//! The pause before a request is sent again, cut short when the way is open again.
//!
//! While a server is down or a network is changing hands, its end can be seen without sending
//! anything: a connection that could not be opened opens. So during a pause after a fault of the
//! connection the way is tried every half second, up to TLS and no further, and the connection that
//! stands is the one that the request goes out on.
//!
//! Where connections open at once although requests fail on them, this says nothing, and the pause
//! is what it was going to be.

use std::time::Duration;

use alipes_base::{Clock, Deadline};

use crate::attempt::{self, Way};
use crate::conversation::Conversation;
use crate::{Cause, Fault, Phase};

/// How often the way is tried.
const EVERY: Duration = Duration::from_millis(500);

/// Sleeps for `length`, or until the way is open again.
pub(crate) async fn pause(
    about: &mut Conversation,
    length: Duration,
    after: &Fault,
    deadline: &Deadline,
) {
    let clock = &about.transport.clock;
    // Should the deadline come first, the next attempt says so.
    let pause = deadline.tightened(clock, "pause", length);
    if length.is_zero() || !is_about_the_way(after) {
        return tokio::time::sleep_until(pause.at()).await;
    }
    let token = match after.phase {
        // Whoever gives it was asked a moment ago.
        Phase::Credential => None,
        _ => attempt::token(about, &pause).await.ok().flatten(),
    };
    let way = Way::of(about, token.as_ref());
    let reopened = pause.run(reopens(&way, clock, pause)).await.is_ok();
    // The next request goes out on the connection that stands.
    about.fresh &= !reopened;
}

/// Whether connections tell when the fault is over: it came before anything was sent.
fn is_about_the_way(fault: &Fault) -> bool {
    let before = matches!(
        fault.phase,
        // The way to the sign-in service begins as this one does.
        Phase::Credential | Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls
    );
    before || fault.cause == Cause::Reset
}

/// Returns when the way has been seen closed and then open; never, where it is open from the start.
async fn reopens(way: &Way, clock: &Clock, pause: Deadline) {
    let mut seen_closed = false;
    loop {
        let next = clock.now() + EVERY;
        match way.open(pause).await {
            Ok(()) if seen_closed => return,
            Ok(()) => return std::future::pending().await,
            Err(_) => seen_closed = true,
        }
        tokio::time::sleep_until(next).await;
    }
}
