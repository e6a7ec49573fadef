//! A request as the body of one HTTP POST: the whole conversation in one piece.

use bytes::Bytes;

use crate::CannotCarry;
use crate::cannot_carry::LeftOut;

/// A request, encoded once, that is sent as it is.
#[derive(Clone, Debug)]
pub struct EncodedBody {
    body: Bytes,
    left_out: Vec<CannotCarry>,
}

impl EncodedBody {
    pub(crate) fn new(body: String, left_out: LeftOut) -> Self {
        Self {
            body: body.into(),
            left_out: left_out.into_list(),
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What was left out, because it is a hint or bound to another provider.
    #[must_use]
    pub fn left_out(&self) -> &[CannotCarry] {
        &self.left_out
    }
}
