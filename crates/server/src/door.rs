//! The door: what every request passes before anything of it is read.

use std::net::SocketAddr;
use std::sync::Arc;

use alipes_base::Secret;
use alipes_wire::Dialect;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::clients::Client;
use crate::names::Stranger;
use crate::rate::Admitted;
use crate::refusal::Refusal;
use crate::server::Shared;

/// The name of a request in what we tell about it.
const CALL_ID: HeaderName = HeaderName::from_static("x-alipes-call-id");

/// How many attempts were made, up to the head of the answer.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("x-alipes-attempts");

/// What the provider that answers was not sent of the request.
pub(crate) const LEFT_OUT: HeaderName = HeaderName::from_static("x-alipes-left-out");

/// What the SDKs of one vendor show as the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where clients of the Messages API put their key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The one path that needs no key.
pub(crate) const HEALTH: &str = "/healthz";

/// The address that a connection came in on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CameInOn(pub(crate) SocketAddr);

/// Somebody who may go on.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    pub(crate) client: Arc<Client>,
    /// What it was known by: whoever stays shows it again.
    pub(crate) key: Secret,
    /// What the request is called in headers and records.
    pub(crate) call_id: Arc<str>,
    #[expect(dead_code, reason = "the client's place is held")]
    place: Arc<Admitted>,
}

/// Lets a request in, or answers it.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let id = format!("call_{}", shared.new_id());
    let mut response = match admit(&shared, &request, &id) {
        Ok(admission) => {
            if let Some(admission) = admission {
                request.extensions_mut().insert(admission);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.response(dialect_of(&path)),
    };
    shared.metrics.responded(&path, response.status());
    if let Ok(id) = HeaderValue::from_str(&id) {
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(CALL_ID, id);
    }
    response
}

/// The dialect in which a request to `path` is refused.
pub(crate) fn dialect_of(path: &str) -> Dialect {
    match path.contains("/messages") {
        true => Dialect::Messages,
        false => Dialect::Responses,
    }
}

fn admit(shared: &Shared, request: &Request, id: &str) -> Result<Option<Admission>, Refusal> {
    let serving = shared.serving.load();
    let came_in_on = request.extensions().get::<CameInOn>();
    let address = came_in_on.map_or(shared.address, |CameInOn(address)| *address);
    let judged = serving
        .names
        .judge(request.uri(), request.headers(), address.ip());
    judged.map_err(stranger)?;
    if request.uri().path() == HEALTH {
        return Ok(None);
    }
    if shared.drain.has_begun() {
        return Err(Refusal::stopping());
    }
    let key = key(request.headers()).ok_or_else(no_key)?;
    let key = Secret::new(key.to_owned());
    let client = serving.clients.with_key(&key).ok_or_else(wrong_key)?;
    let place = Arc::new(place(&client)?);
    Ok(Some(Admission {
        client,
        key,
        call_id: id.into(),
        place,
    }))
}

/// A place among the client's requests.
pub(crate) fn place(client: &Client) -> Result<Admitted, Refusal> {
    client.rate.admit().map_err(|too_many| {
        let limit = &too_many.limit;
        let why = format!("the key {:?} has reached its limit of {limit}", client.name);
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", why);
        refusal.after(too_many.retry_after)
    })
}

/// The one key of a request. Where two are said, whoever is in front of us may have checked the
/// other one.
fn key(headers: &HeaderMap) -> Option<&str> {
    let mut said = headers
        .get_all(AUTHORIZATION)
        .iter()
        .map(|value| bearer(value.to_str().ok()?))
        .chain(
            headers
                .get_all(X_API_KEY)
                .iter()
                .map(|value| value.to_str().ok()),
        );
    let first = said.next()??;
    said.all(|other| other == Some(first)).then_some(first)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

/// There is no key, or not one and the same.
fn no_key() -> Refusal {
    let why = "this needs a key, as `Authorization: Bearer KEY` or `x-api-key: KEY`; \
               `alipes serve key` prints it on the machine that serves";
    Refusal::new(StatusCode::UNAUTHORIZED, "invalid_api_key", why)
}

/// There is a key, and it opens nothing.
pub(crate) fn wrong_key() -> Refusal {
    let why = "this key is not known here; `alipes serve key` prints the right one on the machine \
               that serves";
    Refusal::new(StatusCode::UNAUTHORIZED, "invalid_api_key", why)
}

fn stranger(stranger: Stranger) -> Refusal {
    let (status, code, why) = match stranger {
        Stranger::NoHost => (
            StatusCode::BAD_REQUEST,
            "invalid_host",
            "a request names exactly one Host",
        ),
        Stranger::OtherHost => (
            StatusCode::MISDIRECTED_REQUEST,
            "invalid_host",
            "this server is not known by that name; `hosts` under [serve] adds one",
        ),
        Stranger::Page => (
            StatusCode::FORBIDDEN,
            "invalid_origin",
            "no web page may ask; `origins` under [serve] adds one",
        ),
    };
    Refusal::new(status, code, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(headers: &[(&'static str, &'static [u8])]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        key(&map).map(ToOwned::to_owned)
    }

    #[test]
    fn a_key_is_said_once_and_clearly() {
        for headers in [
            &[("authorization", &b"Bearer k"[..])][..],
            &[("authorization", b"bearer  k ")],
            &[("x-api-key", b"k")],
            &[("x-api-key", b"k"), ("authorization", b"Bearer k")],
        ] {
            assert_eq!(keyed(headers).as_deref(), Some("k"), "{headers:?}");
        }
        for headers in [
            &[][..],
            &[("authorization", &b""[..])],
            &[("authorization", b"Bearer")],
            &[("authorization", b"Bearer ")],
            &[("authorization", b"Basic k")],
            &[("authorization", b"k")],
            &[("authorization", "Bearer k\u{e9}".as_bytes())],
            &[
                ("authorization", b"Bearer k"),
                ("authorization", b"Bearer l"),
            ],
            &[("authorization", b"Bearer k"), ("authorization", b"")],
            &[("x-api-key", b"k"), ("authorization", b"Bearer l")],
            &[("x-api-key", b"k"), ("x-api-key", b"l")],
        ] {
            assert_eq!(keyed(headers), None, "{headers:?}");
        }
    }
}
