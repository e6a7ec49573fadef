//! The Chat Completions dialect, both ways (OpenAI API reference, "Chat").
//!
//! Dozens of servers speak it and no two alike, so the reader takes every shape that was seen in
//! the wild (`tests/dialects/deviations.rs` has a row for each, with its source), and [`Quirks`] says
//! what a server wants to be sent.

mod assembler;
mod calls;
mod chunk;
mod conversation;
mod create;
mod details;
mod encode;
mod error;
mod from_message;
mod parts_out;
mod quirks;
mod step;
mod watch;
mod writer;

pub(crate) use assembler::Assembler;
pub(crate) use chunk::DONE;
pub(crate) use create::{read, wants_usage};
pub use encode::encode;
pub use error::error_body;
pub use quirks::{EffortField, Quirks, ReasoningBack};
pub(crate) use watch::Watch;
pub use writer::ChatWriter;
