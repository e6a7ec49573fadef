//! `cargo xtask bench`: numbers, side by side with other programs in the same run on the same simulated backend.
//!
//! Each run of a program is a process of its own, measured by a small process of its own (`measure`), because the
//! system keeps the largest memory of all ended children in one number.

mod measure;
mod readme;
mod start;

pub(crate) use self::measure::run as measure;
pub(crate) use self::start::run as start;
