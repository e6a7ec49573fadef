//! What a turn tells while it runs.

use alipes_models::Addressee;
use alipes_store::ToolOutcome;
use alipes_tools::Effect;
use alipes_transport::{Fault, Trace};
use alipes_wire::Usage;

use crate::{Compacted, ContextUse};

/// Something happened in a turn.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TurnEvent {
    /// The model is asked, and the record of that will be found by this name.
    OnRecord {
        /// The call's id.
        id: String,
    },
    /// Who is asked first.
    Asking(Addressee),
    /// More text for the reader.
    TextDelta {
        /// The piece.
        delta: String,
        /// It is said on the way to the answer, as far as is known by now.
        preamble: bool,
    },
    /// More of the model's reasoning summary.
    ReasoningDelta {
        /// The piece.
        delta: String,
    },
    /// What the user has said meanwhile is part of the conversation now, and the model is asked next.
    Interjected {
        /// What was said.
        text: String,
    },
    /// A message of the model is complete and its response has ended well: nothing of it will be
    /// taken back.
    Message {
        /// Its text.
        text: String,
        /// Whether it is the answer, or only said on the way to it.
        answer: bool,
        /// Whether the model itself called it a preamble, and so did its deltas.
        preamble: bool,
    },
    /// The model was asked once to the end, and this is what it took, where that was told.
    StepEnded {
        /// Who answered.
        by: Addressee,
        /// Tokens.
        usage: Usage,
    },
    /// Somebody was asked beside the turns, for a title, a summary or a shorter beginning, and this is
    /// what it took.
    SpentBeside {
        /// Who answered.
        by: Addressee,
        /// Tokens.
        usage: Usage,
    },
    /// The response begins anew.
    Restarted {
        /// Whether text of it had been shown.
        delivered: bool,
    },
    /// One account or provider could not answer, and the next is asked.
    NextProvider {
        /// Who could not.
        from: Addressee,
        /// Why.
        fault: Box<Fault>,
        /// Who is asked now.
        to: Addressee,
        /// How many items stay behind: reasoning that is encrypted for somebody else.
        left_out: usize,
    },
    /// A tool call begins.
    ToolStarted {
        /// The call.
        call_id: String,
        /// The tool.
        name: String,
        /// What it will do, in one line; of a call that is refused, what it would have done.
        summary: String,
        /// What it does to the world; nothing where it will not run.
        effect: Option<Effect>,
    },
    /// A tool call says how it gets on, for whoever watches: of a command, the newest lines of its
    /// output, harmless and without secrets. The whole comes when the call has ended.
    ToolProgress {
        /// The call.
        call_id: String,
        /// What came since the last time; where too much came, the end of it.
        text: String,
    },
    /// A tool call has ended.
    ToolCompleted {
        /// The call.
        call_id: String,
        /// The tool.
        name: String,
        /// How it ended.
        outcome: ToolOutcome,
        /// What the model reads.
        output: String,
        /// What it did to files, as a unified diff for people.
        changes: Option<String>,
    },
    /// The turn waits for a summary of what is old, because the model's window is as full as this.
    SummingUp(ContextUse),
    /// What is old was summed up.
    Compacted(Compacted),
    /// What happens on the wire.
    Trace(Trace),
}
