//! What clients ask for beside answers, passed on to a provider that has it.
//!
//! Where none has, that is said (404), and clients have their own way then: Claude Code counts tokens
//! itself when it is refused, and believes any number that it is given.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::AsideError;
use alipes_transport::Cause;
use alipes_wire::{Dialect, Relayed};
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::door::Admission;
use crate::refusal::Refusal;
use crate::respond;
use crate::server::Shared;

/// How long a conversation may take to be made shorter: as long as the official client waits
/// (codex-protocol §1.1).
const COMPACT: Duration = Duration::from_secs(20 * 60);

/// How long counting may take.
const COUNT: Duration = Duration::from_secs(60);

/// What is asked for.
struct Wanted {
    dialect: Dialect,
    path: &'static str,
    limit: Duration,
}

/// Answers `POST /v1/responses/compact`.
pub(crate) async fn compact(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    let wanted = Wanted {
        dialect: Dialect::Responses,
        path: "responses/compact",
        limit: COMPACT,
    };
    answer(&shared, &admission, wanted, request).await
}

/// Answers `POST /v1/messages/count_tokens`.
pub(crate) async fn count_tokens(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    request: Request,
) -> Response {
    let wanted = Wanted {
        dialect: Dialect::Messages,
        path: "messages/count_tokens",
        limit: COUNT,
    };
    answer(&shared, &admission, wanted, request).await
}

async fn answer(
    shared: &Arc<Shared>,
    admission: &Admission,
    wanted: Wanted,
    request: Request,
) -> Response {
    let dialect = wanted.dialect;
    let asked = tokio::select! {
        asked = ask(shared, admission, wanted, request) => asked,
        () = shared.drain.is_over() => Err(Refusal::stopping()),
    };
    asked.unwrap_or_else(|refusal| refusal.response(dialect))
}

async fn ask(
    shared: &Arc<Shared>,
    admission: &Admission,
    wanted: Wanted,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = respond::carried(request.headers());
    let body = respond::read(shared, request).await?;
    let words = Relayed::parse(wanted.dialect, body.bytes.clone());
    let words = words.map_err(respond::not_a_request)?;
    let previous = words.previous_response_id.clone();
    let said = respond::Said {
        words,
        headers,
        asker: respond::asker(&admission.client, &admission.call_id),
        in_one_piece: true,
    };
    let prepared = respond::prepare(shared, &admission.client, said)?;
    let (mut lease, request) = (prepared.lease, prepared.request);
    let deadline = Deadline::after(&shared.clock, "request", wanted.limit);
    let asked = lease.relay().aside(wanted.path, &request, deadline);
    let answer = asked.await.map_err(|error| match (&error, previous) {
        (AsideError::Fault(fault), Some(id)) if fault.cause() == Cause::UnknownPreviousResponse => {
            Refusal::unknown_response(&id)
        }
        _ => Refusal::from(error),
    })?;
    lease.give_back();
    let mut response = Response::new(Body::from(answer.body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
