//! The ways to reach an endpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Frames on one WebSocket per conversation; only new input is sent.
    WebSocket,
    /// One HTTP request per step, answered by server-sent events.
    Sse,
    /// Another program on this machine, which asks by itself. No endpoint has it: whoever drives the
    /// program tells what happens as if it were an attempt.
    #[serde(rename = "app-server")]
    AppServer,
}

impl Route {
    /// The name, as configuration, flags and traces spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::AppServer => "app-server",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
