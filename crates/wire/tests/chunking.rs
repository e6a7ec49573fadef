//! Any chunking of the same bytes gives the same events.

use alipes_wire::{SseDecoder, SseItem, SseLimits};
use proptest::prelude::*;

fn decode(chunks: &[&[u8]]) -> (Vec<SseItem>, Option<SseItem>) {
    let mut decoder = SseDecoder::new(SseLimits::default());
    let mut items = Vec::new();
    for chunk in chunks {
        assert_eq!(decoder.push(chunk, &mut items), Ok(()));
    }
    (items, decoder.finish())
}

/// Streams of the pieces that matter: field names, line ends, marks, and bytes from anywhere.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"data: ",
        b"data:",
        b"data",
        b"event: e",
        b"id: 1",
        b"retry: 5",
        b": comment",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"{\"type\":\"x\"}",
        "\u{FEFF}".as_bytes(),
        "\u{1F600}".as_bytes(),
        b"\xFF",
        b"[DONE]",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut start = 0;
        for cut in cuts {
            chunks.push(&bytes[start..cut]);
            start = cut;
        }
        chunks.push(&bytes[start..]);
        prop_assert_eq!(decode(&chunks), decode(&[&bytes]));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(decode(&single), decode(&[&bytes]));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&[&bytes]);
    }
}
