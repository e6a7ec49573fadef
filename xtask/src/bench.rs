//! `cargo xtask bench`: numbers, side by side with other programs in the same run on the same simulated backend.
//!
//! Each says when, where and on what it was measured (`facts`), and goes between markers into a page of the
//! repository (`page`) when asked to.

mod chat;
mod codec;
mod facts;
mod fallback;
mod measure;
mod overhead;
mod page;
mod recovery;
mod release;
mod see;
mod start;
mod store;
mod target;
mod times;
mod turns;
mod words;

pub(crate) use self::chat::run as chat;
pub(crate) use self::codec::run as codec;
pub(crate) use self::facts::Facts;
pub(crate) use self::fallback::run as fallback;
pub(crate) use self::measure::run as measure;
pub(crate) use self::overhead::{Arguments as Overhead, pass_through, run as overhead};
pub(crate) use self::page::put;
pub(crate) use self::recovery::{Arguments as Recovery, run as recovery};
pub(crate) use self::see::{quick as see_quick, run as see};
pub(crate) use self::start::run as start;
pub(crate) use self::store::run as store;
pub(crate) use self::turns::run as turns;
