//! Names what a provider says in words of its own: error codes, in a body, an event or a frame.

use alipes_wire::responses::ErrorFrame;
use alipes_wire::{ApiError, try_again_in};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::time::{Duration, SystemTime};

use super::{Cause, Fault, Phase, from_response};

/// The codes and types that name a cause by themselves (codex-protocol §1.6, §2.6 and §3.3; OpenAI
/// and Anthropic error references).
const CODES: &[(&str, Cause)] = &[
    (
        "websocket_connection_limit_reached",
        Cause::ConnectionExpired,
    ),
    (
        "previous_response_not_found",
        Cause::UnknownPreviousResponse,
    ),
    ("context_length_exceeded", Cause::ContextTooLong),
    ("usage_limit_reached", Cause::UsageLimit),
    ("usage_not_included", Cause::Forbidden),
    ("insufficient_quota", Cause::Quota),
    ("billing_hard_limit_reached", Cause::Quota),
    ("server_is_overloaded", Cause::Overloaded),
    ("overloaded_error", Cause::Overloaded),
    ("slow_down", Cause::Overloaded),
    ("rate_limit_exceeded", Cause::RateLimited),
    ("rate_limit_error", Cause::RateLimited),
    ("invalid_encrypted_content", Cause::InvalidEncryptedContent),
    ("model_not_found", Cause::ModelUnavailable),
    ("cyber_policy", Cause::Policy),
    ("content_policy_violation", Cause::Policy),
    ("unsupported_country_region_territory", Cause::Region),
    ("invalid_api_key", Cause::Unauthorized),
    ("token_expired", Cause::Unauthorized),
    ("token_invalidated", Cause::Unauthorized),
    ("authentication_error", Cause::Unauthorized),
    ("invalid_prompt", Cause::InvalidRequest),
    ("invalid_request_error", Cause::InvalidRequest),
    ("server_error", Cause::ServerError),
    ("internal_error", Cause::ServerError),
];

/// The cause that an error's code or type names.
pub(super) fn cause_of(error: &ApiError) -> Option<Cause> {
    CODES
        .iter()
        .find(|(code, _)| error.is(code))
        .map(|(_, cause)| *cause)
}

/// The wait that an error asks for. A reset date is read against `now`.
pub(super) fn wait_of(error: &ApiError, now: SystemTime) -> Option<Duration> {
    let until = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    error
        .resets_in_seconds
        .map(Duration::from_secs)
        .or_else(|| {
            let reset = until(error.resets_at?)?;
            Some(reset.duration_since(now).unwrap_or_default())
        })
        .or_else(|| try_again_in(error.message.as_deref()?))
}

/// A fault from an error inside a response: `response.failed`, or an error without a status.
pub(crate) fn of_api_error(phase: Phase, error: &ApiError, now: SystemTime) -> Fault {
    let mut fault = Fault::new(phase, cause_of(error).unwrap_or(Cause::ServerError));
    fault.retry_after = wait_of(error, now);
    fault.message.clone_from(&error.message);
    fault.evidence.code = error.code.clone().or_else(|| error.kind.clone());
    fault
}

/// A fault from an error frame. With a status it means what the same HTTP response would mean.
pub(crate) fn of_error_frame(phase: Phase, frame: &ErrorFrame, now: SystemTime) -> Fault {
    let status = frame
        .status
        .and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status.filter(|status| !status.is_success()) else {
        return of_api_error(phase, &frame.error, now);
    };
    let headers: HeaderMap = frame
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let mut fault = from_response::of_error(phase, status, &headers, Some(&frame.error), now);
    fault.evidence.head(status, &headers);
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ApiError {
        ApiError {
            code: Some(code.to_owned()),
            message: Some(message.to_owned()),
            ..ApiError::default()
        }
    }

    #[test]
    fn a_code_names_its_cause_wherever_it_stands() {
        let now = SystemTime::UNIX_EPOCH;
        for (code, cause) in CODES {
            assert_eq!(
                of_api_error(Phase::Stream, &error(code, ""), now).cause,
                *cause
            );
        }
        let unknown = of_api_error(Phase::Stream, &error("new_code", "m"), now);
        assert_eq!(unknown.cause, Cause::ServerError);
        assert_eq!(unknown.message.as_deref(), Some("m"));
    }

    #[test]
    fn a_reset_is_read_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let at = ApiError {
            resets_at: Some(1_060),
            ..ApiError::default()
        };
        assert_eq!(wait_of(&at, now), Some(Duration::from_secs(60)));
        let within = ApiError {
            resets_in_seconds: Some(5),
            ..at
        };
        assert_eq!(wait_of(&within, now), Some(Duration::from_secs(5)));
        let said = error("rate_limit_exceeded", "Please try again in 1.3s.");
        assert_eq!(wait_of(&said, now), Some(Duration::from_millis(1_300)));
        let never = ApiError {
            resets_at: Some(u64::MAX),
            ..ApiError::default()
        };
        assert_eq!(wait_of(&never, now), None);
    }

    #[test]
    fn a_status_inside_a_frame_means_what_http_means() {
        let frame = ErrorFrame {
            status: Some(429),
            error: error("", "slow"),
            headers: [("retry-after".to_owned(), "7".to_owned())].into(),
        };
        let fault = of_error_frame(Phase::Headers, &frame, SystemTime::UNIX_EPOCH);
        assert_eq!(fault.cause, Cause::RateLimited);
        assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
        let limit = ErrorFrame {
            status: Some(400),
            error: error("websocket_connection_limit_reached", ""),
            ..ErrorFrame::default()
        };
        let fault = of_error_frame(Phase::Headers, &limit, SystemTime::UNIX_EPOCH);
        assert_eq!(fault.cause, Cause::ConnectionExpired);
    }
}
