//! One POST to the issuer, and its answer read with bounds.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_net::{Call, Response};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::Serializer;

use super::{Authority, AuthorityError, Refusal};

/// The largest answer, in bytes.
const LARGEST: usize = 1 << 20;

/// The most of an explanation that is repeated, in characters.
const DESCRIPTION: usize = 300;

/// What is sent.
pub(crate) enum Form {
    Json(Value),
    Urlencoded(Vec<(&'static str, String)>),
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    cf_ray: Option<String>,
    /// Whether the edge says that this is its challenge.
    challenged: bool,
    /// `None`, if it was not JSON.
    body: Option<Value>,
}

impl Authority {
    /// Sends once. `limit` has a name for messages.
    pub(crate) async fn post(
        &self,
        path: &str,
        form: Form,
        limit: (&'static str, Duration),
    ) -> Result<Answer, AuthorityError> {
        let (content_type, body) = form.encoded();
        let mut headers = self.headers(&self.issuer.originator);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let call = Call {
            method: Method::POST,
            url: self.issuer.url(path),
            headers,
            body,
            partition: "sign-in".to_owned(),
            // An idle connection that had died would leave us not knowing whether a token was spent.
            fresh: true,
        };
        self.ask(call, limit).await
    }

    /// A GET with these headers.
    pub(crate) async fn get(
        &self,
        url: Url,
        headers: HeaderMap,
        limit: (&'static str, Duration),
    ) -> Result<Answer, AuthorityError> {
        let call = Call {
            method: Method::GET,
            url,
            headers,
            body: Bytes::new(),
            partition: "sign-in".to_owned(),
            fresh: true,
        };
        self.ask(call, limit).await
    }

    /// Who we are, and that we want JSON.
    pub(crate) fn headers(&self, originator: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (USER_AGENT, self.user_agent.as_str()),
            (HeaderName::from_static("originator"), originator),
        ] {
            // What no header can carry is left out rather than bent.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        headers
    }

    async fn ask(
        &self,
        call: Call,
        (name, length): (&'static str, Duration),
    ) -> Result<Answer, AuthorityError> {
        let deadline = Deadline::after(&self.clock, name, length);
        let response = self.http.send(call, deadline).await?;
        let status = response.status.as_u16();
        let header = |name: &str| response.headers.get(name)?.to_str().ok();
        let cf_ray = header("cf-ray").map(ToOwned::to_owned);
        let challenged =
            header("cf-mitigated").is_some_and(|value| value.eq_ignore_ascii_case("challenge"));
        let body = read(response, deadline).await;
        Ok(Answer {
            status,
            cf_ray,
            challenged,
            body: serde_json::from_slice(&body).ok(),
        })
    }
}

/// As much of the body as came in time; one that is cut is no JSON and speaks for itself.
async fn read(response: Response, deadline: Deadline) -> Bytes {
    response.body.read_prefix(LARGEST, deadline).await
}

impl Answer {
    /// The body of a success.
    pub(crate) fn accepted(self) -> Result<Value, AuthorityError> {
        let (status, cf_ray) = (self.status, self.cf_ray);
        if self.challenged {
            return Err(AuthorityError::Challenged { status, cf_ray });
        }
        let Some(body) = self.body.filter(Value::is_object) else {
            return Err(AuthorityError::NotTheService { status, cf_ray });
        };
        match status {
            200..300 => Ok(body),
            status => Err(AuthorityError::Refused(refusal(status, &body))),
        }
    }
}

impl Form {
    fn encoded(self) -> (&'static str, Bytes) {
        match self {
            Self::Json(value) => ("application/json", value.to_string().into()),
            Self::Urlencoded(fields) => {
                let text = Serializer::new(String::new()).extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", text.into())
            }
        }
    }
}

/// The error in any of the forms that have been seen: OAuth's (RFC 6749 §5.2), and an object with
/// code and message.
fn refusal(status: u16, body: &Value) -> Refusal {
    let error = &body["error"];
    let code = [
        &error["code"],
        error,
        &body["code"],
        &body["detail"]["code"],
    ];
    let words = [
        &error["message"],
        &body["error_description"],
        &body["message"],
        &body["detail"],
    ];
    let first = |values: &[&Value]| {
        let mut texts = values.iter().filter_map(|value| value.as_str());
        texts.find(|text| !text.trim().is_empty()).map(one_line)
    };
    Refusal {
        status,
        code: first(&code),
        description: first(&words),
    }
}

/// Somebody else's words in one short line.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(DESCRIPTION).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_read_in_every_form_that_has_been_seen() {
        let table = [
            (
                json!({"error": {"code": "refresh_token_reused", "message": "No."}}),
                Some("refresh_token_reused"),
                Some("No."),
            ),
            (
                json!({"error": "invalid_grant", "error_description": "Gone\nfor good"}),
                Some("invalid_grant"),
                Some("Gone for good"),
            ),
            (json!({"code": "x", "message": "y"}), Some("x"), Some("y")),
            (json!({"detail": "Too many"}), None, Some("Too many")),
            (json!({"error": {"code": null}}), None, None),
        ];
        for (body, code, description) in table {
            let read = refusal(400, &body);
            assert_eq!(
                (read.code.as_deref(), read.description.as_deref()),
                (code, description),
                "{body}"
            );
        }
    }
}
