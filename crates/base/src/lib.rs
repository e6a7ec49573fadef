//! What every room may lean on: time, randomness, the environment and secrets, handed in.
//!
//! A program whose promises are about time ("told within 3 s", "left within 8 s") must be able to
//! prove them without waiting. So nothing in the lower rooms reads a clock, rolls a die, or looks
//! at the environment by itself: it is given a [`Clock`], an [`Rng`], an [`Environment`]. Tests
//! hand in paused time and a seed, and a failure replays.
//!
//! Invariants: a [`Secret`] cannot be printed, compared in the open or serialised by accident; a
//! child [`Deadline`] never outlives its parent, and knows by which limit it ends. Nothing here
//! does I/O, and nothing here fails except by [`Expired`].
//!
//! This room is not a drawer: what knows about models, sockets or files belongs elsewhere.

mod clock;
mod deadline;
mod environment;
mod redact;
mod rng;
mod secret;

pub use clock::Clock;
pub use deadline::{Deadline, Expired};
pub use environment::Environment;
pub use redact::Redactor;
pub use rng::Rng;
pub use secret::Secret;
