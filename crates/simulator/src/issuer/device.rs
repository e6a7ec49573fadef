//! Signing in by a code that is typed elsewhere (codex-protocol §5.4).

use bytes::Bytes;
use http::{Method, Response};
use serde_json::json;

use super::books::{Code, Device, challenge};
use super::{Fields, html, refused, success};
use crate::backend::Backend;

/// Where the code that comes of it pretends to have been sent.
const REDIRECT: &str = "/deviceauth/callback";

/// A device asks for a code.
pub(super) fn user_code(backend: &Backend, fields: &Fields) -> Response<Bytes> {
    if fields.text("client_id").is_empty() {
        return refused(400, "invalid_request", "client_id is missing");
    }
    let (id, verifier) = (backend.id("device"), backend.id("verifier"));
    let digits = backend.id("").to_ascii_uppercase();
    let user_code = format!("{}-{}", &digits[1..5], &digits[5..10]);
    let answer = json!({"device_auth_id": id, "user_code": user_code, "interval": "1"});
    let device = Device {
        user_code,
        code: None,
        verifier,
    };
    backend.books().add_device(&id, device);
    success(&answer)
}

/// A device asks whether its code has been typed.
pub(super) fn token(backend: &Backend, fields: &Fields) -> Response<Bytes> {
    let books = backend.books();
    let device = books.device(fields.text("device_auth_id"));
    let Some(device) = device.filter(|device| device.user_code == fields.text("user_code")) else {
        return refused(400, "invalid_request", "no such device");
    };
    match &device.code {
        None => refused(
            403,
            "authorization_pending",
            "Nobody has typed the code yet.",
        ),
        Some(code) => success(&json!({
            "authorization_code": code, "code_verifier": device.verifier,
            "code_challenge": challenge(&device.verifier),
        })),
    }
}

/// A person has typed the code: whether a device waits for it.
fn typed(backend: &Backend, user_code: &str, issuer: &str) -> bool {
    let code = backend.id("code");
    let mut books = backend.books();
    let Some(device) = books.device_of(user_code) else {
        return false;
    };
    device.code = Some(code.clone());
    let what = Code {
        challenge: challenge(&device.verifier),
        redirect_uri: format!("{issuer}{REDIRECT}"),
    };
    books.add_code(&code, what);
    true
}

/// The page on which a person types the code, and its answer.
pub(super) fn page(
    backend: &Backend,
    method: &Method,
    fields: &Fields,
    issuer: &str,
) -> Response<Bytes> {
    if method != Method::POST {
        return html(
            200,
            "<form method=post><input name=user_code><button>Sign in</button></form>",
        );
    }
    match typed(backend, fields.text("user_code"), issuer) {
        true => html(200, "Signed in."),
        false => html(400, "No device waits for this code."),
    }
}
