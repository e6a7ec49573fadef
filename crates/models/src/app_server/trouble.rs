//! What can go wrong with the program, as faults.
//!
//! Its own words for an error (`codexErrorInfo`, codex-protocol §7.2) name the cause; its message is
//! for people and is never read here.

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::Expired;
use alipes_transport::{Cause, Fault, Phase};
use serde_json::Value;

use super::message::Refusal;
use super::version::{NEEDED, Version};

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not installed.
    Missing,
    /// It cannot be started.
    NotStarted(PathBuf, std::io::Error),
    /// It is too old.
    TooOld(Version),
    /// It is signed in to nothing.
    NotSignedIn,
    /// It ended; this is the last that it said.
    Ended(Option<String>),
    /// It sent a line without an end.
    LineTooLong,
    /// A limit has passed.
    Expired(Expired),
    /// It does not do what it was asked.
    Refused {
        method: &'static str,
        refusal: Refusal,
    },
    /// Its turn failed.
    Failed(TurnError),
    /// It gave up its turn without a word.
    Interrupted,
}

/// How it says that a turn failed, or that an attempt of its own did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TurnError {
    pub(super) message: String,
    pub(super) cause: Cause,
    /// The HTTP status that it met.
    pub(super) status: Option<u16>,
    /// How long until the limit is lifted, where it is one and that is known.
    pub(super) retry_after: Option<Duration>,
}

/// The most characters of a message: it quotes whole web pages.
const MESSAGE: usize = 400;

/// What its names mean. Those without a place here are failures of its own.
const CAUSES: &[(&str, Cause)] = &[
    ("contextWindowExceeded", Cause::ContextTooLong),
    ("sessionBudgetExceeded", Cause::UsageLimit),
    ("usageLimitExceeded", Cause::UsageLimit),
    ("rateLimitExceeded", Cause::RateLimited),
    ("flexUnavailable", Cause::Overloaded),
    ("serverOverloaded", Cause::Overloaded),
    ("policyCapacityUnavailable", Cause::Overloaded),
    ("modelNotFound", Cause::ModelUnavailable),
    ("cyberPolicy", Cause::Policy),
    ("misalignmentPolicyViolation", Cause::Policy),
    ("inferenceHookDenied", Cause::Policy),
    ("tooManyDenials", Cause::Incomplete),
    ("unauthorized", Cause::Unauthorized),
    ("badRequest", Cause::InvalidRequest),
    ("internalServerError", Cause::ServerError),
    ("httpConnectionFailed", Cause::Unreachable),
    ("responseStreamConnectionFailed", Cause::Unreachable),
    ("responseStreamDisconnected", Cause::Cut),
    ("responseTooManyFailedAttempts", Cause::Unreachable),
];

impl TurnError {
    /// Reads `TurnError{message, codexErrorInfo, additionalDetails}`.
    pub(super) fn read(error: &Value) -> Self {
        let info = &error["codexErrorInfo"];
        let tagged = info.as_object().and_then(|object| object.iter().next());
        let (name, detail) = match tagged {
            Some((name, detail)) => (name.as_str(), detail),
            None => (info.as_str().unwrap_or_default(), &Value::Null),
        };
        let status = detail["httpStatusCode"].as_u64();
        let status = status.and_then(|status| u16::try_from(status).ok());
        let named = CAUSES.iter().find(|(known, _)| *known == name);
        let named = named.map_or(Cause::ServerError, |(_, cause)| *cause);
        let said = ["additionalDetails", "message"].map(|field| error[field].as_str());
        let message = said.into_iter().flatten().next().unwrap_or_default();
        Self {
            message: message.chars().take(MESSAGE).collect(),
            cause: status.map_or(named, |status| of_status(status, named)),
            status,
            retry_after: None,
        }
    }
}

/// A status says more than that there was no stream.
fn of_status(status: u16, named: Cause) -> Cause {
    match status {
        401 => Cause::Unauthorized,
        402 => Cause::Quota,
        403 => Cause::Forbidden,
        404 | 405 => Cause::NoSuchEndpoint,
        413 => Cause::TooLarge,
        429 => Cause::RateLimited,
        503 => Cause::Overloaded,
        504 | 522 | 524 => Cause::EdgeTimeout,
        400..500 => Cause::InvalidRequest,
        500..600 => Cause::ServerError,
        _ => named,
    }
}

impl Trouble {
    /// The fault that an attempt ends in, when it had come as far as `phase`.
    pub(super) fn fault(self, phase: Phase) -> Fault {
        match self {
            Self::Missing => unavailable("there is no `codex` in PATH"),
            Self::NotStarted(path, error) => {
                unavailable(&format!("{} does not start: {error}", path.display()))
            }
            Self::TooOld(found) => unavailable(&format!(
                "Codex CLI {found} is installed, and {NEEDED} or newer is needed"
            )),
            Self::NotSignedIn => Fault::new(Phase::Credential, Cause::ClientUnavailable)
                .because("the Codex CLI is not signed in; run `codex login`"),
            Self::Ended(said) => ended(phase, said),
            Self::LineTooLong => Fault::new(phase, Cause::Malformed)
                .because("the Codex CLI sent a line of more than 8 MiB"),
            Self::Expired(limit) => expired(phase, limit),
            Self::Refused { method, refusal } => refused(phase, method, &refusal),
            Self::Failed(error) => failed(phase, error),
            Self::Interrupted => Fault::new(phase, Cause::Incomplete)
                .because("the Codex CLI gave up the turn by itself"),
        }
    }
}

fn unavailable(why: &str) -> Fault {
    Fault::new(Phase::Connect, Cause::ClientUnavailable).because(why)
}

fn ended(phase: Phase, said: Option<String>) -> Fault {
    let said = said.map_or_else(String::new, |said| format!(": {said}"));
    match phase {
        Phase::Connect => unavailable(&format!("`codex app-server` ended at once{said}")),
        _ => Fault::new(phase, Cause::Cut).because(&format!("the Codex CLI ended{said}")),
    }
}

/// Its silence is a fault of its own; any other limit is ours.
fn expired(phase: Phase, limit: Expired) -> Fault {
    let cause = match limit.limit {
        STARTING => Cause::ClientUnavailable,
        PREPARING | FIRST_OUTPUT => Cause::Silent,
        OUTPUT => Cause::Stalled,
        _ => Cause::Deadline,
    };
    Fault::new(phase, cause).limited(limit)
}

/// The limit on its start.
pub(super) const STARTING: &str = "app_server";

/// The limit on its taking of the conversation.
pub(super) const PREPARING: &str = "app_server_thread";

/// The limit on its first output.
pub(super) const FIRST_OUTPUT: &str = "first_output";

/// The limit on its trying again.
pub(super) const RETRYING: &str = "app_server_retries";

/// The limit on its silence after that.
pub(super) const OUTPUT: &str = "output";

fn refused(phase: Phase, method: &str, refusal: &Refusal) -> Fault {
    /// The program's own code for "too much at once" (codex-protocol §7.2).
    const OVERLOADED: i64 = -32_001;
    let cause = match refusal.code {
        OVERLOADED => Cause::Overloaded,
        _ => Cause::InvalidRequest,
    };
    let message: String = refusal.message.chars().take(MESSAGE).collect();
    Fault::new(phase, cause).because(&format!("the Codex CLI refused {method}: {message}"))
}

fn failed(phase: Phase, error: TurnError) -> Fault {
    let mut fault = Fault::new(phase, error.cause).because(&error.message);
    fault.evidence.status = error.status;
    fault.retry_after = error.retry_after;
    match error.cause {
        Cause::Unauthorized => fault.because("sign in again with `codex login`"),
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn its_errors_have_causes() {
        let status =
            |status: u16| json!({"responseStreamDisconnected": {"httpStatusCode": status}});
        let table = [
            (json!("usageLimitExceeded"), Cause::UsageLimit),
            (json!("contextWindowExceeded"), Cause::ContextTooLong),
            (json!("other"), Cause::ServerError),
            (json!("brandNew"), Cause::ServerError),
            (json!(null), Cause::ServerError),
            (json!({"brandNew": {"x": 1}}), Cause::ServerError),
            (
                json!({"responseStreamDisconnected": {"httpStatusCode": null}}),
                Cause::Cut,
            ),
            (json!({"httpConnectionFailed": {}}), Cause::Unreachable),
            (status(401), Cause::Unauthorized),
            (status(403), Cause::Forbidden),
            (status(502), Cause::ServerError),
            (status(524), Cause::EdgeTimeout),
            (status(1), Cause::Cut),
        ];
        for (info, cause) in table {
            let error = TurnError::read(&json!({"message": "m", "codexErrorInfo": info}));
            assert_eq!(error.cause, cause, "{info}");
        }
    }

    #[test]
    fn what_it_says_is_told_and_bounded() {
        let error = TurnError::read(&json!({
            "message": "Reconnecting... 1/5", "additionalDetails": "x".repeat(10_000),
        }));
        assert_eq!(error.message.len(), MESSAGE);
        let fault = Trouble::Failed(TurnError::read(&json!({
            "message": "no", "codexErrorInfo": {"httpConnectionFailed": {"httpStatusCode": 401}},
        })))
        .fault(Phase::FirstOutput);
        assert_eq!(
            (fault.cause, fault.evidence.status),
            (Cause::Unauthorized, Some(401))
        );
        assert!(fault.message.unwrap().contains("codex login"));
    }
}
