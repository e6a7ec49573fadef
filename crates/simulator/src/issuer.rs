//! The issuer of sign-ins beside the model: browser, device code, refresh, revocation, and what the
//! ChatGPT backend says of an account (codex-protocol §5, §6.2).
//!
//! It is strict where the real one is (PKCE, one use for each code and refresh token, the forms of
//! each request), and lenient in one thing: a browser may be sent back to any port of this machine
//! (RFC 8252 §7.3), because tests cannot all have the registered two. Only a real browser is shown
//! the page that asks; everybody else is signed in without a question.

mod account;
mod books;
mod consent;
mod device;
mod grants;
mod jwt;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use serde_json::{Value, json};

use crate::Route;
use crate::answers::plain;
use crate::backend::Backend;
use crate::faults::{Action, FaultInfo};
pub(crate) use books::Books;
use consent::Consent;

/// How an answer of the issuer is bent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    /// The browser comes back with this error.
    Error(&'static str, &'static str),
    /// The browser comes back with another sign-in's state.
    OtherState,
    /// The tokens are another account's.
    OtherAccount,
    /// The tokens name no account.
    NoAccount,
    /// The tokens name a plan nobody has heard of.
    UnknownPlan,
    /// The tokens are no JWTs.
    Opaque,
    /// The workspace wants to be served under this machine's other name.
    Elsewhere,
    /// The workspace wants to be served in a region.
    Region,
}

/// Which of its routes a request is, if any.
pub(crate) fn route_of(method: &Method, path: &str) -> Option<Route> {
    match (method, path) {
        (&Method::GET | &Method::POST, "/oauth/authorize") => Some(Route::Authorize),
        (&Method::POST, "/oauth/token" | "/oauth/revoke") => Some(Route::Token),
        (_, "/codex/device")
        | (&Method::POST, "/api/accounts/deviceauth/usercode" | "/api/accounts/deviceauth/token") => {
            Some(Route::Device)
        }
        (
            &Method::GET,
            "/backend-api/wham/accounts/check" | "/backend-api/wham/usage" | "/v1/key",
        ) => Some(Route::Account),
        _ => None,
    }
}

/// Answers a request on one of these routes.
pub(crate) fn answer(
    backend: &Backend,
    head: &Parts,
    body: &Bytes,
    fault: Option<&FaultInfo>,
) -> Response<Bytes> {
    let twist = fault.and_then(|fault| match fault.action {
        Action::Twist(twist) => Some(twist),
        _ => None,
    });
    let query = head.uri.query().unwrap_or_default();
    match head.uri.path() {
        "/oauth/authorize" => {
            let consent = Consent::of(head, body, twist);
            grants::authorize(backend, query, twist, consent)
        }
        "/oauth/token" => grants::token(backend, &Fields::read(body), twist),
        "/oauth/revoke" => grants::revoke(backend, &Fields::read(body)),
        "/api/accounts/deviceauth/usercode" => device::user_code(backend, &Fields::read(body)),
        "/api/accounts/deviceauth/token" => device::token(backend, &Fields::read(body)),
        "/codex/device" => device::page(backend, &head.method, &Fields::read(body), &origin(head)),
        "/v1/key" => account::key(),
        "/backend-api/wham/usage" => account::usage(backend, &head.headers),
        _ => account::check(&head.headers, twist),
    }
}

/// The issuer's own address, as its client called it.
fn origin(head: &Parts) -> String {
    let host = head.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("http://{host}")
}

/// The fields of a request, whether it came as JSON or as a form.
struct Fields(Value);

impl Fields {
    fn read(body: &Bytes) -> Self {
        let json = serde_json::from_slice(body).ok().filter(Value::is_object);
        Self(json.unwrap_or_else(|| {
            let pairs = url::form_urlencoded::parse(body);
            pairs
                .map(|(name, value)| (name.into_owned(), json!(value)))
                .collect()
        }))
    }

    /// A field; empty if it is missing.
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }
}

fn success(body: &Value) -> Response<Bytes> {
    plain(200, "application/json", body.to_string().into())
}

/// An error in the form of RFC 6749 §5.2.
fn refused(status: u16, code: &str, description: &str) -> Response<Bytes> {
    let body = json!({"error": code, "error_description": description});
    plain(status, "application/json", body.to_string().into())
}

fn html(status: u16, text: &str) -> Response<Bytes> {
    let page = format!(
        "<!DOCTYPE html><html><head><title>Simulated</title></head><body>{text}</body></html>"
    );
    plain(status, "text/html; charset=utf-8", page.into())
}

fn redirect(location: &str) -> Response<Bytes> {
    let mut response = html(302, "Back to the program.");
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
