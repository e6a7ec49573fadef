//! Names what the room below says went wrong with a connection.

use alipes_base::{Deadline, Expired};
use alipes_net::{NetError, NetErrorKind, Phase as NetPhase};

use super::{Cause, Fault, Phase, Replay};

/// A fault from a connection that failed. `deadline` is the step's own: when it passed, nobody on
/// the wire is to blame.
pub(crate) fn of_net_error(error: &NetError, deadline: &Deadline) -> Fault {
    let phase = phase(error.phase);
    let mut fault = Fault::new(phase, cause(error, phase, deadline));
    if let NetErrorKind::TimedOut { limit, length } = error.kind {
        fault = fault.limited(Expired { limit, length });
    }
    let unprocessed = matches!(error.kind, NetErrorKind::StreamRefused);
    if !error.facts.written || unprocessed || fault.cause == Cause::StaleConnection {
        fault.replay = Replay::Free;
    }
    fault.message = match &error.kind {
        NetErrorKind::TlsOther | NetErrorKind::TlsAlert(_) => Some(NOT_TLS.to_owned()),
        NetErrorKind::CertificateUnknownIssuer => Some(unknown_issuer(error)),
        // The error's own words say more than its cause.
        kind if phase == Phase::Proxy || says_more(kind) => Some(kind.to_string()),
        _ => None,
    };
    let evidence = &mut fault.evidence;
    evidence.egress = error.facts.way();
    evidence.remote_addr = error.facts.remote_addr;
    evidence.timings = error.facts.timings.clone();
    evidence.reused = error.facts.reused;
    evidence.unused_proxy = error.facts.unused_proxy.as_ref().map(ToString::to_string);
    evidence.source = Some(chain(error));
    fault
}

fn phase(phase: NetPhase) -> Phase {
    match phase {
        NetPhase::Resolve => Phase::Resolve,
        NetPhase::Connect => Phase::Connect,
        NetPhase::Proxy => Phase::Proxy,
        NetPhase::Tls => Phase::Tls,
        NetPhase::Upgrade => Phase::Upgrade,
        NetPhase::Send => Phase::Send,
        NetPhase::Headers => Phase::Headers,
        NetPhase::Body => Phase::Stream,
        NetPhase::Close => Phase::Close,
    }
}

fn cause(error: &NetError, phase: Phase, deadline: &Deadline) -> Cause {
    match &error.kind {
        // Whatever the way, these are not its fault.
        NetErrorKind::Offline => Cause::Offline,
        NetErrorKind::ResolverFailed(_) => Cause::ResolverFailed,
        NetErrorKind::TimedOut { limit, .. } if *limit == deadline.limit() => Cause::Deadline,
        NetErrorKind::ProxyAuth { .. } => Cause::ProxyAuth,
        _ if phase == Phase::Proxy => Cause::ProxyRefused,
        NetErrorKind::NameNotFound => Cause::NameNotFound,
        NetErrorKind::Refused => Cause::Refused,
        // The operating system asked on an open connection (keepalive), and nobody answered.
        NetErrorKind::Unreachable if is_open(phase) => Cause::EdgeDead,
        NetErrorKind::Unreachable => Cause::Unreachable,
        NetErrorKind::ProxyRefused { .. } | NetErrorKind::SocksRefused(_) => Cause::ProxyRefused,
        NetErrorKind::BadProxy { .. } => Cause::ProxyRefused,
        NetErrorKind::TimedOut { .. } => match phase {
            Phase::Resolve => Cause::ResolverFailed,
            Phase::Headers => Cause::Silent,
            Phase::Stream => Cause::Stalled,
            _ => Cause::TimedOut,
        },
        NetErrorKind::Reset | NetErrorKind::Closed if died_idle(error) => Cause::StaleConnection,
        NetErrorKind::Reset | NetErrorKind::Closed | NetErrorKind::StreamReset(_)
            if phase == Phase::Stream =>
        {
            Cause::Cut
        }
        NetErrorKind::Reset | NetErrorKind::Closed | NetErrorKind::StreamReset(_) => Cause::Reset,
        NetErrorKind::StreamRefused => Cause::Unprocessed,
        NetErrorKind::CertificateUnknownIssuer => Cause::Intercepted,
        NetErrorKind::CertificateWrongHost
        | NetErrorKind::CertificateOther
        | NetErrorKind::NoRootCertificates
        | NetErrorKind::CaFile { .. } => Cause::Certificate,
        NetErrorKind::CertificateExpired => Cause::Certificate,
        NetErrorKind::CertificateNotYetValid => Cause::ClockSkew,
        NetErrorKind::TlsAlert(_) | NetErrorKind::TlsOther => Cause::Malformed,
        NetErrorKind::TooLarge => Cause::AnswerTooLarge,
        NetErrorKind::Protocol => Cause::Malformed,
        NetErrorKind::UpgradeRefused { .. } => Cause::UpgradeRefused,
        NetErrorKind::BadUrl | NetErrorKind::Io => Cause::Unreachable,
        _ => Cause::Reset,
    }
}

fn is_open(phase: Phase) -> bool {
    matches!(phase, Phase::Send | Phase::Headers | Phase::Stream)
}

/// What is likely behind a TLS handshake that failed without a reason.
const NOT_TLS: &str = "TLS failed; if the server speaks plain HTTP, its URL begins with http://";

/// Kinds that are told apart in words and not by their cause.
fn says_more(kind: &NetErrorKind) -> bool {
    matches!(
        kind,
        NetErrorKind::Io
            | NetErrorKind::BadUrl
            | NetErrorKind::NoRootCertificates
            | NetErrorKind::CaFile { .. }
            | NetErrorKind::BadProxy { .. }
            | NetErrorKind::ProxyAuth { .. }
            | NetErrorKind::CertificateWrongHost
            | NetErrorKind::CertificateExpired
            | NetErrorKind::CertificateOther
    )
}

/// Who signed what nobody here trusts: the name of whoever looks inside.
fn unknown_issuer(error: &NetError) -> String {
    let shown = error.facts.certificate.as_ref();
    let signer = shown.map(|shown| shown.issuer.as_str());
    match signer.filter(|signer| !signer.is_empty()) {
        Some(signer) => {
            format!("the certificate is signed by {signer:?}, which this machine does not trust")
        }
        None => error.kind.to_string(),
    }
}

/// A reused connection that died before a byte of the answer had been closed while it was idle.
fn died_idle(error: &NetError) -> bool {
    error.facts.reused && matches!(error.phase, NetPhase::Send | NetPhase::Headers)
}

/// The error with everything underneath it, for logs.
fn chain(error: &NetError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(below) = source {
        text.push_str(": ");
        text.push_str(&below.to_string());
        source = below.source();
    }
    text
}
