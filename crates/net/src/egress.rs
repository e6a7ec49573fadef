//! How a dial leaves this machine.
//!
//! Decided once per dial, in one place, so that no call of the program can leave by another door
//! than the rest. Proxies are further variants here.

use std::fmt;

use crate::target::Target;

/// The way out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Egress {
    /// Straight to the server.
    Direct,
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
        }
    }
}

/// The way out for this target.
pub(crate) fn decide_egress(_target: &Target) -> Egress {
    Egress::Direct
}
