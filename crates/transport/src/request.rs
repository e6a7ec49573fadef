//! One model step as the rooms above hand it down: the encoded request, and what must be known of it
//! to send it well.

use alipes_wire::EncodedRequest;

use crate::{Priority, Reader};

/// One model step on its way down.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request, encoded.
    pub body: EncodedRequest,
    /// The same without the reasoning in its input, for an endpoint that cannot read that: another
    /// account made it. `None` where it holds none.
    pub without_reasoning: Option<EncodedRequest>,
    /// Whether the model was asked to reason: it may be silent for longer then.
    pub reasoning: bool,
    /// What its reader counts as shown, and whether that can be taken back.
    pub reader: Reader,
    /// The model's name, and how hard it was asked to think: what is learnt is learnt for these.
    pub model: String,
    /// The effort; empty where none was asked for.
    pub effort: String,
    /// Who goes first where the endpoint bears only so many requests at once.
    pub priority: Priority,
    /// Whether somebody waits who ends it when he has waited enough: where nobody else can be asked, two
    /// requests without a word stay open until the deadline, instead of being asked a third time.
    pub waits_on: bool,
    /// Whom the rooms above could ask instead: then this one is not waited for with growing pauses.
    pub alternatives: Alternatives,
}

/// Who is left to ask, beside the one that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alternatives {
    /// Another account with the same endpoint.
    pub account: bool,
    /// Another provider.
    pub provider: bool,
    /// Another provider on this machine.
    pub here: bool,
}

impl Alternatives {
    /// Whether there is anybody.
    #[must_use]
    pub fn any(self) -> bool {
        self.account || self.provider
    }
}
