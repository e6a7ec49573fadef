//! `POST /v1/responses`: the front of the Responses dialect.

mod passing;

use std::sync::Arc;

use alipes_wire::Dialect;
use axum::extract::{Extension, Request, State};
use axum::response::Response;

use crate::door::Admission;
use crate::front::{Asked, Front, Writer};
use crate::respond::respond;
use crate::server::Shared;
use passing::PassingWriter;

/// The front of this dialect.
pub(crate) struct Responses;

/// Answers `POST /v1/responses`.
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    respond(&shared, admission, &Responses, request).await
}

impl Front for Responses {
    fn dialect(&self) -> Dialect {
        Dialect::Responses
    }

    fn id_prefix(&self) -> &'static str {
        "resp_"
    }

    fn writer(&self, asked: &Asked, from: Dialect) -> Option<Box<dyn Writer>> {
        match from {
            Dialect::Responses => Some(Box::new(PassingWriter::new(asked))),
            Dialect::Chat | Dialect::Messages => None,
        }
    }
}
