//! How the simulator can fail to start, or to understand a scenario.

use std::net::SocketAddr;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another address, or port 0 for a free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The throw-away certificates could not be made.
    #[error("cannot make the simulator's certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library did not take the certificates.
    #[error("cannot set up the simulator's TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A fault nobody has heard of.
    #[error("there is no fault `{name}`{}; list them with --list-faults", advice(*nearest))]
    UnknownFault {
        /// The name as it was given.
        name: String,
        /// The right name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// When a fault shall strike cannot be read.
    #[error(
        "cannot read when `{fault}` shall strike from `{when}`; \
         write 2, 2-3 or 2- for attempts, 3s or 2s-9s for a time, or always"
    )]
    BadWhen {
        /// The fault's name.
        fault: String,
        /// The text.
        when: String,
    },
    /// The scenario is not a scenario.
    #[error("line {line} of the scenario: {problem}")]
    BadScenario {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
}

fn advice(name: Option<&str>) -> String {
    name.map_or(String::new(), |name| format!(" (did you mean `{name}`?)"))
}
