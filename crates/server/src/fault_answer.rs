//! What a client is told of a fault: a status and a code that clients of that vendor act on.

use alipes_models::AsideError;
use alipes_transport::{AuxiliaryFault, Cause, Fault};
use http::StatusCode;

use crate::refusal::Refusal;

impl From<&Fault> for Refusal {
    fn from(fault: &Fault) -> Self {
        let status = status(fault.cause, fault.evidence.status);
        let code = told(fault.cause, fault.evidence.code.as_deref());
        let mut refusal = Self::new(status, code, message(fault));
        refusal.retry_after = fault.retry_after;
        refusal
    }
}

impl From<&AuxiliaryFault> for Refusal {
    fn from(fault: &AuxiliaryFault) -> Self {
        let (cause, status) = (fault.cause(), status(fault.cause(), fault.status()));
        let code = told(cause, fault.code());
        let retry_after = fault.retry_after();
        Self {
            retry_after,
            ..Self::new(status, code, fault.to_string())
        }
    }
}

impl From<AsideError> for Refusal {
    fn from(error: AsideError) -> Self {
        match error {
            AsideError::Fault(fault) => Self::from(&fault),
            AsideError::Nobody => {
                Self::new(StatusCode::NOT_FOUND, "not_offered", error.to_string())
            }
            _ => Self::invalid(error.to_string()),
        }
    }
}

fn message(fault: &Fault) -> String {
    match fault.cause.advice() {
        "nothing to do" => fault.to_string(),
        advice => format!("{fault}; {advice}"),
    }
}

/// A client's fault keeps the provider's status; an account's is not the client's, whose own key was
/// good: it must not be told to sign in anew.
fn status(cause: Cause, told: Option<u16>) -> StatusCode {
    let told = told.and_then(|status| StatusCode::from_u16(status).ok());
    match cause {
        Cause::InvalidRequest
        | Cause::ContextTooLong
        | Cause::Policy
        | Cause::InvalidEncryptedContent => told
            .filter(StatusCode::is_client_error)
            .unwrap_or(StatusCode::BAD_REQUEST),
        Cause::UnknownPreviousResponse => StatusCode::BAD_REQUEST,
        Cause::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Cause::ModelUnavailable => StatusCode::NOT_FOUND,
        Cause::RateLimited | Cause::UsageLimit | Cause::Quota => StatusCode::TOO_MANY_REQUESTS,
        Cause::Overloaded | Cause::Offline | Cause::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Cause::TimedOut
        | Cause::EdgeTimeout
        | Cause::Silent
        | Cause::Stalled
        | Cause::EdgeDead
        | Cause::Deadline => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// The code for a cause: a provider's own where it gave one, since clients decide by it; but what it
/// says of our key is not said of the client's.
fn told(cause: Cause, own: Option<&str>) -> &str {
    let own = own.filter(|_| !matches!(cause, Cause::Unauthorized | Cause::Forbidden));
    own.unwrap_or_else(|| code(cause))
}

/// The code of the Responses and Chat Completions APIs for what they know, else the cause's own name.
fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::ContextTooLong => "context_length_exceeded",
        Cause::UnknownPreviousResponse => "previous_response_not_found",
        Cause::ModelUnavailable => "model_not_found",
        Cause::RateLimited => "rate_limit_exceeded",
        Cause::UsageLimit => "usage_limit_reached",
        Cause::Quota => "insufficient_quota",
        Cause::Overloaded => "server_is_overloaded",
        Cause::InvalidRequest => "invalid_request",
        Cause::ServerError => "server_error",
        other => other.as_str(),
    }
}
