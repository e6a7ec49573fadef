//! HTTP answers that are not the one that was asked for: errors, a challenge, a web page.
//!
//! Each is data, so that the fault table can name it and WebSocket can send the same error inside a
//! frame (codex-protocol §2.6). Their shapes follow §1.5 and §3.3.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// An answer before the time of day is filled in.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: &'static [(&'static str, &'static str)],
    page: Page,
}

#[derive(Debug)]
enum Page {
    /// `{"error":{type, code, message}}`.
    Error(&'static str, Option<&'static str>, &'static str),
    /// The same with the fields of a spent plan.
    UsageLimit,
    /// A web page.
    Html(&'static str),
    /// Nothing.
    Empty,
    /// Nothing, under more than 256 KiB of headers.
    HeaderFlood,
}

/// When a spent plan resets, in seconds from now.
const RESETS_IN: u64 = 3_600;

const INVALID: &str = "invalid_request_error";

pub(crate) static BAD_REQUEST: Answer = error(400, &[], INVALID, None, "The request was refused.");
pub(crate) static INVALID_ENCRYPTED_CONTENT: Answer = error(
    400,
    &[],
    INVALID,
    Some("invalid_encrypted_content"),
    "The encrypted content could not be verified.",
);
pub(crate) static UNAUTHORIZED: Answer = error(
    401,
    &[("www-authenticate", "Bearer")],
    INVALID,
    Some("invalid_api_key"),
    "Incorrect API key provided.",
);
pub(crate) static FORBIDDEN: Answer = Answer {
    status: 403,
    headers: &[],
    page: Page::Empty,
};
pub(crate) static NOT_FOUND: Answer = error(404, &[], INVALID, Some("not_found"), "Not found.");
pub(crate) static NOT_ALLOWED: Answer =
    error(405, &[], INVALID, None, "This method is not allowed here.");
pub(crate) static TOO_SLOW: Answer = error(
    408,
    &[("connection", "close")],
    INVALID,
    None,
    "The request came too slowly.",
);
pub(crate) static TOO_LARGE: Answer = error(
    413,
    &[],
    INVALID,
    Some("request_too_large"),
    "The request is too large.",
);
pub(crate) static UPGRADE_REQUIRED: Answer = error(
    426,
    &[],
    INVALID,
    None,
    "WebSocket is not offered here; use HTTP.",
);
pub(crate) static RATE_LIMITED: Answer = error(
    429,
    &[("retry-after", "1")],
    "rate_limit_error",
    Some("rate_limit_exceeded"),
    "Rate limit reached.",
);
pub(crate) static USAGE_LIMIT: Answer = Answer {
    status: 429,
    headers: &[
        ("x-codex-primary-used-percent", "100"),
        ("x-codex-primary-window-minutes", "300"),
    ],
    page: Page::UsageLimit,
};
pub(crate) static SERVER_ERROR: Answer = error(
    500,
    &[],
    "server_error",
    Some("server_error"),
    "The server had an error.",
);
pub(crate) static OVERLOADED: Answer = error(
    503,
    &[],
    "server_error",
    Some("server_is_overloaded"),
    "Selected model is at capacity.",
);
pub(crate) static CHALLENGE: Answer = Answer {
    status: 403,
    headers: &[
        ("server", "cloudflare"),
        ("cf-mitigated", "challenge"),
        ("cf-ray", "8f2d41c07a9be613-SJC"),
    ],
    page: Page::Html(
        "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title></head><body>\
         <noscript>Enable JavaScript and cookies to continue</noscript></body></html>",
    ),
};
pub(crate) static HTML: Answer = Answer {
    status: 200,
    headers: &[],
    page: Page::Html(
        "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please sign in to use this network.</body></html>",
    ),
};
pub(crate) static HEADER_FLOOD: Answer = Answer {
    status: 200,
    headers: &[],
    page: Page::HeaderFlood,
};
pub(crate) static CONNECTION_LIMIT: Answer = error(
    400,
    &[],
    INVALID,
    Some("websocket_connection_limit_reached"),
    "This connection has reached its limit of 60 minutes; open a new one.",
);

const fn error(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    kind: &'static str,
    code: Option<&'static str>,
    message: &'static str,
) -> Answer {
    Answer {
        status,
        headers,
        page: Page::Error(kind, code, message),
    }
}

impl Answer {
    /// As an HTTP response; `now` is in seconds since the Unix epoch.
    pub(crate) fn response(&self, now: u64) -> Response<Bytes> {
        let (content_type, body) = match &self.page {
            Page::Html(page) => (
                "text/html; charset=utf-8",
                Bytes::from_static(page.as_bytes()),
            ),
            Page::Empty | Page::HeaderFlood => ("text/plain", Bytes::new()),
            Page::Error(..) | Page::UsageLimit => {
                ("application/json", self.body(now).to_string().into())
            }
        };
        let mut response = plain(self.status, content_type, body);
        for (name, value) in self.headers {
            let value = HeaderValue::from_static(value);
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        if matches!(self.page, Page::HeaderFlood) {
            let value = HeaderValue::from_static(FLOOD);
            for _ in 0..(256 << 10) / FLOOD.len() + 1 {
                response.headers_mut().append("x-flood", value.clone());
            }
        }
        response
    }

    /// As the error frame that stands for it over WebSocket.
    pub(crate) fn frame(&self, now: u64) -> String {
        let headers: serde_json::Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let error = &self.body(now)["error"];
        json!({"type": "error", "status": self.status, "error": error, "headers": headers})
            .to_string()
    }

    fn body(&self, now: u64) -> Value {
        match &self.page {
            Page::Error(kind, code, message) => error_body(kind, *code, message),
            Page::UsageLimit => json!({"error": {
                "type": "usage_limit_reached", "message": "The usage limit has been reached",
                "plan_type": "plus", "resets_at": now + RESETS_IN, "resets_in_seconds": RESETS_IN,
            }}),
            Page::Html(_) | Page::Empty | Page::HeaderFlood => Value::Null,
        }
    }
}

const FLOOD: &str = match std::str::from_utf8(&[b'x'; 4096]) {
    Ok(text) => text,
    Err(_) => "",
};

/// A request that cannot be answered, with its own words.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
        }
    }

    /// Nothing is known under this id, on this connection or at all.
    pub(crate) fn previous_response_not_found(id: &str) -> Self {
        Self {
            code: Some("previous_response_not_found"),
            message: format!("Previous response with id '{id}' not found."),
        }
    }

    /// As an HTTP 400.
    pub(crate) fn response(&self) -> Response<Bytes> {
        let body = error_body(INVALID, self.code, &self.message);
        plain(400, "application/json", body.to_string().into())
    }

    /// As an error frame.
    pub(crate) fn frame(&self) -> String {
        let mut frame = error_body(INVALID, self.code, &self.message);
        frame["type"] = json!("error");
        frame["status"] = json!(400);
        frame.to_string()
    }
}

/// A complete response.
pub(crate) fn plain(status: u16, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn error_body(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}
