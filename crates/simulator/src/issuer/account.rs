//! What the ChatGPT backend says of an account, beside the model.

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::json;

use super::jwt::ACCOUNT;
use super::{Twist, success};
use crate::backend::Backend;

/// `GET /backend-api/wham/accounts/check`: without it the Codex CLI does not call the model at all
/// when it is signed in (observed with 0.169).
pub(super) fn check(headers: &HeaderMap, twist: Option<Twist>) -> Response<Bytes> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let account = text(header::HeaderName::from_static("chatgpt-account-id")).unwrap_or(ACCOUNT);
    let host = text(header::HOST).unwrap_or_default();
    let free = "NO_CONSTRAINT".to_owned();
    let (origin, region) = match twist {
        Some(Twist::Elsewhere) => (
            format!("http://{}", host.replace("127.0.0.1", "localhost")),
            free,
        ),
        Some(Twist::Region) => (free, "us_cr".to_owned()),
        _ => (free.clone(), free),
    };
    success(&json!({
        "accounts": [{
            "id": account, "workspace_backend_origin": origin, "account_routing_override": region,
        }],
        "account_ordering": [account],
        "default_account_id": account,
    }))
}

/// How much of the plan is used (codex-protocol §6.2): 1 percent, or as much as the key says that
/// ends in `-used-80`.
pub(super) fn usage(backend: &Backend, headers: &HeaderMap) -> Response<Bytes> {
    let now = backend.now();
    let key = headers.get(header::AUTHORIZATION);
    let said = key.and_then(|key| key.to_str().ok()?.rsplit_once("-used-"));
    let used: u64 = said.and_then(|(_, used)| used.parse().ok()).unwrap_or(1);
    let window = |seconds: u64| {
        json!({
            "used_percent": used, "limit_window_seconds": seconds,
            "reset_after_seconds": 3_600, "reset_at": now + 3_600,
        })
    };
    success(&json!({
        "plan_type": "plus",
        "rate_limit": {
            "allowed": true, "limit_reached": false,
            "primary_window": window(18_000), "secondary_window": window(604_800),
        },
        "credits": {"has_credits": false, "unlimited": false, "balance": null},
    }))
}

/// What OpenRouter says of a key that has no limit (openrouter.ai/docs, "Get current API key").
pub(super) fn key() -> Response<Bytes> {
    success(&json!({
        "data": {"label": "simulated", "limit": null, "limit_remaining": null, "usage": 0},
    }))
}
