//! What was seen when an attempt ended.

use std::net::SocketAddr;

use alipes_net::{ConnectionFacts, Timings};
use http::{HeaderMap, StatusCode};

/// How much of an unexpected body is kept, in bytes.
pub(super) const BODY_KEPT: usize = 512;

/// How much of an error's code is kept, in bytes. The longest known one has 35.
pub(super) const CODE_KEPT: usize = 64;

/// Facts for people, records and support; never used to decide anything after the fault is named.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The HTTP status, or the status inside an error frame.
    pub status: Option<u16>,
    /// The provider's error code, where it gave one.
    pub code: Option<String>,
    /// The `Server` header.
    pub server: Option<String>,
    /// Cloudflare's id of the request.
    pub cf_ray: Option<String>,
    /// Cloudflare's word for what it did instead of answering.
    pub cf_mitigated: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// The WebSocket close code.
    pub close_code: Option<u16>,
    /// The way out of this machine.
    pub egress: Option<String>,
    /// A proxy that this machine has and that was not used, and why.
    pub unused_proxy: Option<String>,
    /// Who was at the other end.
    pub remote_addr: Option<SocketAddr>,
    /// How long each phase of the dial took.
    pub timings: Timings,
    /// Whether the connection had been used before.
    pub reused: bool,
    /// The error below, for logs.
    pub source: Option<String>,
    /// The beginning of an unexpected body, redacted.
    pub body: Option<String>,
}

impl Evidence {
    /// Every text that came from outside, and how much of it is kept, in bytes.
    pub(super) fn texts(&mut self) -> [(&mut Option<String>, usize); 9] {
        [
            (&mut self.code, CODE_KEPT),
            (&mut self.server, BODY_KEPT),
            (&mut self.cf_ray, BODY_KEPT),
            (&mut self.cf_mitigated, BODY_KEPT),
            (&mut self.request_id, BODY_KEPT),
            (&mut self.egress, BODY_KEPT),
            (&mut self.unused_proxy, BODY_KEPT),
            (&mut self.source, BODY_KEPT),
            (&mut self.body, BODY_KEPT),
        ]
    }

    /// Adds what is known of the connection.
    pub(crate) fn connection(&mut self, facts: &ConnectionFacts) {
        self.egress = Some(facts.way());
        self.remote_addr = Some(facts.remote_addr);
        self.timings = facts.timings.clone();
        self.reused = facts.reused;
        self.unused_proxy = facts.unused_proxy.as_ref().map(ToString::to_string);
    }

    /// Adds what another evidence knows of a response's head.
    pub(crate) fn merge_head(&mut self, head: &Self) {
        self.status = head.status;
        self.server.clone_from(&head.server);
        self.cf_ray.clone_from(&head.cf_ray);
        self.cf_mitigated.clone_from(&head.cf_mitigated);
        self.request_id.clone_from(&head.request_id);
    }

    /// Adds what a response's head tells.
    pub(crate) fn head(&mut self, status: StatusCode, headers: &HeaderMap) {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        self.status = Some(status.as_u16());
        self.server = text("server");
        self.cf_ray = text("cf-ray");
        self.cf_mitigated = text("cf-mitigated");
        self.request_id = text("x-request-id").or_else(|| text("x-oai-request-id"));
    }
}
