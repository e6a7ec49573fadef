//! `permessage-deflate` (RFC 7692): what to offer, and what to make of an answer.
//!
//! Strict on purpose: two sides that disagree about a window or a context do not fail, they
//! deliver garbage later. An answer that we did not ask for ends the handshake instead.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::SEC_WEBSOCKET_EXTENSIONS;

use super::HandshakeError;

/// The extension's name.
const NAME: &str = "permessage-deflate";

/// What a client of ours offers: all parameters at their defaults, and any window of its own.
pub(super) const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// The smallest window that zlib can deflate raw data with; RFC 7692 would allow 8.
const SMALLEST_WINDOW: u8 = 9;

/// The parameters that both sides agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deflate {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<u8>,
}

impl Deflate {
    /// The agreement as a header value, which is also how the framing library reads it.
    pub(super) fn header(&self) -> String {
        let mut text = NAME.to_owned();
        if self.server_no_context_takeover {
            text.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            text.push_str("; client_no_context_takeover");
        }
        if let Some(bits) = self.server_max_window_bits {
            text.push_str(&format!("; server_max_window_bits={bits}"));
        }
        if let Some(bits) = self.client_max_window_bits {
            text.push_str(&format!("; client_max_window_bits={bits}"));
        }
        text
    }

    /// Whether the server can inflate what a client of ours deflates. If its window is smaller
    /// than any we have, messages go out as they are, which RFC 7692 allows for each one.
    pub(super) fn client_may_deflate(&self) -> bool {
        self.client_max_window_bits
            .is_none_or(|bits| bits >= SMALLEST_WINDOW)
    }
}

/// What a server agreed to; `None` if it took no extension.
pub(super) fn agreed(answer: &HeaderMap, offered: bool) -> Result<Option<Deflate>, HandshakeError> {
    let elements = elements(answer)?;
    match (elements.as_slice(), offered) {
        ([], _) => Ok(None),
        ([element], true) if element.name == NAME => element.answer().map(Some),
        _ => Err(HandshakeError::UnexpectedExtension),
    }
}

/// The first of a client's offers that a server of ours can keep; offers it cannot read are
/// passed over, as RFC 7692 asks.
pub(super) fn choose(request: &HeaderMap) -> Option<Deflate> {
    let elements = elements(request).ok()?;
    elements
        .iter()
        .filter(|element| element.name == NAME)
        .find_map(Element::offer)
}

/// One extension with its parameters, as a header lists it.
struct Element<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Element<'a> {
    fn parse(text: &'a str) -> Result<Self, HandshakeError> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty());
        let name = name.ok_or(HandshakeError::BadExtension)?;
        let parameters: Vec<_> = parts
            .map(|part| match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (part, None),
            })
            .collect();
        let mut seen = HashSet::new();
        if parameters.iter().all(|(name, _)| seen.insert(*name)) {
            Ok(Self { name, parameters })
        } else {
            Err(HandshakeError::BadExtension)
        }
    }

    /// As a server's answer to [`OFFER`] (RFC 7692, section 7.1): all four parameters may appear.
    fn answer(&self) -> Result<Deflate, HandshakeError> {
        let mut deflate = Deflate::default();
        for (name, value) in &self.parameters {
            match (*name, value) {
                ("server_no_context_takeover", None) => deflate.server_no_context_takeover = true,
                ("client_no_context_takeover", None) => deflate.client_no_context_takeover = true,
                ("server_max_window_bits", Some(value)) => {
                    deflate.server_max_window_bits = Some(window(value)?);
                }
                ("client_max_window_bits", Some(value)) => {
                    deflate.client_max_window_bits = Some(window(value)?);
                }
                _ => return Err(HandshakeError::BadExtension),
            }
        }
        Ok(deflate)
    }

    /// As a client's offer. The client's own window is its affair: we can inflate any.
    fn offer(&self) -> Option<Deflate> {
        let mut deflate = Deflate::default();
        for (name, value) in &self.parameters {
            match (*name, value) {
                ("server_no_context_takeover", None) => deflate.server_no_context_takeover = true,
                ("client_no_context_takeover", None) => deflate.client_no_context_takeover = true,
                ("server_max_window_bits", Some(value)) => {
                    let bits = window(value).ok().filter(|bits| *bits >= SMALLEST_WINDOW)?;
                    deflate.server_max_window_bits = Some(bits);
                }
                ("client_max_window_bits", None) => {}
                ("client_max_window_bits", Some(value)) => {
                    window(value).ok()?;
                }
                _ => return None,
            }
        }
        Some(deflate)
    }
}

fn elements(headers: &HeaderMap) -> Result<Vec<Element<'_>>, HandshakeError> {
    let mut elements = Vec::new();
    for value in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        let text = value
            .to_str()
            .map_err(|_not_ascii| HandshakeError::BadExtension)?;
        for element in text.split(',') {
            elements.push(Element::parse(element)?);
        }
    }
    Ok(elements)
}

/// A window size: 8 to 15, without leading zeros (RFC 7692, section 7.1.2).
fn window(text: &str) -> Result<u8, HandshakeError> {
    match text.parse::<u8>() {
        Ok(bits @ 8..=15) if !text.starts_with(['0', '+']) => Ok(bits),
        _ => Err(HandshakeError::BadExtension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let named = |value: &&str| (SEC_WEBSOCKET_EXTENSIONS, value.parse().unwrap());
        values.iter().map(named).collect()
    }

    #[test]
    fn an_answer_may_set_all_four_parameters() {
        let answer = headers(&[
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=\"10\"; client_max_window_bits = 8",
        ]);
        let deflate = agreed(&answer, true).unwrap().unwrap();
        assert_eq!(deflate.server_max_window_bits, Some(10));
        assert!(deflate.server_no_context_takeover && deflate.client_no_context_takeover);
        assert!(!deflate.client_may_deflate());
    }

    #[test]
    fn no_answer_means_no_compression() {
        assert_eq!(agreed(&headers(&[]), true).unwrap(), None);
    }

    #[test]
    fn what_was_not_offered_fails() {
        for answer in ["permessage-deflate", "x-webkit-deflate-frame"] {
            let outcome = agreed(&headers(&[answer]), false);
            assert_eq!(
                outcome,
                Err(HandshakeError::UnexpectedExtension),
                "{answer}"
            );
        }
        let outcome = agreed(
            &headers(&["permessage-deflate", "permessage-deflate"]),
            true,
        );
        assert_eq!(outcome, Err(HandshakeError::UnexpectedExtension));
    }

    #[test]
    fn unknown_duplicate_or_impossible_parameters_fail() {
        for parameters in [
            "mux=1",
            "client_max_window_bits",
            "client_max_window_bits=16",
            "server_max_window_bits=7",
            "server_max_window_bits=09",
            "server_no_context_takeover=1",
            "client_max_window_bits=9; client_max_window_bits=9",
        ] {
            let answer = headers(&[&format!("permessage-deflate; {parameters}")]);
            assert_eq!(
                agreed(&answer, true),
                Err(HandshakeError::BadExtension),
                "{parameters}"
            );
        }
    }

    #[test]
    fn a_server_takes_the_first_offer_it_can_keep() {
        let request = headers(&[
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; mux",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits",
        ]);
        let deflate = choose(&request).unwrap();
        assert_eq!(
            deflate.header(),
            "permessage-deflate; server_max_window_bits=12"
        );
        assert_eq!(choose(&headers(&["x-other"])), None);
        assert!(choose(&headers(&[OFFER])).is_some());
    }
}
