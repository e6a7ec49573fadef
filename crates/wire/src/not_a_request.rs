//! Why a client's request cannot be understood.

use crate::CannotCarry;

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotARequest {
    /// It is not JSON.
    #[error("the body is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// It is JSON, and not a request.
    #[error("{0}")]
    Shape(String),
    /// It asks for something that cannot be passed on.
    #[error(transparent)]
    CannotCarry(#[from] CannotCarry),
}

impl NotARequest {
    pub(crate) fn shape(what: impl Into<String>) -> Self {
        Self::Shape(what.into())
    }

    /// Why `body` is no JSON object.
    pub(crate) fn no_object(body: &[u8]) -> Self {
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Err(error) => Self::Json(error),
            Ok(_) => Self::shape("the body is not a JSON object"),
        }
    }
}
