//! Why a request gets no answer, said in the shape of its dialect.

use std::time::Duration;

use alipes_wire::{ApiError, Dialect};
use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};

/// SDKs of both vendors repeat a refused request by themselves, unless this header says no. What can
/// be mended by asking again has been asked again here.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A request that is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: Box<ApiError>,
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with a code for machines and a text for people.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let error = ApiError {
            code: Some(code.to_owned()),
            kind: Some(kind(status).to_owned()),
            message: Some(message.into()),
            ..ApiError::default()
        };
        Self {
            status,
            error: Box::new(error),
            retry_after: None,
        }
    }

    /// The request is not what it should be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// The response of this name, which the client goes on from, is not known. Told as its vendor does,
    /// by the name that the client used: what a provider calls it is between us and the provider.
    pub(crate) fn unknown_response(id: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        let why = format!("Previous response with id '{id}' not found.");
        Self::new(StatusCode::BAD_REQUEST, "previous_response_not_found", why)
            .about("previous_response_id")
    }

    /// The server ends; who comes again may find the next one.
    pub(crate) fn stopping() -> Self {
        let why = "the server is being stopped";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_stopping", why);
        refusal.after(Duration::from_secs(1))
    }

    /// The same, about this member of the request.
    pub(crate) fn about(mut self, param: &str) -> Self {
        self.error.param = Some(param.to_owned());
        self
    }

    /// The same, to be asked again after a while.
    pub(crate) fn after(self, wait: Duration) -> Self {
        let retry_after = Some(wait);
        Self {
            retry_after,
            ..self
        }
    }

    /// After how many seconds it may be asked again; rounded up, for a wait is never shortened.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?;
        Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// The answer in a dialect.
    pub(crate) fn response(&self, dialect: Dialect) -> Response {
        let body = dialect.error_body(&self.error, Some(self.status.as_u16()));
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        match self.retry_after_seconds() {
            Some(seconds) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            None => {
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
        }
        response
    }
}

/// The type that goes with a status (OpenAI API reference, "Error codes").
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 | 405 => "not_found_error",
        429 => "rate_limit_error",
        504 => "timeout_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
