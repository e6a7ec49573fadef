//! Cookies by which an edge brings the requests of a conversation to the same node.
//!
//! A cache that is warm on one node is cold on the next, so what the edge says about that is said
//! back to it. Nothing else is: only the names that the profile lists are kept, over TLS alone, in
//! memory alone, for one conversation. What binds us to a node that fails is let go with it.

use std::collections::BTreeMap;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

/// The longest value that is kept, in bytes.
const LONGEST: usize = 1_024;

/// What the edge has said.
#[derive(Clone, Debug, Default)]
pub(crate) struct EdgeCookies(BTreeMap<String, String>);

impl EdgeCookies {
    /// Keeps what an answer's headers set, as far as the names are `listed`.
    pub(crate) fn keep(&mut self, listed: &[String], headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let Some((name, value)) = pair(cookie) else {
                continue;
            };
            if listed.iter().any(|listed| listed == name) {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The header for the next request (RFC 6265, section 4.2), if there is anything to say.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Lets all of it go.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

/// Name and value of a cookie that can be sent back (RFC 6265, section 4.1.1). Its attributes do not
/// matter: it lives no longer than the conversation, and goes to no other host.
fn pair(cookie: &HeaderValue) -> Option<(&str, &str)> {
    let text = cookie.to_str().ok()?;
    let (name, value) = text.split(';').next()?.split_once('=')?;
    let sendable =
        |byte: u8| matches!(byte, b'!' | b'#'..=b'+' | b'-'..=b':' | b'<'..=b'[' | b']'..=b'~');
    let value = value.trim();
    (value.len() <= LONGEST && value.bytes().all(sendable)).then_some((name.trim(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(answers: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for answer in answers {
            headers.append(SET_COOKIE, HeaderValue::from_static(answer));
        }
        let mut cookies = EdgeCookies::default();
        cookies.keep(&["__cflb".to_owned()], &headers);
        cookies.header()
    }

    #[test]
    fn only_what_is_listed_is_said_back() {
        let node = "__cflb=02DiuF; SameSite=None; Secure; path=/; HttpOnly";
        let kept_one = kept(&["session=secret; path=/", node, "__cf_bm=x"]);
        assert_eq!(kept_one.as_deref(), Some("__cflb=02DiuF"));
        assert_eq!(kept(&["session=secret"]), None);
    }

    #[test]
    fn the_last_word_counts_and_what_no_header_can_carry_does_not() {
        let last = kept(&["__cflb=one", "__cflb=two"]);
        assert_eq!(last.as_deref(), Some("__cflb=two"));
        for odd in [
            "__cflb",
            "=x",
            "__cflb=a b",
            "__cflb=\"quoted\"",
            "__cflb=a,b",
        ] {
            assert_eq!(kept(&[odd]), None, "{odd}");
        }
    }
}
