//! Errors in this vendor's shape, and with its types: clients of this dialect decide by them
//! whether to try again (Anthropic docs, "Errors").

use super::event::{is_type, status_of, type_of};
use crate::ApiError;
use crate::json::Object;

/// What other vendors' codes and types are called here.
const TYPES: &[(&str, &str)] = &[
    ("rate_limit_exceeded", "rate_limit_error"),
    ("usage_limit_reached", "rate_limit_error"),
    ("insufficient_quota", "billing_error"),
    ("server_is_overloaded", "overloaded_error"),
    ("slow_down", "overloaded_error"),
    ("invalid_api_key", "authentication_error"),
    ("model_not_found", "not_found_error"),
    ("context_length_exceeded", "invalid_request_error"),
    ("invalid_prompt", "invalid_request_error"),
];

/// `{"type":"error","error":{type, message}}`, as the body of a refused request and as the last event
/// of a stream that failed. `status` is the HTTP status, where there is one.
#[must_use]
pub fn error_body(error: &ApiError, status: Option<u16>) -> String {
    let named = TYPES.iter().find(|(name, _)| error.is(name));
    // Two vendors share a type, and one of them says it with any status.
    let fits = |kind: &&str| status.is_none() || status_of(kind) == status;
    let own = error.kind.as_deref().filter(|kind| is_type(kind));
    let kind = named
        .map(|(_, kind)| *kind)
        .or(own.filter(fits))
        .unwrap_or_else(|| status.map_or("api_error", type_of));
    let message = error.message.as_deref().unwrap_or("the request failed");
    // This vendor has no member for the parameter, and begins its words with it.
    let message = match &error.param {
        Some(param) => format!("{param}: {message}"),
        None => message.to_owned(),
    };
    let inner = Object::of_type(kind).put("message", message).end();
    Object::of_type("error").raw("error", &inner).end()
}
