//! Request bodies in zstd (RFC 8878): whether, and until when not.
//!
//! A conversation is sent whole with every step over SSE, so on a slow uplink the request is the
//! wait. The official client compresses for the ChatGPT backend; other servers would not understand
//! it, so the profile decides. There are middleboxes that break such a body, and then the backend
//! says that it cannot decode it: that request goes out again as it is, at once and at no cost, and
//! so do all further ones for a while.
//!
//! The encoder is written in Rust and already here, because the simulator decodes: 44 % of a
//! history of 100 kB are left after 1 ms, where the C library leaves 36 % after 0.25 ms (measured).

use http::StatusCode;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::{Cause, Endpoint, Experience, Fault, Replay};

/// A body up to this many bytes leaves in one flight anyway: ten segments (RFC 6928).
const ONE_FLIGHT: usize = 14_600;

/// What a server says that could not decode a body: of the encoding, or of the JSON that it took
/// the compressed bytes for. Only read where the body was compressed.
const WORDS: [&str; 6] = ["zstd", "encod", "decod", "compress", "parse", "utf-8"];

/// The body in zstd, if the endpoint takes it and it is worth it.
pub(crate) fn packed(body: &[u8], endpoint: &Endpoint, experience: &Experience) -> Option<Vec<u8>> {
    let wanted = endpoint.profile().compress && body.len() > ONE_FLIGHT;
    if !wanted || experience.refuses_zstd(endpoint) {
        return None;
    }
    let packed = compress_to_vec(body, CompressionLevel::Fastest);
    (packed.len() < body.len()).then_some(packed)
}

/// The fault by its right name: a refusal of nothing but the compression leaves the request unread,
/// and the plain one is sent at no cost.
pub(crate) fn named(mut fault: Fault, compressed: bool) -> Fault {
    if compressed && is_about_encoding(&fault) {
        fault.cause = Cause::EncodingRefused;
        fault.replay = Replay::Free;
    }
    fault
}

/// Whether a refusal of a compressed request is about its encoding (RFC 9110, section 15.5.16 for
/// 415; the ChatGPT backend behind a meddling proxy: 400, codex-protocol §8).
fn is_about_encoding(fault: &Fault) -> bool {
    let status = fault.evidence.status;
    if status == Some(StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16()) {
        return true;
    }
    let said = fault.message.as_ref().or(fault.evidence.body.as_ref());
    let said = said.map(|text| text.to_ascii_lowercase());
    status == Some(StatusCode::BAD_REQUEST.as_u16())
        && fault.cause == Cause::InvalidRequest
        && said.is_some_and(|said| WORDS.iter().any(|word| said.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Phase, Profile};

    fn endpoint(profile: &str) -> Endpoint {
        let profile = Profile::named(profile).unwrap();
        Endpoint::new("test", "https://example.org/v1", profile, None).unwrap()
    }

    #[test]
    fn only_a_large_body_for_an_endpoint_that_takes_it_is_compressed() {
        let experience = Experience::new(alipes_base::Clock::system());
        let large = vec![b'x'; ONE_FLIGHT + 1];
        let codex = endpoint("openai-codex");
        assert!(packed(&large, &codex, &experience).is_some());
        assert!(packed(&large[1..], &codex, &experience).is_none());
        for other in [
            "openai",
            "openai-compatible",
            "anthropic",
            "openrouter",
            "local",
        ] {
            let other = endpoint(other);
            assert!(packed(&large, &other, &experience).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_400_counts_only_if_it_speaks_of_the_encoding() {
        let refused = |status: u16, cause, message: &str| {
            let mut fault = Fault::new(Phase::Headers, cause);
            fault.evidence.status = Some(status);
            fault.message = Some(message.to_owned());
            is_about_encoding(&fault)
        };
        let invalid = Cause::InvalidRequest;
        assert!(refused(400, invalid, "Could not decode the zstd body."));
        assert!(refused(
            400,
            invalid,
            "We could not parse the JSON body of your request."
        ));
        assert!(refused(415, invalid, ""));
        assert!(!refused(400, invalid, "Unsupported parameter: temperature"));
        assert!(!refused(
            400,
            Cause::ContextTooLong,
            "cannot decode this many tokens"
        ));
        assert!(!refused(500, Cause::ServerError, "zstd"));
    }
}
