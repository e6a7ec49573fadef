//! What the user says while a turn runs. It waits here until the model is asked the next time, and
//! becomes part of the conversation then: a word that steers is worth most before the next step.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may wait.
const MOST: usize = 32;

/// What is to be put into the running turn. Both ends hold the same one.
#[derive(Clone, Debug, Default)]
pub struct Interjections(Arc<Mutex<VecDeque<String>>>);

impl Interjections {
    /// Puts a text in; gives it back where too many wait already.
    ///
    /// # Errors
    /// The text, unchanged.
    pub fn say(&self, text: String) -> Result<(), String> {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            return Err(text);
        }
        waiting.push_back(text);
        Ok(())
    }

    /// What no step has heard yet, oldest first.
    #[must_use]
    pub fn unheard(&self) -> Vec<String> {
        self.waiting().iter().cloned().collect()
    }

    /// Takes that back.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        self.waiting().drain(..).collect()
    }

    /// The oldest so many are in the conversation now.
    pub(crate) fn heard(&self, count: usize) {
        let mut waiting = self.waiting();
        let count = count.min(waiting.len());
        waiting.drain(..count);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
