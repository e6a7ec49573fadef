//! What the other side of a WebSocket did against the rules, and the close code that tells it so.

use thiserror::Error;
use yawc::close::CloseCode;

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
}

impl Broken {
    /// RFC 6455, section 7.4.1.
    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Self::Frame => CloseCode::Protocol,
            Self::NotText => CloseCode::Invalid,
            Self::TooLarge => CloseCode::Size,
        }
    }
}
