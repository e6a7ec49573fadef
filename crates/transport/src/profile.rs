//! What an endpoint offers and tolerates.

use std::time::Duration;

use crate::{Patience, Route};

/// The properties of a kind of endpoint. Every number here is a starting value, not a law.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The profile's name.
    pub name: &'static str,
    /// The routes, best first.
    pub routes: &'static [Route],
    /// How long to wait for what.
    pub patience: Patience,
    /// The largest WebSocket frame in bytes, uncompressed; larger requests go by SSE. The ChatGPT
    /// backend closes on 16 MiB (codex-protocol §2.5).
    pub max_frame: usize,
    /// After what age a socket is replaced before it is used again. The service closes its own at
    /// 60 minutes (codex-protocol §2.4).
    pub max_socket_age: Duration,
    /// How long one send may take. A 6 MB prompt on a 64 kB/s uplink is healthy.
    pub send_limit: Duration,
}

const MAX_FRAME: usize = 16 * 1024 * 1024 - 64 * 1024;
const MAX_SOCKET_AGE: Duration = Duration::from_secs(50 * 60);
const SEND_LIMIT: Duration = Duration::from_secs(180);

const BOTH: &[Route] = &[Route::WebSocket, Route::Sse];
const SSE: &[Route] = &[Route::Sse];

impl Profile {
    /// The profiles that ship with the program.
    pub const BUILTIN: [Self; 4] = [
        Self::new("openai-codex", BOTH, Patience::COLD),
        Self::new("openai", BOTH, Patience::COLD),
        Self::new("openai-compatible", SSE, Patience::COLD),
        Self::new("local", SSE, Patience::LOCAL),
    ];

    const fn new(name: &'static str, routes: &'static [Route], patience: Patience) -> Self {
        Self {
            name,
            routes,
            patience,
            max_frame: MAX_FRAME,
            max_socket_age: MAX_SOCKET_AGE,
            send_limit: SEND_LIMIT,
        }
    }

    /// A built-in profile by name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::BUILTIN
            .into_iter()
            .find(|profile| profile.name == name)
    }

    /// The profile for a host that names none: `local` for loopback, else by host, else
    /// `openai-compatible`.
    #[must_use]
    pub fn for_host(host: &str) -> Self {
        let host = host.trim_matches(['[', ']']);
        let loopback = host.parse::<std::net::IpAddr>().map_or(
            host == "localhost" || host.ends_with(".localhost"),
            |address| address.is_loopback(),
        );
        let [codex, openai, compatible, local] = Self::BUILTIN;
        match host {
            _ if loopback => local,
            "chatgpt.com" => codex,
            "api.openai.com" => openai,
            _ => compatible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_chooses_its_profile() {
        let table = [
            ("chatgpt.com", "openai-codex"),
            ("api.openai.com", "openai"),
            ("example.org", "openai-compatible"),
            ("notchatgpt.com", "openai-compatible"),
            ("localhost", "local"),
            ("127.0.0.9", "local"),
            ("[::1]", "local"),
        ];
        for (host, profile) in table {
            assert_eq!(Profile::for_host(host).name, profile, "{host}");
        }
        assert!(Profile::named("nobody").is_none());
    }
}
