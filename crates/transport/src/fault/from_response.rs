//! Names what an HTTP response means that is not the answer we asked for.
//!
//! The order matters: a challenge is a challenge on any status; a code names its cause more exactly
//! than a status; and a status that comes with a web page was not sent by the API at all.

use std::time::SystemTime;

use alipes_wire::{ApiError, retry_after};
use http::{HeaderMap, StatusCode};

use super::{Cause, Fault, Phase, Replay, from_api};

/// What a body looks like, whatever its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyShape {
    EventStream,
    Json,
    Html,
    Other,
}

/// What the head says the body is.
pub(crate) fn body_shape(headers: &HeaderMap) -> BodyShape {
    let kind = header(headers, "content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if kind.starts_with("text/event-stream") {
        BodyShape::EventStream
    } else if kind.starts_with("text/html") || kind.starts_with("application/xhtml") {
        BodyShape::Html
    } else if kind.contains("json") {
        BodyShape::Json
    } else {
        BodyShape::Other
    }
}

/// A fault from a response that is not the stream we asked for, with the beginning of its body.
pub(crate) fn of_response(
    phase: Phase,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Fault {
    let error = ApiError::from_body(body);
    let html = body_shape(headers) == BodyShape::Html || looks_like_html(body);
    let instead = || is_login_page(body).then_some(Cause::CaptivePortal);
    let mut fault = match challenge(status, headers, body, html).or_else(instead) {
        Some(cause) => Fault::new(phase, cause),
        None if html && status.is_success() => Fault::new(phase, Cause::NotAnApi),
        None => of_error(phase, status, headers, error.as_ref(), now),
    };
    let is_json = body_shape(headers) == BodyShape::Json || looks_like_json(body);
    if fault.cause == Cause::Malformed && status.is_success() && is_json && error.is_none() {
        fault.cause = Cause::WholeAnswer;
    }
    fault.evidence.head(status, headers);
    fault
}

/// A fault from a body that should have been a stream and was a page, an error or an answer in one
/// piece; `None` if it was none of these.
pub(crate) fn of_disguised(
    phase: Phase,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Option<Fault> {
    let known =
        looks_like_html(body) || looks_like_json(body) || ApiError::from_body(body).is_some();
    known.then(|| {
        let mut fault = of_response(phase, status, headers, body, now);
        fault.evidence.body = Some(String::from_utf8_lossy(body).into_owned());
        fault
    })
}

/// A fault from a status, its headers, and the error a body or frame held.
pub(super) fn of_error(
    phase: Phase,
    status: StatusCode,
    headers: &HeaderMap,
    error: Option<&ApiError>,
    now: SystemTime,
) -> Fault {
    let by_code = error.and_then(from_api::cause_of).filter(|cause| {
        // This type is on every 4xx of some servers: there the status says more.
        let own = status == StatusCode::BAD_REQUEST && phase != Phase::Upgrade;
        *cause != Cause::InvalidRequest || own || status.is_success()
    });
    let by_header = || names_the_account(headers).then_some(Cause::Forbidden);
    let cause = by_code
        .or_else(by_header)
        .unwrap_or_else(|| by_status(phase, status));
    let mut fault = Fault::new(phase, cause);
    if is_unprocessed(status) {
        fault.replay = Replay::Free;
    }
    fault.retry_after =
        retry_after(|name| header(headers, name), now).or_else(|| from_api::wait_of(error?, now));
    fault.message = error.and_then(|error| error.message.clone());
    fault.evidence.code = error.and_then(|error| error.code.clone().or_else(|| error.kind.clone()));
    fault
}

fn by_status(phase: Phase, status: StatusCode) -> Cause {
    match status.as_u16() {
        401 => Cause::Unauthorized,
        402 => Cause::Quota,
        // A refused upgrade says something about that route; the other one may well be open.
        403 | 404 | 405 | 400 | 426 | 200..=399 if phase == Phase::Upgrade => Cause::UpgradeRefused,
        403 => Cause::Forbidden,
        404 | 405 => Cause::NoSuchEndpoint,
        407 => Cause::ProxyAuth,
        408 | 504 | 520..=527 => Cause::EdgeTimeout,
        // What another request holds for now (409, 423) is seen before anything is done, too.
        409 | 421 | 423 | 425 => Cause::Unprocessed,
        413 => Cause::TooLarge,
        429 => Cause::RateLimited,
        451 => Cause::Region,
        503 | 529 => Cause::Overloaded,
        // Sent by a network that wants a login first, never by an origin (RFC 6585 §6).
        511 => Cause::CaptivePortal,
        300..=399 => Cause::Redirected,
        400..=499 => Cause::InvalidRequest,
        500..=599 => Cause::ServerError,
        _ => Cause::Malformed,
    }
}

/// The statuses by which a server proves that it has done nothing: it does not answer for that host on
/// this connection (RFC 9110, section 15.5.20), or it will not risk a replay (RFC 8470, section 5.2).
fn is_unprocessed(status: StatusCode) -> bool {
    matches!(status.as_u16(), 421 | 425)
}

/// A 403 with one of these was sent by the account check, not by the edge (codex-protocol §1.5).
fn names_the_account(headers: &HeaderMap) -> bool {
    ["x-openai-authorization-error", "x-error-json"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// A challenge or a block page of the edge (transport, "Challenge").
fn challenge(status: StatusCode, headers: &HeaderMap, body: &[u8], html: bool) -> Option<Cause> {
    if header(headers, "cf-mitigated").is_some_and(|value| value.eq_ignore_ascii_case("challenge"))
    {
        return Some(Cause::Challenge);
    }
    if !html || status.is_success() {
        return None;
    }
    let page = String::from_utf8_lossy(body);
    let has = |marks: &[&str]| marks.iter().any(|mark| page.contains(mark));
    if has(&[
        "cdn-cgi/challenge-platform",
        "cf_chl_opt",
        "Just a moment...",
    ]) {
        Some(Cause::Challenge)
    } else if status == StatusCode::FORBIDDEN && has(&["Cloudflare", "cf-error-details"]) {
        Some(Cause::Blocked)
    } else {
        None
    }
}

/// Whether a network says of itself that it wants a login first: then that is certain, and what sends
/// somebody elsewhere or shows a web page without a word may as well be the wrong address (WISPr 2.0:
/// the element is in the page or the redirect, whatever the status).
fn is_login_page(body: &[u8]) -> bool {
    let mark = b"<WISPAccessGatewayParam";
    body.windows(mark.len()).any(|window| window == mark)
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let start = &start[..start.len().min(15)];
    let start = start.to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// No line of a stream of events begins so.
fn looks_like_json(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

/// The coding that an answer came in although none was asked for (RFC 9110, section 12.5.3: a client
/// that says nothing may be sent any).
pub(crate) fn unasked_encoding(headers: &HeaderMap) -> Option<&str> {
    header(headers, "content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn name(status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        of_response(
            Phase::Headers,
            status,
            &headers,
            body.as_bytes(),
            SystemTime::UNIX_EPOCH,
        )
    }

    const WISPR: &str = "<html><!-- <WISPAccessGatewayParam xmlns:xsi=\"x\"><Redirect/>";

    #[test]
    fn statuses_and_codes_get_the_right_name() {
        let html = &[("content-type", "text/html; charset=UTF-8")][..];
        let table = [
            (401, &[][..], "", Cause::Unauthorized),
            (511, &[], "<html>log in", Cause::CaptivePortal),
            (302, html, WISPR, Cause::CaptivePortal),
            (200, html, WISPR, Cause::CaptivePortal),
            (403, &[], r#"{"detail":"no"}"#, Cause::Forbidden),
            (
                403,
                &[("cf-mitigated", "challenge")],
                "<html>",
                Cause::Challenge,
            ),
            (200, &[("cf-mitigated", "challenge")], "", Cause::Challenge),
            (
                403,
                html,
                "<html><title>Just a moment...</title>",
                Cause::Challenge,
            ),
            (
                403,
                html,
                "<html>Cloudflare: you have been blocked",
                Cause::Blocked,
            ),
            (200, html, "<html>", Cause::NotAnApi),
            (200, &[], "  <!DOCTYPE html><html>", Cause::NotAnApi),
            (404, &[], "", Cause::NoSuchEndpoint),
            (
                404,
                &[],
                r#"{"error":{"code":"model_not_found"}}"#,
                Cause::ModelUnavailable,
            ),
            (
                404,
                &[],
                r#"{"error":{"type":"invalid_request_error"}}"#,
                Cause::NoSuchEndpoint,
            ),
            (
                400,
                &[],
                r#"{"error":{"code":"context_length_exceeded"}}"#,
                Cause::ContextTooLong,
            ),
            (
                400,
                &[],
                r#"{"detail":"Unsupported parameter"}"#,
                Cause::InvalidRequest,
            ),
            (
                429,
                &[],
                r#"{"error":{"type":"usage_limit_reached"}}"#,
                Cause::UsageLimit,
            ),
            (
                429,
                &[],
                r#"{"error":{"code":"insufficient_quota"}}"#,
                Cause::Quota,
            ),
            (429, &[], "", Cause::RateLimited),
            (413, &[], "", Cause::TooLarge),
            (409, &[], "", Cause::Unprocessed),
            (421, &[], "", Cause::Unprocessed),
            (423, &[], "", Cause::Unprocessed),
            (
                425,
                &[],
                r#"{"error":{"type":"invalid_request_error"}}"#,
                Cause::Unprocessed,
            ),
            (302, &[], "", Cause::Redirected),
            (500, &[], "", Cause::ServerError),
            (
                503,
                &[],
                r#"{"error":{"code":"server_is_overloaded"}}"#,
                Cause::Overloaded,
            ),
            (524, html, "<html>A timeout occurred", Cause::EdgeTimeout),
            (200, &[], r#"{"error":{"message":"m"}}"#, Cause::Malformed),
            (
                200,
                &[],
                r#" {"id":"resp_1","output":[]}"#,
                Cause::WholeAnswer,
            ),
            (
                200,
                &[("content-type", "application/json")],
                "",
                Cause::WholeAnswer,
            ),
            (200, &[], "220 mail.test", Cause::Malformed),
            (
                200,
                &[],
                r#"{"error":{"code":"rate_limit_exceeded"}}"#,
                Cause::RateLimited,
            ),
        ];
        for (status, headers, body, cause) in table {
            assert_eq!(name(status, headers, body).cause, cause, "{status} {body}");
        }
    }

    #[test]
    fn waits_and_identifiers_are_kept() {
        let fault = name(
            429,
            &[
                ("retry-after", "3"),
                ("cf-ray", "8f2-SJC"),
                ("x-request-id", "req_1"),
            ],
            "",
        );
        assert_eq!(fault.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(fault.evidence.cf_ray.as_deref(), Some("8f2-SJC"));
        assert_eq!(fault.evidence.request_id.as_deref(), Some("req_1"));
    }

    #[test]
    fn a_status_that_proves_that_nothing_was_done_costs_nothing() {
        for (status, replay) in [
            (421, Replay::Free),
            (425, Replay::Free),
            (409, Replay::Allowed),
            (500, Replay::Allowed),
        ] {
            assert_eq!(name(status, &[], "").replay, replay, "{status}");
        }
    }

    #[test]
    fn a_refused_upgrade_blames_the_route_unless_it_says_more() {
        let refuse = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            of_response(
                Phase::Upgrade,
                status,
                &HeaderMap::new(),
                b"",
                SystemTime::UNIX_EPOCH,
            )
            .cause
        };
        for status in [200, 400, 403, 404, 426] {
            assert_eq!(refuse(status), Cause::UpgradeRefused, "{status}");
        }
        let account = [("x-openai-authorization-error", "no seat")];
        assert_eq!(name(403, &account, "").cause, Cause::Forbidden);
        assert_eq!(refuse(401), Cause::Unauthorized);
        assert_eq!(refuse(429), Cause::RateLimited);
        assert_eq!(refuse(500), Cause::ServerError);
    }
}
