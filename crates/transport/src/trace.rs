//! What happens on the wire, told as it happens.
//!
//! Fronts show it, records keep it. Every attempt and every reaction is told: there is no silent
//! retry.

use std::sync::Arc;
use std::time::Duration;

use alipes_net::ConnectionFacts;

use crate::{Fault, Reaction, Route};

/// One event of a step's way over the wire. `attempt` counts from 1 within the step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Trace {
    /// An attempt begins.
    AttemptStarted {
        /// Its number.
        attempt: u32,
        /// Where to.
        endpoint: Arc<str>,
        /// Which way.
        route: Route,
    },
    /// No attempt is made, because of what is known: this is what it would end in.
    NotTried {
        /// The fault that is remembered.
        fault: Box<Fault>,
    },
    /// There is a connection to use.
    Connected {
        /// The attempt's number.
        attempt: u32,
        /// What is known of it.
        facts: Arc<ConnectionFacts>,
    },
    /// The request has been handed to the connection.
    Sent {
        /// The attempt's number.
        attempt: u32,
        /// Its size in bytes, before compression.
        bytes: usize,
        /// Its size in bytes after compression by us, where there was any. What a WebSocket
        /// compresses by itself is not known here.
        compressed: Option<usize>,
        /// Whether only the new input was sent.
        delta: bool,
    },
    /// Now something is waited for.
    Waiting {
        /// The attempt's number.
        attempt: u32,
        /// The limit's name: what is waited for.
        limit: &'static str,
        /// How long at most.
        length: Duration,
    },
    /// Silence, and a second connection to the same edge stands: the way there is open.
    Probed {
        /// The attempt's number.
        attempt: u32,
        /// How long the second connection took.
        took: Duration,
    },
    /// The first sign of life came.
    FirstEvent {
        /// The attempt's number.
        attempt: u32,
        /// How long after the attempt began.
        after: Duration,
    },
    /// A second attempt was sent beside one that is overdue.
    Hedged {
        /// The new attempt's number.
        attempt: u32,
        /// The number of the one that is overdue, and goes on.
        beside: u32,
        /// What it has waited for in vain.
        limit: &'static str,
        /// For how long, from its beginning.
        waited: Duration,
    },
    /// Of two attempts side by side, this one is over and the other one goes on.
    AttemptLost {
        /// Its number.
        attempt: u32,
        /// Why it failed; without one, the other was answered first.
        fault: Option<Box<Fault>>,
        /// How long it ran.
        took: Duration,
    },
    /// The answer came all at once at its end: something on the way holds answers back. Told when it
    /// is found out, and not again while it is known.
    HeldBack {
        /// The attempt's number.
        attempt: u32,
    },
    /// The attempt ended in a fault.
    AttemptFault {
        /// Its number.
        attempt: u32,
        /// Why.
        fault: Box<Fault>,
        /// What is done about it here; `Stop` hands it up.
        reaction: Reaction,
        /// How long the attempt took.
        took: Duration,
    },
    /// The attempt ended in an answer.
    AttemptDone {
        /// Its number.
        attempt: u32,
        /// Which way it came.
        route: Route,
        /// How long it took.
        took: Duration,
    },
}
