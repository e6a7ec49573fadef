//! Codes for browsers, tokens for codes, tokens for refresh tokens, and taking them back.

use bytes::Bytes;
use http::Response;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::books::{Code, State, challenge};
use super::consent::{self, Consent};
use super::jwt::Claims;
use super::{Fields, Twist, html, redirect, refused, success};
use crate::backend::Backend;

/// Sends the browser back with a code (codex-protocol §5.2), when its user has been asked.
pub(super) fn authorize(
    backend: &Backend,
    query: &str,
    twist: Option<Twist>,
    consent: Consent,
) -> Response<Bytes> {
    let fields = Fields::read(&Bytes::copy_from_slice(query.as_bytes()));
    let back = Url::parse(fields.text("redirect_uri")).ok();
    let Some(back) = back.filter(is_on_this_machine) else {
        return html(400, "redirect_uri is not one of this client's");
    };
    let required = [
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("codex_cli_simplified_flow", "true"),
    ];
    let missing = [
        "client_id",
        "scope",
        "code_challenge",
        "state",
        "originator",
    ];
    let wrong = required
        .iter()
        .find(|(name, value)| fields.text(name) != *value);
    let wrong = wrong.map(|(name, _)| *name);
    let wrong = wrong.or_else(|| {
        missing
            .into_iter()
            .find(|name| fields.text(name).is_empty())
    });
    if let Some(name) = wrong {
        return html(400, &format!("missing_required_parameter: {name}"));
    }
    let twist = match consent {
        Consent::Unasked => return consent::page(),
        Consent::Given => twist,
        Consent::Denied => Some(Twist::Error("access_denied", "The user said no.")),
    };
    let state = match twist {
        Some(Twist::OtherState) => "somebody-elses-state",
        _ => fields.text("state"),
    };
    let mut answer = form_urlencoded::Serializer::new(String::new());
    if let Some(Twist::Error(code, description)) = twist {
        answer.extend_pairs([("error", code), ("error_description", description)]);
    } else {
        let code = backend.id("code");
        let what = Code {
            challenge: fields.text("code_challenge").to_owned(),
            redirect_uri: back.to_string(),
        };
        backend.books().add_code(&code, what);
        answer.append_pair("code", &code);
    }
    let answer = answer.append_pair("state", state).finish();
    redirect(&format!("{back}?{answer}"))
}

fn is_on_this_machine(url: &Url) -> bool {
    let host = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    host && url.scheme() == "http" && url.path() == "/auth/callback" && url.query().is_none()
}

/// Tokens (§5.3, §5.5).
pub(super) fn token(backend: &Backend, fields: &Fields, twist: Option<Twist>) -> Response<Bytes> {
    if fields.text("client_id").is_empty() {
        return refused(400, "invalid_request", "client_id is missing");
    }
    match fields.text("grant_type") {
        "authorization_code" => for_code(backend, fields, twist),
        "refresh_token" => for_refresh_token(backend, fields, twist),
        _ => refused(400, "unsupported_grant_type", "unknown grant_type"),
    }
}

fn for_code(backend: &Backend, fields: &Fields, twist: Option<Twist>) -> Response<Bytes> {
    let Some(code) = backend.books().take_code(fields.text("code")) else {
        return refused(
            400,
            "invalid_grant",
            "The code is unknown or has been used.",
        );
    };
    if code.redirect_uri != fields.text("redirect_uri") {
        return refused(400, "invalid_grant", "redirect_uri differs.");
    }
    if code.challenge != challenge(fields.text("code_verifier")) {
        return refused(400, "invalid_grant", "The verifier is wrong.");
    }
    let sign_in = backend.books().sign_in();
    issue(backend, sign_in, twist)
}

fn for_refresh_token(backend: &Backend, fields: &Fields, twist: Option<Twist>) -> Response<Bytes> {
    let spent = backend.books().spend(fields.text("refresh_token"));
    let (code, description) = match spent {
        Ok(sign_in) => return issue(backend, sign_in, twist),
        Err(Some(State::Revoked)) => ("refresh_token_invalidated", "Your session has ended."),
        Err(Some(_)) => (
            "refresh_token_reused",
            "Your refresh token has already been used.",
        ),
        Err(None) => ("refresh_token_expired", "Your refresh token has expired."),
    };
    let body =
        json!({"error": {"code": code, "message": description, "type": "invalid_request_error"}});
    crate::answers::plain(401, "application/json", body.to_string().into())
}

/// New tokens for a sign-in.
pub(super) fn issue(backend: &Backend, sign_in: u64, twist: Option<Twist>) -> Response<Bytes> {
    let (now, refresh) = (backend.now(), backend.id("rt"));
    let mut books = backend.books();
    let token = |id: &str| {
        let claims = Claims {
            id,
            now,
            lifetime: books.lifetime,
            twist,
        };
        claims.signed()
    };
    let (access, id_token) = (token(&backend.id("at")), token(&backend.id("it")));
    let lifetime = books.lifetime;
    books.issue(sign_in, &access, &refresh, now + lifetime);
    success(&json!({
        "access_token": access, "refresh_token": refresh, "id_token": id_token,
        "token_type": "Bearer", "expires_in": lifetime,
    }))
}

/// Takes a sign-in back (§5.9, RFC 7009).
pub(super) fn revoke(backend: &Backend, fields: &Fields) -> Response<Bytes> {
    backend.books().revoke(fields.text("token"));
    success(&json!({}))
}
