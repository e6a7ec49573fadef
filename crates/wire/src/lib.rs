//! The wire as pure data: conversation items, requests, events, and the codecs between them.
//!
//! Provider JSON is understood here and nowhere else. The codecs are sans-IO: bytes in, events out,
//! no clock, no socket, no `async`; so they can be fuzzed, replayed, and used by the client and by
//! our own servers alike.
//!
//! Three dialects, one set of items: [`responses`], [`chat`] and [`messages`], each as client and as
//! server. [`Dialect`] is the door for who does not care which it is: it encodes a [`ModelRequest`],
//! and hands out the [`StreamReader`] a transport needs and the [`Assembler`] the agent's side needs.
//!
//! Invariants:
//! - **Lossless**: an [`Item`] is the exact JSON a provider sent. Fields we do not know go back as
//!   they came, because nothing was ever taken apart.
//! - **Nothing is dropped in silence**: what a dialect has no place for is [`CannotCarry`], as an
//!   error where it is content, in a list where it is a hint or bound to its provider.
//! - **Tolerant**: unknown events, unknown fields, `null` and missing fields are never fatal, and an
//!   odd field costs only itself. What could not be read is counted, so that a caller can tell
//!   "all there" from "something skipped".
//! - **Bounded**: lines and events have a size limit, and hitting it is a named error.
//!
//! It fails by [`SseError`] (a stream that breaks a bound), [`NotAnEvent`], [`NotAnItem`] and
//! [`NotARequest`] (text that is not what it claims to be), and [`CannotCarry`]; never by panicking,
//! whatever arrives.

mod answer;
mod api_error;
mod call_ids;
mod cannot_carry;
pub mod chat;
mod client_request;
mod dialect;
mod encoded_body;
mod event;
mod fields;
mod frame;
mod item;
mod json;
mod label;
pub mod messages;
mod model_list;
mod not_a_request;
mod opaque;
mod parts;
mod picture;
mod price;
mod quota;
mod rate_limits;
mod relayed;
mod request;
pub mod responses;
mod retry_after;
mod sealed;
mod serve;
mod signal;
mod sse;
mod turns;
mod usage;

pub use answer::Answer;
pub use api_error::ApiError;
pub use cannot_carry::{CannotCarry, Place};
pub use client_request::ClientRequest;
pub use dialect::{Assembler, Dialect, EncodedRequest, Quirks, StreamReader};
pub use encoded_body::EncodedBody;
pub use event::{ModelEvent, NotAnEvent, RawEvent};
pub use frame::Frame;
pub use item::{Item, ItemView, NotAnItem};
pub use label::{Echo, Label};
pub use model_list::{ListedModel, listed_models};
pub use not_a_request::NotARequest;
pub use opaque::opaque_texts;
pub use picture::Picture;
pub use price::{NotAPrice, Price};
pub use quota::{Quota, QuotaFields};
pub use rate_limits::{RateLimits, RateWindow};
pub use relayed::Relayed;
pub use request::{Generation, ModelRequest, Reasoning, TextFormat, ToolChoice, ToolDefinition};
pub use retry_after::{retry_after, try_again_in};
pub use serve::{AnswerOut, AnswerWriter};
pub use signal::Signal;
pub use sse::{SseDecoder, SseError, SseItem, SseLimits};
pub use usage::Usage;
