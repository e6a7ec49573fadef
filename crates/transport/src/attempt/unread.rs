//! What lies unread in the socket is read before a timer is believed.
//!
//! A process that was stopped (Ctrl-Z, a frozen container, a paused machine) finds all its timers due when it goes
//! on, and what came meanwhile unread: that there is something to read is learnt from the reactor alone, and the
//! timers are told first. So whoever is about to believe one lets the reactor turn until nothing more comes in.

use std::pin::Pin;
use std::task::Poll;

use alipes_net::Traffic;
use futures_util::poll;
use tokio::task::{JoinSet, yield_now};

/// So many turns without a byte, and there is none: in one it is learnt that there is something, in the next the task
/// of an HTTP/2 connection reads it.
const QUIET: u32 = 3;

/// Who sends for longer and never what is waited for is not waited for.
const MOST: u32 = 64;

/// What is waited for, if it has come.
pub(super) async fn read<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    traffic: &Traffic,
) -> Option<T> {
    let (mut quiet, mut received) = (0, traffic.bytes_received());
    for _ in 0..MOST {
        turn().await;
        if let Poll::Ready(out) = poll!(work.as_mut()) {
            return Some(out);
        }
        let before = std::mem::replace(&mut received, traffic.bytes_received());
        quiet = if received > before { 0 } else { quiet + 1 };
        if quiet == QUIET {
            break;
        }
    }
    None
}

/// The reactor has turned: who yields inside a task may be polled again before that, the task itself not.
async fn turn() {
    let mut task = JoinSet::new();
    task.spawn(yield_now());
    task.join_next().await;
}
