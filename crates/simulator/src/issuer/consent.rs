//! The page on which a person allows the sign-in.
//!
//! Shown to browsers alone, which ask for HTML by name; a script that follows redirects is sent back at
//! once. The real page asks for a password too, and there is none to ask for.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, header};

use super::{Fields, Twist, html};

/// What a person has said so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// Nothing yet: the page is due.
    Unasked,
    Given,
    Denied,
}

impl Consent {
    /// What a request says. A fault needs nobody's consent.
    pub(super) fn of(head: &Parts, body: &Bytes, twist: Option<Twist>) -> Self {
        let accept = head.headers.get(header::ACCEPT);
        let is_browser = accept
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
        match head.method {
            Method::POST if Fields::read(body).text("answer") != "approve" => Self::Denied,
            Method::GET if is_browser && twist.is_none() => Self::Unasked,
            _ => Self::Given,
        }
    }
}

/// The page. Its form goes to the address it stands at.
pub(super) fn page() -> Response<Bytes> {
    html(
        200,
        "<h1>Sign in as ada@simulated.example?</h1><form method=post>\
         <button name=answer value=approve>Approve</button> \
         <button name=answer value=deny>Cancel</button></form>",
    )
}
