//! Which step of the way to an endpoint fails, by which door, and what that means.
//!
//! A turn takes one way and gives up at the first fault; whoever wants to know why must see the ways
//! side by side. So every step is looked at by itself, by every way out of this machine at once: what
//! works beside what does not is the diagnosis. It lives here because only what goes the very way of
//! a request proves anything about requests: the same dialer, headers, names of faults and memory.
//!
//! A key is shown only where a turn would show it: by the way that the policy takes to that account's
//! address. Turns ask one account after another, when one is refused; here all are asked at once. The
//! request that is sent is empty (`{}`): it gets as far as a turn's and asks for nothing that costs.
//!
//! [`survey`] looks, within [`LIMIT`]; [`diagnose`] is a pure function over what was seen. What it could
//! mean for turns to come goes into endpoint memory ([`Transport::learn`](crate::Transport::learn)).

mod diagnosis;
mod door;
mod look;
mod requests;
mod survey;
mod turn;

use std::time::Duration;

pub use diagnosis::{Called, Diagnosis, Weight, diagnose, length, shown as shown_url};
pub use look::{Look, Outcome, Step};
pub use survey::{Door, Lately, Other, Plan, Standby, Survey, survey};
pub use turn::TurnWatch;

/// The longest that a probe may take, all of them running at once.
pub const LIMIT: Duration = Duration::from_secs(4);
