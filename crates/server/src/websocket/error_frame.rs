//! A refusal as a frame: what would be the status, the headers and the body of an answer over HTTP
//! (codex-protocol §2.6).

use alipes_wire::Dialect;

use crate::refusal::Refusal;

/// `{"type":"error","status":…,"error":{…},"headers":{…}}`.
pub(super) fn error_frame(refusal: &Refusal) -> String {
    let status = refusal.status.as_u16();
    let body = Dialect::Responses.error_body(&refusal.error, Some(status));
    // The body is an object with one member, which stays the text it is.
    let members = body.strip_prefix('{').unwrap_or("}");
    let headers = match refusal.retry_after_seconds() {
        Some(seconds) => format!(r#""headers":{{"retry-after":"{seconds}"}},"#),
        None => String::new(),
    };
    format!(r#"{{"type":"error","status":{status},{headers}{members}"#)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;

    #[test]
    fn an_error_is_told_as_its_answer_would_be() {
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "c", "w").about("p");
        let frame = error_frame(&refusal.after(Duration::from_millis(1_500)));
        let expected = r#"{"type":"error","status":429,"headers":{"retry-after":"2"},"error":{"message":"w","type":"rate_limit_error","param":"p","code":"c"}}"#;
        assert_eq!(frame, expected);
    }
}
