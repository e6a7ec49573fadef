//! The pages that a browser shows in the end: plain HTML with nothing from elsewhere.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// A page that says one thing.
pub(super) struct Page {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Page {
    /// It worked. `who` is the account's address, if it is known.
    pub(super) fn signed_in(who: Option<&str>) -> Self {
        let who = who.map_or(String::new(), |who| format!(" as {who}"));
        Self {
            status: StatusCode::OK,
            title: "Signed in",
            text: format!("alipes is signed in{who}. You can close this page."),
        }
    }

    /// It did not work, and why.
    pub(super) fn failed(why: &str) -> Self {
        Self {
            status: StatusCode::OK,
            title: "Not signed in",
            text: format!("{why}. You can close this page; alipes says how to go on."),
        }
    }

    /// The user, or another program, called it off.
    pub(super) fn cancelled() -> Self {
        Self::failed("The sign-in was cancelled")
    }

    /// The answer to a sign-in that this program did not begin.
    pub(super) fn stranger() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "Not this sign-in",
            text: "This answer belongs to another sign-in. Go back to the page that alipes opened last."
                .to_owned(),
        }
    }

    /// Anything else.
    pub(super) fn refused(status: StatusCode) -> Self {
        Self {
            status,
            title: "Nothing here",
            text: "This address only waits for a sign-in to come back.".to_owned(),
        }
    }

    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let (title, text) = (self.title, escaped(&self.text));
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title} - alipes</title>\
             <style>body{{font:1.1em/1.5 sans-serif;max-width:32em;margin:15vh auto;padding:0 1em;\
             color-scheme:light dark}}</style></head>\
             <body><h1>{title}</h1><p>{text}</p></body></html>\n"
        );
        let mut response = Response::new(Full::new(Bytes::from(html)));
        *response.status_mut() = self.status;
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ),
        ] {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// The text where it cannot become markup.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_cannot_become_markup() {
        assert_eq!(escaped("<script>'&\""), "&lt;script&gt;&#39;&amp;&quot;");
    }
}
