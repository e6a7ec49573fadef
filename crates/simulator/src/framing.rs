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

/// The lines of one event, without the blank one that ends it. Chunks of Chat Completions have no
/// kind, and no name.
pub(crate) fn lines(event: &str) -> String {
    match inject::kind_of(event) {
        "" => format!("data: {event}\n"),
        kind => format!("event: {kind}\ndata: {event}\n"),
    }
}

impl Dress {
    /// What comes before the first event.
    pub(crate) fn opening(self) -> Option<Bytes> {
        (self == Self::ByteOrderMark).then_some(Bytes::from_static("\u{feff}".as_bytes()))
    }

    /// The chunks of a text.
    pub(crate) fn pieces(self, text: &str) -> Vec<Bytes> {
        match self {
            Self::ByteOrderMark => vec![text.to_owned().into()],
            Self::CarriageReturns => text
                .replace('\n', "\r\n")
                .split_inclusive('\r')
                .map(|piece| piece.to_owned().into())
                .collect(),
            Self::Crumbs => text
                .bytes()
                .map(|byte| Bytes::copy_from_slice(&[byte]))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dress_changes_no_event() {
        let event = r#"{"type":"response.created","text":"“ü”"}"#;
        let plain = format!("{}\n", lines(event));
        assert_eq!(plain, format!("event: response.created\ndata: {event}\n\n"));
        let whole = |dress: Dress| {
            let pieces = dress.pieces(&plain);
            (pieces.len(), String::from_utf8(pieces.concat()).unwrap())
        };
        assert_eq!(whole(Dress::Crumbs), (plain.len(), plain.clone()));
        assert_eq!(whole(Dress::ByteOrderMark), (1, plain.clone()));
        let crossed = plain.replace('\n', "\r\n");
        assert_eq!(whole(Dress::CarriageReturns), (4, crossed));
    }
}
