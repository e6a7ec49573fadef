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
    match shared.serving.load().is_ready() {
        true => "ready\n".into_response(),
        false => {
            let why = "no provider is configured; `alipes providers add NAME` adds one\n";
            (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
        }
    }
}
