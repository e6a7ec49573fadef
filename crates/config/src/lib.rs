//! The configuration file: where it lies, what it says, where each value came from, and how to
//! change one value without touching the rest.
//!
//! This room does not know what a section means. A room that has settings describes them itself,
//! as a [`Section`]: it names its keys to a [`Reader`] and gets values of its own types back. What
//! this room adds is what every section needs: a place for every complaint, the nearest right name
//! for a misspelt one, and the refusal of keys nobody asked for.
//!
//! Why a reader and not serde: a serde error is a text and a guess at a place. Here a [`Problem`]
//! is a type with a line and a column, and all problems of a section are told at once, in the
//! order of the file. That also makes "did you mean" exact: a key is unknown only after the room
//! has named every key it knows.
//!
//! Why edits are splices and not a rewritten tree: [`Document::set`] replaces or inserts one run of
//! text, and [`Document::remove`] takes one out, so every other byte survives: comments, order, line ends, a byte order mark.
//!
//! Invariants: at most [`MAX_BYTES`] are read, and only from a regular file, so nothing hangs;
//! nesting is bounded by the parser; a save is all or nothing and never overwrites what another
//! process wrote in the meantime; [`Home::find`] looks at nothing but the environment handed in.
//!
//! It fails by [`ConfigError`]. A missing file is no failure: it is an empty document.

mod cut;
mod document;
mod edit;
mod error;
mod field;
mod file;
mod home;
mod layer;
mod literal;
mod nearest;
mod place;
mod private;
mod problem;
mod reader;
mod report;
mod unset;

pub use document::Document;
pub use edit::Obstacle;
pub use error::{ConfigError, SyntaxError};
pub use field::Field;
pub use file::MAX_BYTES;
pub use home::Home;
pub use layer::{Origin, Value};
pub use literal::Literal;
pub use nearest::nearest;
pub use place::{Place, Position};
pub use private::create_private;
pub use problem::{Problem, ProblemKind, Problems};
pub use reader::{Checked, Reader, Section, quoted_key};
