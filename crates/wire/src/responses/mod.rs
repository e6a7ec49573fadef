//! The Responses dialect, both ways (OpenAI Responses API over SSE; the WebSocket frames of
//! codex-protocol §2).
//!
//! As a client: [`EncodedRequest`] is a request ready for either route, [`DeltaRecorder`] and
//! [`DeltaBase`] decide when only the new input needs to be sent, [`Signal`] says what an event
//! means to the transport, [`Terminal`] how a response ended, and [`Assembler`] turns events into
//! what the agent reads. As a server: [`CreateRequest`] reads what a client sent
//! as far as a simulated backend must, and [`ResponseWriter`] writes the events of an answer.

mod assembler;
mod compaction;
mod create;
mod delta;
mod encode;
mod items;
mod metadata;
mod missing_end;
mod open_call;
mod open_item;
mod portable;
mod read;
mod speak;
mod terminal;
mod tools;
mod writer;

pub use assembler::Assembler;
pub use compaction::{COMPACT, compact_body, compacted, compaction_usage, is_sealed};
pub use create::CreateRequest;
pub use delta::{DeltaBase, DeltaRecorder};
pub use encode::EncodedRequest;
pub use items::done_item;
pub use metadata::{TURN_STATE, turn_state};
pub use missing_end::missing_end;
pub use portable::{Portable, portable};
pub(crate) use read::read;
pub use terminal::{ErrorFrame, Terminal};
pub use tools::ToolNames;
pub use writer::ResponseWriter;

pub use crate::Signal;

/// The `OpenAI-Beta` value of the WebSocket protocol spoken here (codex-protocol §2.1).
pub const WEBSOCKET_BETA: &str = "responses_websockets=2026-02-06";
