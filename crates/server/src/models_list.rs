//! `GET /v1/models` and `GET /v1/models/NAME`: the names that this client may ask for, in both vendors'
//! shapes.

use std::sync::Arc;

use alipes_wire::Dialect;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::door::Admission;
use crate::routing;
use crate::server::Shared;

/// Only clients of the Messages API send it.
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Models have no date of their own here.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// Lists the models.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    headers: HeaderMap,
) -> Response {
    let serving = shared.serving.load();
    let names = routing::names(&admission.client, &serving.catalog, &serving.section);
    answer(&match headers.contains_key(ANTHROPIC_VERSION) {
        true => of_anthropic(&names),
        false => of_openai(&names),
    })
}

/// Tells of one model.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    Extension(admission): Extension<Admission>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let serving = shared.serving.load();
    let is_anthropic = headers.contains_key(ANTHROPIC_VERSION);
    let (client, catalog) = (&admission.client, &serving.catalog);
    // A name may be good that is in no list: a provider's models are not all known.
    if let Err(refusal) = routing::models(&name, client, catalog, &serving.section) {
        return refusal.response(match is_anthropic {
            true => Dialect::Messages,
            false => Dialect::Responses,
        });
    }
    answer(&match is_anthropic {
        true => one_of_anthropic(&name),
        false => one_of_openai(&name),
    })
}

fn answer(told: &Value) -> Response {
    let mut response = Response::new(told.to_string().into());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// `OpenAI` API reference, "List models".
fn of_openai(names: &[String]) -> Value {
    let data: Vec<Value> = names.iter().map(|name| one_of_openai(name)).collect();
    json!({"object": "list", "data": data})
}

fn one_of_openai(name: &str) -> Value {
    let provider = name.split_once('/').map(|(provider, _)| provider);
    let owner = provider.unwrap_or("alipes");
    json!({"id": name, "object": "model", "created": 0, "owned_by": owner})
}

/// Anthropic API reference, "List Models".
fn of_anthropic(names: &[String]) -> Value {
    let data: Vec<Value> = names.iter().map(|name| one_of_anthropic(name)).collect();
    json!({"data": data, "has_more": false, "first_id": names.first(), "last_id": names.last()})
}

fn one_of_anthropic(name: &str) -> Value {
    json!({"type": "model", "id": name, "display_name": name, "created_at": NO_DATE})
}
