//! The wire as pure data: conversation items, requests, events, and the codecs between them.
//!
//! Provider JSON is understood here and nowhere else. The codecs are sans-IO: bytes in, events out,
//! no clock, no socket, no `async`; so they can be fuzzed, replayed, and used by the client and by
//! our own servers alike.
//!
//! Invariants:
//! - **Lossless**: an [`Item`] is the exact JSON a provider sent. Fields we do not know go back as
//!   they came, because nothing was ever taken apart.
//! - **Tolerant**: unknown events, unknown fields, `null` and missing fields are never fatal, and an
//!   odd field costs only itself. What could not be read is counted, so that a caller can tell
//!   "all there" from "something skipped".
//! - **Bounded**: lines and events have a size limit, and hitting it is a named error.
//!
//! It fails by [`SseError`] (a stream that breaks a bound), [`NotAnEvent`] and [`NotAnItem`] (text
//! that is not what it claims to be); never by panicking, whatever arrives.

mod api_error;
mod event;
mod fields;
mod item;
mod rate_limits;
mod request;
pub mod responses;
mod retry_after;
mod sse;
mod usage;

pub use api_error::ApiError;
pub use event::{ModelEvent, NotAnEvent, RawEvent};
pub use item::{Item, ItemView, NotAnItem};
pub use rate_limits::{RateLimits, RateWindow};
pub use request::{ModelRequest, Reasoning, ToolDefinition};
pub use retry_after::{retry_after, try_again_in};
pub use sse::{SseDecoder, SseError, SseItem, SseLimits};
pub use usage::Usage;
