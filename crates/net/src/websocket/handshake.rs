//! The upgrade's own headers (RFC 6455, section 4): written and checked, on both sides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha1::{Digest, Sha1};
use thiserror::Error;

use super::extensions::{self, Deflate, OFFER};

/// Appended to the key before hashing (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What is wrong with the other side's half of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// `upgrade` or `connection` do not ask for, or grant, a WebSocket.
    #[error("not a WebSocket upgrade")]
    NotAnUpgrade,
    /// The client speaks another version than 13; answer with 426.
    #[error("not WebSocket version 13")]
    WrongVersion,
    /// The client's key is missing or not 16 bytes.
    #[error("the WebSocket key is missing or malformed")]
    BadKey,
    /// The server's `sec-websocket-accept` does not match our key: an answer from a cache, or
    /// from something that is not a WebSocket server.
    #[error("the answer does not match the WebSocket key")]
    WrongAccept,
    /// The server chose an extension that was not offered.
    #[error("the server chose an extension that was not offered")]
    UnexpectedExtension,
    /// An extension's parameters are unknown, repeated or out of range.
    #[error("an extension's parameters are malformed or unknown")]
    BadExtension,
    /// The server chose a subprotocol that was not offered.
    #[error("the server chose a subprotocol that was not offered")]
    UnexpectedProtocol,
}

/// A new key for one upgrade, from the operating system: the first number from aws-lc takes 35 ms
/// (measured), because it gathers entropy of its own.
pub(super) fn key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

/// Adds the upgrade's headers to a request's.
pub(super) fn ask(
    headers: &mut HeaderMap,
    key: &str,
    compression: bool,
) -> Result<(), http::header::InvalidHeaderValue> {
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(key)?);
    headers.remove(SEC_WEBSOCKET_EXTENSIONS);
    if compression {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(OFFER));
    }
    Ok(())
}

/// Checks a server's 101 answer against our request; gives what it agreed to.
pub(super) fn check_answer(
    answer: &HeaderMap,
    key: &str,
    compression: bool,
    asked_protocol: bool,
) -> Result<Option<Deflate>, HandshakeError> {
    check_upgrade(answer)?;
    let accept = answer.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accept != Some(accept_for(key).as_bytes()) {
        return Err(HandshakeError::WrongAccept);
    }
    if answer.contains_key(SEC_WEBSOCKET_PROTOCOL) && !asked_protocol {
        return Err(HandshakeError::UnexpectedProtocol);
    }
    extensions::agreed(answer, compression)
}

/// Checks a client's request; gives its key.
pub(super) fn check_request(request: &HeaderMap) -> Result<&str, HandshakeError> {
    check_upgrade(request)?;
    if request
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(HandshakeError::WrongVersion);
    }
    request
        .get(SEC_WEBSOCKET_KEY)
        .and_then(|key| key.to_str().ok())
        .filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16))
        .ok_or(HandshakeError::BadKey)
}

/// The headers of the answer to a request with this key.
pub(super) fn answer(key: &str, deflate: Option<&Deflate>) -> HeaderMap {
    let ours = |text: String| HeaderValue::from_maybe_shared(text.into_bytes());
    let mut headers = HeaderMap::new();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    // Base64 and the parameters we write are always valid header text.
    headers.extend(
        ours(accept_for(key))
            .ok()
            .map(|value| (SEC_WEBSOCKET_ACCEPT, value)),
    );
    headers.extend(
        deflate
            .and_then(|deflate| ours(deflate.header()).ok())
            .map(|value| (SEC_WEBSOCKET_EXTENSIONS, value)),
    );
    headers
}

fn check_upgrade(headers: &HeaderMap) -> Result<(), HandshakeError> {
    let upgrades = lists(headers, UPGRADE, "websocket") && lists(headers, CONNECTION, "upgrade");
    if upgrades {
        Ok(())
    } else {
        Err(HandshakeError::NotAnUpgrade)
    }
}

/// Whether a header that is a list of tokens has this one, in any case.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

fn accept_for(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[test]
    fn the_accept_value_is_that_of_the_standard() {
        assert_eq!(accept_for(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn both_sides_of_a_handshake_agree() {
        let key = key().unwrap();
        let mut request = HeaderMap::new();
        ask(&mut request, &key, true).unwrap();
        assert_eq!(check_request(&request), Ok(key.as_str()));
        let deflate = extensions::choose(&request);
        let answer = answer(&key, deflate.as_ref());
        assert_eq!(check_answer(&answer, &key, true, false), Ok(deflate));
    }

    #[test]
    fn an_answer_to_another_key_is_not_taken() {
        let replayed = answer(KEY, None);
        let outcome = check_answer(&replayed, &key().unwrap(), true, false);
        assert_eq!(outcome, Err(HandshakeError::WrongAccept));
    }

    #[test]
    fn a_subprotocol_nobody_asked_for_is_not_taken() {
        let mut answer = answer(KEY, None);
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("chat"));
        let outcome = check_answer(&answer, KEY, true, false);
        assert_eq!(outcome, Err(HandshakeError::UnexpectedProtocol));
        assert_eq!(check_answer(&answer, KEY, true, true), Ok(None));
    }

    #[test]
    fn a_request_is_checked_field_by_field() {
        let mut good = HeaderMap::new();
        ask(&mut good, KEY, false).unwrap();
        let without = |name: HeaderName| {
            let mut headers = good.clone();
            headers.remove(name);
            check_request(&headers).map(str::to_owned)
        };
        assert_eq!(without(UPGRADE), Err(HandshakeError::NotAnUpgrade));
        assert_eq!(without(CONNECTION), Err(HandshakeError::NotAnUpgrade));
        assert_eq!(
            without(SEC_WEBSOCKET_VERSION),
            Err(HandshakeError::WrongVersion)
        );
        assert_eq!(without(SEC_WEBSOCKET_KEY), Err(HandshakeError::BadKey));
    }
}
