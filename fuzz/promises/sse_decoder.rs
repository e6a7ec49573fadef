//! However a stream is cut into chunks, the decoder gives the same items and the same end; and what
//! it holds never grows past its limits.

use alipes_wire::{SseDecoder, SseError, SseItem, SseLimits};

/// Small enough for a fuzzer to run into.
const TIGHT: SseLimits = SseLimits {
    line: 24,
    event: 40,
};

/// What became of a stream.
#[derive(Debug, PartialEq)]
struct Decoded {
    items: Vec<SseItem>,
    end: Result<Option<SseItem>, SseError>,
}

/// The first byte says how long the chunks are, the rest is the stream.
pub(crate) fn holds(bytes: &[u8]) {
    let Some((first, stream)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(*first % 32) + 1;
    for limits in [SseLimits::default(), TIGHT] {
        let whole = decode([stream], limits);
        assert_eq!(
            decode(stream.chunks(size), limits),
            whole,
            "chunks of {size}"
        );
        assert_eq!(decode(stream.chunks(1), limits), whole, "single bytes");
        for item in &whole.items {
            if let SseItem::Event { data, .. } = item {
                assert!(
                    data.len() <= limits.event,
                    "an event of {} bytes",
                    data.len()
                );
            }
        }
    }
}

fn decode<'s>(chunks: impl IntoIterator<Item = &'s [u8]>, limits: SseLimits) -> Decoded {
    let mut decoder = SseDecoder::new(limits);
    let mut items = Vec::new();
    let broken = chunks
        .into_iter()
        .find_map(|chunk| decoder.push(chunk, &mut items).err());
    let end = broken.map_or_else(|| Ok(decoder.finish()), Err);
    Decoded { items, end }
}
