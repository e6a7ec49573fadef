//! Takes back what was said or summed up. The journal keeps it; the model no longer sees it, or sees
//! again what a summary stood for.

use alipes_store::{Entry, Undone as Kind};

use crate::messages::said;
use crate::{Agent, TurnError};

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// A compaction: the model sees again what was summed up.
    Compaction,
    /// A turn. What its tools have done to files stays done.
    Turn {
        /// What the user had asked.
        prompt: String,
    },
}

impl Agent {
    /// Takes back what came last: a compaction, or the last turn.
    ///
    /// # Errors
    /// [`TurnError::NothingToUndo`], and [`TurnError::Journal`] if it could not be recorded.
    pub async fn undo(&mut self) -> Result<Undone, TurnError> {
        self.catch_up().await;
        match self.transcript().undoable() {
            None => Err(TurnError::NothingToUndo),
            Some(Kind::Compaction) => {
                self.take_back(Kind::Compaction).await?;
                Ok(Undone::Compaction)
            }
            Some(Kind::Turn) => {
                let prompt = self.undo_turn().await?;
                Ok(Undone::Turn { prompt })
            }
        }
    }

    /// Takes back the last turn, whatever was summed up since, and gives its prompt: said again, it is
    /// another try.
    ///
    /// # Errors
    /// As for [`Agent::undo`].
    pub async fn undo_turn(&mut self) -> Result<String, TurnError> {
        self.catch_up().await;
        let prompt = self.transcript().prompt().ok_or(TurnError::NothingToUndo)?;
        let prompt = said(prompt);
        self.take_back(Kind::Turn).await?;
        Ok(prompt)
    }

    async fn take_back(&mut self, what: Kind) -> Result<(), TurnError> {
        self.background.forget();
        Ok(self.record.keep(vec![Entry::Undone(what)]).await?)
    }
}
