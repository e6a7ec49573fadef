//! Credentials: where a key comes from, and when there is a newer one.
//!
//! A key is read when it is used, not when the program starts, so that a rotated key counts with the
//! next request. Every change gives it a new generation; a connection that was opened with an older
//! one is not used again. Sign-in and token chains come into this room when they exist.
//!
//! Invariants: a key never leaves as anything but a [`alipes_base::Secret`]; a key file is a regular
//! file of bounded size, so reading it cannot hang. It fails by a `CredentialError` whose text says
//! what to do.

mod api_key;

pub use api_key::{ApiKey, KeySource};
