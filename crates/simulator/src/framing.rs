//! How an event looks as server-sent events, well and oddly dressed.
//!
//! Everything here is allowed by the HTML standard (section 9.2.6), or seen where a middlebox cuts the
//! stream wherever it likes.

use bytes::Bytes;

use crate::inject;

/// How a whole stream is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dress {
    /// A byte order mark before everything.
    ByteOrderMark,
    /// Lines end with CR and LF, and a chunk ends between them.
    CarriageReturns,
    /// Every byte comes by itself, in the middle of characters too.
    Crumbs,
}

/// The lines of one event, without the blank one that ends it.
pub(crate) fn lines(event: &str) -> String {
    match inject::kind_of(event) {
        "" => format!("data: {event}\n"),
        kind => format!("event: {kind}\ndata: {event}\n"),
    }
}

/// All events in pieces, as they are written.
pub(crate) fn dressed(dress: Dress, events: &[String]) -> Vec<Bytes> {
    let whole = events.iter().map(|event| format!("{}\n", lines(event)));
    match dress {
        Dress::ByteOrderMark => std::iter::once("\u{feff}".to_owned())
            .chain(whole)
            .map(Bytes::from)
            .collect(),
        Dress::CarriageReturns => whole
            .flat_map(|event| {
                let event = event.replace('\n', "\r\n");
                let pieces: Vec<_> = event.split_inclusive('\r').map(str::to_owned).collect();
                pieces
            })
            .map(Bytes::from)
            .collect(),
        Dress::Crumbs => whole
            .flat_map(String::into_bytes)
            .map(|byte| Bytes::copy_from_slice(&[byte]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dress_changes_no_event() {
        let event = r#"{"type":"response.created","text":"“ü”"}"#;
        let plain = format!("event: response.created\ndata: {event}\n\n");
        let whole = |dress| {
            let pieces = dressed(dress, &[event.to_owned()]);
            (pieces.len(), String::from_utf8(pieces.concat()).unwrap())
        };
        assert_eq!(whole(Dress::Crumbs), (plain.len(), plain.clone()));
        let marked = format!("\u{feff}{plain}");
        assert_eq!(whole(Dress::ByteOrderMark), (2, marked));
        let (pieces, text) = whole(Dress::CarriageReturns);
        assert_eq!((pieces, text), (4, plain.replace('\n', "\r\n")));
    }
}
