//! Whether it is the network of this machine that is gone, and not one endpoint.
//!
//! One endpoint that cannot be reached is that endpoint's trouble. When two that have nothing to do
//! with each other cannot be reached within the same minute, and nothing was reached between, the
//! likelier story is a cable, a lift or a closed lid; and against that no other provider helps.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::{Host, Url};

use crate::profile::is_near;
use crate::{Cause, Fault, Phase};

/// How long a failure counts.
const COUNTS: Duration = Duration::from_secs(60);

/// How many failures are remembered.
const MOST: usize = 16;

/// Who could not be reached lately, by registered domain or address.
#[derive(Debug, Default)]
pub(crate) struct Reachability(Mutex<BTreeMap<String, Instant>>);

impl Reachability {
    /// An endpoint failed by `fault`. Whether that makes two that have nothing to do with each other.
    pub(crate) fn failed(&self, endpoint: &Url, fault: &Fault, now: Instant) -> bool {
        let dialling = matches!(fault.phase, Phase::Resolve | Phase::Connect);
        let out_of_reach = matches!(
            fault.cause,
            Cause::Unreachable | Cause::TimedOut | Cause::ResolverFailed
        );
        if !dialling || !out_of_reach {
            // It has answered in some way, so there is a network.
            if fault.evidence.remote_addr.is_some() {
                self.reached();
            }
            return false;
        }
        let Some(whose) = domain(endpoint).filter(|_| !is_nearby(endpoint)) else {
            return false;
        };
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, at| now.saturating_duration_since(*at) < COUNTS);
        if failed.len() < MOST {
            failed.insert(whose, now);
        }
        failed.len() > 1
    }

    /// Something was reached.
    pub(crate) fn reached(&self) {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clear();
    }
}

/// Whom an endpoint belongs to: the last two labels of its name, which is too coarse for `co.uk` and
/// errs towards "related" there; or its address. `None` for this machine itself.
pub(crate) fn domain(endpoint: &Url) -> Option<String> {
    match endpoint.host()? {
        Host::Domain(name) => {
            let mut labels: Vec<&str> = name.rsplit('.').take(2).collect();
            labels.reverse();
            (name != "localhost").then(|| labels.join("."))
        }
        Host::Ipv4(ip) => (!ip.is_loopback()).then(|| ip.to_string()),
        Host::Ipv6(ip) => (!ip.is_loopback()).then(|| ip.to_string()),
    }
}

/// Whether it is in the network that this machine is in: a server there that is off says nothing about
/// the way out (names: RFC 6762, section 3; RFC 8375).
fn is_nearby(endpoint: &Url) -> bool {
    let Some(host) = endpoint.host_str() else {
        return false;
    };
    let is_name = matches!(endpoint.host(), Some(Host::Domain(_)));
    let ends = [".local", ".home.arpa", ".internal"];
    let is_named_so = !host.contains('.') || ends.iter().any(|end| host.ends_with(end));
    is_near(host) || (is_name && is_named_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(known: &Reachability, url: &str, phase: Phase, cause: Cause) -> bool {
        let now = alipes_base::Clock::system().now();
        known.failed(&Url::parse(url).unwrap(), &Fault::new(phase, cause), now)
    }

    #[tokio::test(start_paused = true)]
    async fn two_unrelated_endpoints_out_of_reach_are_no_coincidence() {
        let known = Reachability::default();
        let out = |url| failed(&known, url, Phase::Connect, Cause::Unreachable);
        assert!(!out("https://api.one.example"));
        assert!(!out("https://eu.one.example"), "the same house");
        assert!(!out("http://localhost:1") && !out("http://127.0.0.1:1"));
        for nearby in [
            "http://192.168.1.5:11434",
            "http://10.1.2.3",
            "http://[fd00::5]:1",
            "http://ollama-box:11434",
            "http://nas.local",
        ] {
            assert!(
                !out(nearby),
                "{nearby}: a server of this network that is off"
            );
        }
        assert!(out("https://api.other.test"));
        known.reached();
        assert!(!out("https://api.one.example"), "there is a network");
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_of_the_same_minute_count_and_only_those_to_reach() {
        let known = Reachability::default();
        assert!(!failed(
            &known,
            "https://a.example",
            Phase::Connect,
            Cause::TimedOut
        ));
        tokio::time::advance(COUNTS).await;
        assert!(!failed(
            &known,
            "https://b.test",
            Phase::Resolve,
            Cause::ResolverFailed
        ));
        assert!(!failed(
            &known,
            "https://c.test",
            Phase::Connect,
            Cause::Refused
        ));
        assert!(!failed(
            &known,
            "https://d.test",
            Phase::Upgrade,
            Cause::TimedOut
        ));
        assert!(failed(
            &known,
            "https://e.example",
            Phase::Connect,
            Cause::TimedOut
        ));
    }
}
