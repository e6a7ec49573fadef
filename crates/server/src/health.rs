//! Whether the server is there, and whether it can be asked.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::server::Shared;

/// It is there. Says nothing else, because everybody may ask.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// There is a model to be asked.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let serving = shared.serving.load();
    let mut providers = serving.catalog.providers().into_iter();
    match providers.any(|provider| provider.configured) {
        true => "ready\n".into_response(),
        false => {
            let why = "no provider is configured\n";
            (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
        }
    }
}
