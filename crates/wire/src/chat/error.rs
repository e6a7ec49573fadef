//! Errors in this vendor's shape: the body of a refused request, and the last event of a stream
//! that failed (the `OpenAI` SDKs raise what they find under `error`).

use crate::ApiError;
use crate::json::Object;

/// `{"error":{message, type, param, code}}`.
#[must_use]
pub fn error_body(error: &ApiError) -> String {
    let kind = error.kind.as_deref().unwrap_or("server_error");
    let message = error.message.as_deref().unwrap_or("the request failed");
    let inner = Object::new()
        .put("message", message)
        .put("type", kind)
        .put("param", error.param.as_deref())
        .put("code", error.code.as_deref())
        .put_some("resets_at", error.resets_at)
        .put_some("resets_in_seconds", error.resets_in_seconds);
    Object::new().raw("error", &inner.end()).end()
}
