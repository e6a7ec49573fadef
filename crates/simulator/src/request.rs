//! Reads the body of a request: whole, in time, decoded, and never more than is allowed.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use ruzstd::decoding::StreamingDecoder;

use crate::answers::{self, Answer, Refusal};

/// Most bytes of a body, on the wire and decoded.
pub(crate) const LARGEST: usize = 64 << 20;

/// How long a client may take to send it.
const SLOWEST: Duration = Duration::from_secs(60);

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It broke a rule that has its own status.
    Answer(&'static Answer),
    /// It is not what its headers say.
    Refused(Refusal),
}

/// The body as the client wrote it, before any content encoding.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming) -> Result<Bytes, Unreadable> {
    let whole = Limited::new(body, LARGEST).collect();
    let bytes = match tokio::time::timeout(SLOWEST, whole).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(Unreadable::Answer(&answers::TOO_LARGE));
        }
        Ok(Err(_broken_off)) => {
            return Err(Unreadable::Refused(Refusal::new(
                "The request's body broke off.",
            )));
        }
        Err(_elapsed) => return Err(Unreadable::Answer(&answers::TOO_SLOW)),
    };
    match headers
        .get(header::CONTENT_ENCODING)
        .map(HeaderValue::as_bytes)
    {
        None | Some(b"identity") => Ok(bytes),
        Some(b"zstd") => unpack(&bytes),
        Some(_) => Err(Unreadable::Refused(Refusal::new(
            "Unknown content-encoding.",
        ))),
    }
}

fn unpack(packed: &[u8]) -> Result<Bytes, Unreadable> {
    let invalid = || Unreadable::Refused(Refusal::new("Could not decode the zstd body."));
    let decoder = StreamingDecoder::new(packed).map_err(|_| invalid())?;
    let mut bytes = Vec::new();
    let limit = LARGEST as u64 + 1;
    decoder
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|_| invalid())?;
    if bytes.len() > LARGEST {
        return Err(Unreadable::Answer(&answers::TOO_LARGE));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    #[test]
    fn a_packed_body_is_unpacked_up_to_the_limit() {
        let pack = |bytes: &[u8]| compress_to_vec(bytes, CompressionLevel::Fastest);
        assert_eq!(unpack(&pack(b"{}")).unwrap(), "{}");
        let bomb = pack(&vec![0; LARGEST + 1]);
        assert!(bomb.len() < LARGEST / 100);
        assert!(matches!(unpack(&bomb), Err(Unreadable::Answer(answer)) if answer.status == 413));
    }

    #[test]
    fn a_broken_body_is_refused() {
        assert!(matches!(unpack(b"no zstd"), Err(Unreadable::Refused(_))));
    }
}
