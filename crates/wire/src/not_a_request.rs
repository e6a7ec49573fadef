//! Why a client's request cannot be understood.

use crate::{CannotCarry, Place};

/// What is wrong with a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotARequest {
    /// It is not JSON.
    #[error("the body is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// It is JSON, and not a request.
    #[error("{what}")]
    Shape {
        /// What is wrong with it.
        what: String,
        /// The parameter it is wrong in.
        param: Option<String>,
    },
    /// It asks for something that cannot be passed on.
    #[error(transparent)]
    CannotCarry(#[from] CannotCarry),
}

impl NotARequest {
    pub(crate) fn shape(what: impl Into<String>) -> Self {
        let what = what.into();
        Self::Shape { what, param: None }
    }

    /// Why `body` is no JSON object.
    pub(crate) fn no_object(body: &[u8]) -> Self {
        if let Err(error) = std::str::from_utf8(body) {
            let at = error.valid_up_to();
            return Self::shape(format!(
                "the body is not UTF-8: no character begins at byte {at}"
            ));
        }
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Err(error) => Self::Json(error),
            Ok(_) => Self::shape("the body is not a JSON object"),
        }
    }

    /// The same, in a parameter, which holds the one that was named before.
    #[must_use]
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        let path = path.into();
        match self {
            Self::Shape { what, param } => Self::Shape {
                what,
                param: Some(param.map_or(path.clone(), |inner| format!("{path}.{inner}"))),
            },
            Self::CannotCarry(refused) => Self::CannotCarry(refused.at(Place::Param(path))),
            other => other,
        }
    }

    /// The parameter that is to blame, such as `messages[3]`, as vendors' errors name it.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Shape { param, .. } => param.as_deref(),
            Self::CannotCarry(CannotCarry {
                place: Place::Param(path),
                ..
            }) => Some(path),
            _ => None,
        }
    }
}
