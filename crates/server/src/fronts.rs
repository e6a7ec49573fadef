//! The end points that answer as a model does, one for each dialect. What a dialect's answers look
//! like is known to `alipes_wire`; all else is the same for every one (`respond`).

use std::sync::Arc;

use alipes_wire::Dialect;
use axum::extract::{Extension, Request, State};
use axum::response::Response;

use crate::door::Admission;
use crate::respond::respond;
use crate::server::Shared;

/// Answers `POST /v1/responses`.
pub(crate) async fn responses(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    respond(&shared, admission, Dialect::Responses, request).await
}

/// Answers `POST /v1/chat/completions`.
pub(crate) async fn chat(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    respond(&shared, admission, Dialect::Chat, request).await
}

/// Answers `POST /v1/messages`.
pub(crate) async fn messages(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    respond(&shared, admission, Dialect::Messages, request).await
}

/// What the ids of a dialect's answers begin with.
pub(crate) fn id_prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Responses => "resp_",
        Dialect::Chat => "chatcmpl-",
        Dialect::Messages => "msg_",
    }
}
