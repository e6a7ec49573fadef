//! The endpoints beside the model that clients ask before or while they talk to it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::answers::plain;

/// The models that are offered. Any other name is answered all the same.
const MODELS: [&str; 2] = ["sim-model", "sim-model-mini"];

/// Changes when the list does.
const ETAG: &str = "\"simulated-1\"";

/// The model list: what SDKs read under `data` and the Codex CLI under `models`. Whoever has it already
/// is told so.
pub(crate) fn models(asked: &HeaderMap) -> Response<Bytes> {
    if asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == ETAG)
    {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let data = MODELS
        .map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "simulator"}));
    let body = json!({"object": "list", "data": data, "models": MODELS.map(model)});
    let mut response = plain(200, "application/json", body.to_string().into());
    response
        .headers_mut()
        .insert(header::ETAG, HeaderValue::from_static(ETAG));
    response
}

/// A conversation made shorter, or counted: what clients ask for beside answers.
pub(crate) fn call(path: &str, asked: &[u8]) -> Option<Response<Bytes>> {
    let body = match path {
        "/v1/responses/compact" | "/backend-api/codex/responses/compact" => json!({
            "id": "cmp_simulated", "object": "response.compaction", "created_at": 0,
            "output": compacted(asked),
            "usage": {"input_tokens": asked.len(), "output_tokens": 1, "total_tokens": asked.len() + 1},
        }),
        "/v1/messages/count_tokens" => json!({"input_tokens": asked.len()}),
        _ => return None,
    };
    Some(plain(200, "application/json", body.to_string().into()))
}

/// What the users have said, as it was, and behind it an item for all the rest (OpenAI's guide,
/// "Compaction").
fn compacted(asked: &[u8]) -> Vec<Value> {
    let asked: Value = serde_json::from_slice(asked).unwrap_or_default();
    let input = asked["input"].as_array().into_iter().flatten();
    let said = input.filter(|item| item["role"] == "user");
    let rest = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "shorter"});
    said.cloned().chain([rest]).collect()
}

/// The fields of codex-protocol §6.1.
fn model(slug: &str) -> Value {
    json!({
        "slug": slug, "display_name": format!("{slug} (simulated)"),
        "description": "A planner that pretends to be a model.",
        "default_reasoning_level": "medium",
        "supported_reasoning_levels": [{"effort": "medium", "description": "the only one"}],
        "shell_type": "unified_exec", "visibility": "list", "supported_in_api": true,
        "priority": 1, "upgrade": null, "base_instructions": "You are simulated.",
        "supports_reasoning_summaries": false, "default_reasoning_summary": "none",
        "support_verbosity": false, "default_verbosity": null, "apply_patch_tool_type": null,
        "truncation_policy": {"mode": "bytes", "limit": 10_000},
        "supports_parallel_tool_calls": true, "context_window": 200_000,
        "max_context_window": 200_000, "auto_compact_token_limit": null,
        "effective_context_window_percent": 95, "experimental_supported_tools": [],
        "input_modalities": ["text"],
    })
}

/// How much of the plan is used: the `x-codex-*` headers (codex-protocol §1.5).
pub(crate) fn limit_headers(headers: &mut HeaderMap, now: u64) {
    headers.insert(
        "x-codex-primary-used-percent",
        HeaderValue::from_static("1.5"),
    );
    headers.insert(
        "x-codex-primary-window-minutes",
        HeaderValue::from_static("300"),
    );
    headers.insert("x-codex-primary-reset-at", HeaderValue::from(now + 3_600));
}

/// The same as a frame (§2.6).
pub(crate) fn limit_frame(now: u64) -> String {
    json!({
        "type": "codex.rate_limits", "plan_type": "plus",
        "rate_limits": {
            "allowed": true, "limit_reached": false,
            "primary": {"used_percent": 1.5, "window_minutes": 300, "reset_at": now + 3_600},
            "secondary": null,
        },
        "credits": null,
    })
    .to_string()
}
