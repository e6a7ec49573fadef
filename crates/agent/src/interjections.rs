//! What the user says while a turn runs. It waits here until the model is asked the next time, and
//! becomes part of the conversation then: a word that steers is worth most before the next step.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may wait.
const MOST: usize = 32;

/// What is to be put into the running turn. Both ends hold the same one.
#[derive(Clone, Debug, Default)]
pub struct Interjections(Arc<Mutex<Words>>);

#[derive(Debug, Default)]
struct Words {
    waiting: VecDeque<String>,
    /// What is in the conversation, and nobody has been told so.
    untold: VecDeque<String>,
}

impl Interjections {
    /// Puts a text in; gives it back where too many wait already.
    ///
    /// # Errors
    /// The text, unchanged.
    pub fn say(&self, text: String) -> Result<(), String> {
        let mut words = self.words();
        let waiting = &mut words.waiting;
        if waiting.len() >= MOST {
            return Err(text);
        }
        waiting.push_back(text);
        Ok(())
    }

    /// What no step has heard yet, oldest first.
    #[must_use]
    pub fn unheard(&self) -> Vec<String> {
        self.words().waiting.iter().cloned().collect()
    }

    /// Takes that back.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        self.words().waiting.drain(..).collect()
    }

    /// These are in the conversation now.
    pub(crate) fn heard(&self, texts: impl IntoIterator<Item = String>) {
        let mut words = self.words();
        for text in texts {
            // Who was interrupted may have taken it back before that was known.
            let at = words.waiting.iter().position(|waiting| *waiting == text);
            at.map(|at| words.waiting.remove(at));
            words.untold.push_back(text);
        }
    }

    /// What is in the conversation and is yet to be told.
    pub(crate) fn take_untold(&self) -> Vec<String> {
        self.words().untold.drain(..).collect()
    }

    /// Whether there is any of that.
    pub(crate) fn has_untold(&self) -> bool {
        !self.words().untold.is_empty()
    }

    /// The oldest of it, which is told now.
    pub(crate) fn next_untold(&self) -> Option<String> {
        self.words().untold.pop_front()
    }

    fn words(&self) -> MutexGuard<'_, Words> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
