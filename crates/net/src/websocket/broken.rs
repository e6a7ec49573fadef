//! What the other side of a WebSocket did against the rules, and the close code that tells it so.

use thiserror::Error;
use yawc::close::CloseCode;

/// The registry's code for who may come again (IANA, WebSocket Close Code Number Registry).
const TRY_AGAIN_LATER: u16 = 1013;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Broken {
    /// Frames that are none, or in an order that makes no message.
    #[error("a frame breaks the protocol")]
    Frame,
    /// Text that is not UTF-8.
    #[error("a text is not UTF-8")]
    NotText,
    /// A message over the bound.
    #[error("a message is too large")]
    TooLarge,
    /// A message for which there is no room beside those of others. No rule forbids it.
    #[error("no room for this message now; try again later")]
    NoRoom,
}

impl Broken {
    /// RFC 6455, section 7.4.1.
    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Self::Frame => CloseCode::Protocol,
            Self::NotText => CloseCode::Invalid,
            Self::TooLarge => CloseCode::Size,
            Self::NoRoom => CloseCode::from(TRY_AGAIN_LATER),
        }
    }
}
