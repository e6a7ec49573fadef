//! HTTP answers that are not the one that was asked for: errors, a challenge, a web page.
//!
//! Each is data, so that the fault table can name it and WebSocket can send the same error inside a
//! frame (codex-protocol §2.6). Their shapes follow §1.5 and §3.3.

mod table;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

pub(crate) use self::table::*;

/// An answer before the time of day is filled in.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: &'static [(&'static str, &'static str)],
    /// A date so many seconds ahead as `Retry-After`.
    retry_at: Option<u64>,
    page: Page,
}

#[derive(Debug)]
enum Page {
    /// `{"error":{type, code, message}}`.
    Error(&'static str, Option<&'static str>, &'static str),
    /// The same with the fields of a spent plan.
    UsageLimit,
    /// `{"detail": …}`.
    Detail(&'static str),
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

impl Answer {
    /// As an HTTP response; `now` is in seconds since the Unix epoch.
    pub(crate) fn response(&self, now: u64) -> Response<Bytes> {
        let (content_type, body) = match &self.page {
            Page::Html(page) => (
                "text/html; charset=utf-8",
                Bytes::from_static(page.as_bytes()),
            ),
            Page::Empty | Page::HeaderFlood => ("text/plain", Bytes::new()),
            Page::Error(..) | Page::UsageLimit | Page::Detail(_) => {
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
        let date = self.retry_at.map(|seconds| date(now + seconds));
        if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, date);
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
            Page::Detail(text) => json!({"detail": text}),
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

/// As HTTP spells it; `seconds` are since the Unix epoch.
fn date(seconds: u64) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
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
