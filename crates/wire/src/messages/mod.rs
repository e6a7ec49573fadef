//! The Messages dialect, both ways (Anthropic API reference, "Messages").
//!
//! A message is a list of blocks, and roles take turns. Thinking comes signed and goes back
//! unchanged, each call's result begins the message behind it, and a limit for the answer is
//! required.

mod assembler;
mod block;
mod conversation;
mod create;
mod encode;
mod error;
mod event;
mod from_block;
mod open_block;
mod quirks;
mod thinking;
mod writer;

pub(crate) use assembler::Assembler;
pub(crate) use create::read as read_request;
pub use encode::encode;
pub use error::error_body;
pub(crate) use event::{Watch, read};
pub use quirks::{Quirks, Thinking};
pub use writer::MessageWriter;

/// The `anthropic-version` header of the protocol spoken here (Anthropic docs, "Versions").
pub const VERSION: &str = "2023-06-01";
