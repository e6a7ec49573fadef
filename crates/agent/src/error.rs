//! How a turn can fail.

use alipes_base::Expired;
use alipes_store::JournalError;
use alipes_transport::Fault;

/// A turn that gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TurnError {
    /// The model could not be reached, or did not answer.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The model went on calling tools.
    #[error(
        "the model called tools in {rounds} rounds without giving an answer; ask for less at once"
    )]
    TooManyRounds {
        /// The limit.
        rounds: usize,
    },
    /// The model ended its turn without a word.
    #[error("the model ended its turn without an answer; ask again, or ask another model")]
    NoAnswer,
    /// The turn's own limit passed while its calls ran, or while somebody was asked about one.
    #[error("{0} before there was an answer")]
    OutOfTime(Expired),
    /// There is no turn to go on with, and no prompt.
    #[error("there is nothing to go on with: nobody has asked anything yet; give a prompt")]
    NothingToContinue,
    /// What was said is too short, or too new, to be summed up.
    #[error("there is nothing to sum up: it would not get shorter")]
    NothingToCompact,
    /// Nothing was said, or all of it has been taken back.
    #[error("there is nothing to take back")]
    NothingToUndo,
    /// What happened could not be recorded, so nothing further was done.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<Fault> for TurnError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}
