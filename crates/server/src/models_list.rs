//! `GET /v1/models`: the names that this client may ask for, in both vendors' shapes.

use std::sync::Arc;

use axum::extract::{Extension, State};
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
    let list = match headers.contains_key(ANTHROPIC_VERSION) {
        true => of_anthropic(&names),
        false => of_openai(&names),
    };
    let mut response = Response::new(list.to_string().into());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// `OpenAI` API reference, "List models".
fn of_openai(names: &[String]) -> Value {
    let model = |name: &String| {
        let owner = name
            .split_once('/')
            .map_or("alipes", |(provider, _)| provider);
        json!({"id": name, "object": "model", "created": 0, "owned_by": owner})
    };
    let data: Vec<Value> = names.iter().map(model).collect();
    json!({"object": "list", "data": data})
}

/// Anthropic API reference, "List Models".
fn of_anthropic(names: &[String]) -> Value {
    let model = |name: &String| json!({"type": "model", "id": name, "display_name": name, "created_at": NO_DATE});
    let data: Vec<Value> = names.iter().map(model).collect();
    json!({"data": data, "has_more": false, "first_id": names.first(), "last_id": names.last()})
}
