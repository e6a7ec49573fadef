//! How a compaction comes to count: it is tried on a copy, recorded only if what is left is whole and
//! smaller, and only then does the model see less.

use alipes_store::Entry;

use super::background::Told;
use super::cut;
use super::plan::Plan;
use crate::context::size;
use crate::{Agent, TurnError};

/// How whatever stands for old messages begins.
const SUMMED_UP: &str = "What was said and done before this, ";

/// A compaction that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Tokens before, as far as is known.
    pub before: u64,
    /// Tokens after it, estimated.
    pub after: u64,
    /// Who summed up.
    pub by: SummedUpBy,
    /// Why nobody did, where it was shortened mechanically.
    pub without: Option<WithoutModel>,
}

/// Why no model has summed up what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutModel {
    /// There is nobody to ask.
    Nobody,
    /// Whoever was asked could not, or what he said could not stand for what was said; asked again it is
    /// not for a while.
    Failed,
    /// No summary came in time.
    TooLate,
    /// The model has refused as too long what was summed up, too.
    StillTooLong,
}

impl WithoutModel {
    /// The reason, for people.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Nobody => "there was nobody to ask for a summary",
            Self::Failed => "whoever was asked for a summary gave none that could be used",
            Self::TooLate => "no summary came in time",
            Self::StillTooLong => "the model still found it too long",
        }
    }
}

/// Who summed up what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummedUpBy {
    /// The provider, in a way that only it can read.
    Provider,
    /// A model.
    Model,
    /// Nobody: it was shortened mechanically.
    Digest,
}

impl SummedUpBy {
    fn heading(self) -> String {
        let how = match self {
            Self::Provider | Self::Model => {
                "summed up; the messages themselves are no longer shown to you:"
            }
            Self::Digest => {
                "shortened mechanically; look again at what you need and do not find here:"
            }
        };
        format!("{SUMMED_UP}{how}\n\n")
    }
}

impl Agent {
    pub(super) async fn carry_out(
        &mut self,
        plan: &Plan,
        told: Told,
    ) -> Result<Option<Compacted>, TurnError> {
        match told {
            Told::Text(told) => self.count(plan, &told, SummedUpBy::Model).await,
            Told::Sealed(sealed) => {
                let entry = plan.sealed(self.transcript(), sealed);
                let done = self.check(entry, SummedUpBy::Provider).await?;
                if done.is_none() {
                    self.background.leave_the_provider();
                }
                Ok(done)
            }
        }
    }

    /// Lets a text count for what it stands for.
    pub(super) async fn count(
        &mut self,
        plan: &Plan,
        told: &str,
        by: SummedUpBy,
    ) -> Result<Option<Compacted>, TurnError> {
        let told = format!("{}{told}", by.heading());
        let entry = plan.carried_out(self.transcript(), &told);
        self.check(entry, by).await
    }

    /// Lets a compaction count, if it makes the conversation smaller and leaves it whole.
    async fn check(
        &mut self,
        entry: Option<Entry>,
        by: SummedUpBy,
    ) -> Result<Option<Compacted>, TurnError> {
        let before = self.context();
        let bytes = size(self.transcript().items());
        let checked = entry.filter(|entry| {
            let mut after = self.transcript().clone();
            after.add(entry.clone());
            cut::is_whole(&after)
        });
        let Some(entry) = checked else {
            self.stuck_at = Some(bytes);
            return Ok(None);
        };
        self.record.keep(vec![entry]).await?;
        self.stuck_at = None;
        Ok(Some(Compacted {
            before: before.tokens,
            after: self.context().tokens,
            by,
            without: None,
        }))
    }
}
