//! What the model is told beside what is said, and how much of its window all of it takes.
//!
//! The beginning of a conversation never changes, or no provider could find it in its cache: what is
//! told anew (a date, a project's notes that were edited) goes to the end, and only if it changed.

mod gauge;
mod images;
mod project;

pub use gauge::ContextUse;
pub(crate) use gauge::{Gauge, counted, size, weight};
pub(crate) use images::within_bounds;
pub use project::{ProjectFile, ProjectText};
