//! What is known of endpoints, for whoever shows it to a person.

use std::time::SystemTime;

use serde_json::Value;

use super::Snapshot;
use super::facts::{Fact, Remembered};
use crate::Cause;

/// One thing that is believed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFact {
    /// What it says, by its stored name: `websocket-refused`, `challenged`, `breaker-open`.
    pub what: String,
    /// Whom it is about: an endpoint's origin, a server as `host:port`, or a host; nobody, if it is about a way
    /// out or an account alone.
    pub endpoint: Option<String>,
    /// The way out that it is about, if it is about one.
    pub egress: Option<String>,
    /// The fault behind it.
    pub cause: Option<Cause>,
    /// When it was noted, in milliseconds since the Unix epoch.
    pub noted_ms: u64,
    /// Until when it is believed, likewise.
    pub until_ms: u64,
}

impl Snapshot {
    /// What is believed at `now`, what ends last first.
    #[must_use]
    pub fn facts(&self, now: SystemTime) -> Vec<KnownFact> {
        let believed = self
            .facts
            .iter()
            .filter(|(_, known)| !known.withdrawn && known.until() > now);
        let mut facts: Vec<_> = believed.map(|(fact, known)| told(fact, known)).collect();
        facts.sort_by_key(|fact| std::cmp::Reverse(fact.until_ms));
        facts
    }
}

/// The fields of every kind have the same names where they are the same.
fn told(fact: &Fact, known: &Remembered) -> KnownFact {
    let fields = serde_json::to_value(fact).unwrap_or_default();
    let field = |name: &str| fields.get(name).and_then(Value::as_str);
    let endpoint = field("endpoint").map(|key| key.split('#').next().unwrap_or(key));
    KnownFact {
        what: field("fact").unwrap_or_default().to_owned(),
        endpoint: endpoint
            .or_else(|| field("server"))
            .or_else(|| field("host"))
            .map(str::to_owned),
        egress: field("egress").map(str::to_owned),
        cause: known.reason.as_ref().map(|reason| reason.cause),
        noted_ms: known.noted,
        until_ms: known.until,
    }
}
