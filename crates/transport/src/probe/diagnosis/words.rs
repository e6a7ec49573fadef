//! How things that were seen are called.

use std::time::Duration;

use alipes_net::{Egress, UnusedReason, Way};
use url::Url;

use super::super::{Door, Survey};
use crate::{Cause, Fault, Phase};

/// A connection that takes less stands at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The URL without its query, which may hold a key.
#[must_use]
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// `direct connections`, `connections through http://p:1 (HTTPS_PROXY)`.
pub(super) fn connections(egress: &Egress) -> String {
    match egress.way {
        Way::Direct => "direct connections".to_owned(),
        _ => format!("connections {}", through(egress)),
    }
}

/// `directly`, `through http://p:1 (HTTPS_PROXY)`.
pub(super) fn through(egress: &Egress) -> String {
    match &egress.way {
        Way::Proxy(proxy) => format!("through {proxy} ({})", egress.source),
        _ => "directly".to_owned(),
    }
}

/// What became of connections, as the end of a sentence.
pub(super) fn fate(fault: &Fault, door: &Door) -> String {
    let during = match fault.phase {
        Phase::Tls => " during TLS",
        Phase::Proxy => " at the proxy",
        Phase::Upgrade => " when they are upgraded",
        Phase::Send | Phase::Headers | Phase::FirstOutput => " when a request is sent",
        _ => "",
    };
    match fault.cause {
        Cause::Reset => format!("are reset{during}"),
        Cause::TimedOut | Cause::Silent | Cause::Stalled | Cause::EdgeDead => {
            format!("get no answer{during}")
        }
        Cause::Cut => format!("are cut off{during}"),
        Cause::Refused => "are refused: nothing listens there".to_owned(),
        Cause::Unreachable => "find no way there".to_owned(),
        Cause::Offline => "find no network at all".to_owned(),
        Cause::NameNotFound => "fail: the host name does not exist".to_owned(),
        Cause::ResolverFailed => "fail: the name resolver does not answer".to_owned(),
        Cause::Intercepted => format!("meet {}, which this machine does not trust", signer(door)),
        Cause::Challenge => "are asked for a browser challenge".to_owned(),
        Cause::Blocked => "are blocked by the edge".to_owned(),
        Cause::CaptivePortal => "meet the login page of a network".to_owned(),
        Cause::NotAnApi => "meet a web page instead of the API".to_owned(),
        Cause::NoSuchEndpoint => "meet a server that does not know this address".to_owned(),
        Cause::Redirected => "are sent elsewhere".to_owned(),
        Cause::EncodedAnswer => "get their answer compressed".to_owned(),
        Cause::Malformed => format!("get something that is not the protocol{during}"),
        Cause::ServerError | Cause::Overloaded | Cause::EdgeTimeout => {
            "are answered with a failure".to_owned()
        }
        cause => {
            let why = fault.message.as_deref().unwrap_or(cause.as_str());
            format!("fail{during}: {why}")
        }
    }
}

/// `a certificate signed by "Company Root"`.
pub(super) fn signer(door: &Door) -> String {
    let shown = door.certificate.as_ref().map(|shown| shown.issuer.as_str());
    match shown.filter(|issuer| !issuer.is_empty()) {
        Some(issuer) => format!("a certificate signed by {issuer:?}"),
        None => "a certificate".to_owned(),
    }
}

/// `: it is for "h", signed by "R"`, as far as that could be read.
pub(super) fn shown_certificate(door: &Door) -> String {
    match &door.certificate {
        Some(shown) => format!(
            ": it is {:?}'s, signed by {:?}",
            shown.subject, shown.issuer
        ),
        None => String::new(),
    }
}

/// How a proxy that was passed by comes to be used.
pub(super) fn use_it(survey: &Survey, door: &Door) -> String {
    let unused = survey.departure.unused.as_ref();
    let source = &door.egress.source;
    match unused.map(|unused| &unused.reason) {
        Some(UnusedReason::Exception { list, entry }) => {
            format!("take {entry:?} out of {list}")
        }
        Some(UnusedReason::OtherScheme) => {
            let scheme = if survey.target.tls { "HTTPS" } else { "HTTP" };
            format!("set {scheme}_PROXY too: {source} is for the other scheme")
        }
        Some(UnusedReason::ConfiguredDirect { by }) => format!("leave out {by}"),
        _ => "name it with --proxy, or as proxy under [network]".to_owned(),
    }
}

/// `1 day`, `3 hours`, `42 seconds`: in the largest unit of which there is one, rounded.
#[must_use]
pub fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    // A second short of a day is a day.
    let fitting = units
        .into_iter()
        .find(|(unit, _)| seconds + seconds / 100 >= *unit);
    let (unit, name) = fitting.unwrap_or((1, "second"));
    let number = (seconds + unit / 2) / unit;
    match number {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    }
}

/// `at once`, `in 0.2 s`: how soon a connection stands.
pub(super) fn soon(length: Duration) -> String {
    match length < AT_ONCE {
        true => "at once".to_owned(),
        false => format!("in {:.1} s", length.as_secs_f64()),
    }
}

/// ` (403, cf-ray 8f2-SJC)`: what identifies an answer; nothing where there is nothing to tell.
pub(super) fn marks(fault: &Fault) -> String {
    let evidence = &fault.evidence;
    let status = evidence.status.map(|status| status.to_string());
    let code = evidence.code.clone();
    let ray = evidence.cf_ray.as_ref().map(|ray| format!("cf-ray {ray}"));
    let id = evidence.request_id.as_ref();
    let id = id.map(|id| format!("request id {id}"));
    let told: Vec<String> = [status, code, ray, id].into_iter().flatten().collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" ({})", told.join(", ")),
    }
}
