//! Responses that a provider keeps, by the ids that clients know them by.
//!
//! A client says `previous_response_id` with an id of ours. Only the client that got it may use it,
//! and only the provider that gave the answer knows it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alipes_base::Clock;
use alipes_models::Continued;
use tokio::time::Instant;

/// Most responses that are remembered; older ones are forgotten first.
const MOST: usize = 10_000;

/// For how long one is remembered.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// What is remembered.
pub(crate) struct Continuations {
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<String, Entry>,
    oldest_first: VecDeque<String>,
}

#[derive(Clone)]
struct Entry {
    client: String,
    conversation: String,
    continued: Continued,
    since: Instant,
}

/// A response that can be gone on from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) continued: Continued,
    /// The conversation that it belongs to.
    pub(crate) conversation: String,
}

impl Continuations {
    pub(crate) fn new(clock: Clock) -> Self {
        let known = Mutex::default();
        Self { clock, known }
    }

    /// Remembers a response that `client` got as `id`.
    pub(crate) fn keep(&self, id: &str, client: &str, found: Found) {
        let entry = Entry {
            client: client.to_owned(),
            conversation: found.conversation,
            continued: found.continued,
            since: self.clock.now(),
        };
        let mut known = self.known();
        while known.oldest_first.len() >= MOST {
            let oldest = known.oldest_first.pop_front();
            oldest.map(|oldest| known.by_id.remove(&oldest));
        }
        known.oldest_first.push_back(id.to_owned());
        known.by_id.insert(id.to_owned(), entry);
    }

    /// What `client` knows as `id`.
    pub(crate) fn find(&self, id: &str, client: &str) -> Option<Found> {
        let known = self.known();
        let entry = known.by_id.get(id)?;
        let is_fresh = self.clock.since(entry.since) < KEPT;
        (is_fresh && entry.client == client).then(|| Found {
            continued: entry.continued.clone(),
            conversation: entry.conversation.clone(),
        })
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            continued: Continued {
                by: "p/m".parse().unwrap(),
                response_id: "resp_theirs".to_owned(),
            },
            conversation: "c".to_owned(),
        }
    }

    #[test]
    fn nobody_goes_on_from_the_response_of_another() {
        let continuations = Continuations::new(Clock::system());
        continuations.keep("resp_1", "a", found());
        assert!(continuations.find("resp_1", "a").is_some());
        assert!(continuations.find("resp_1", "b").is_none());
        assert!(continuations.find("resp_theirs", "a").is_none());
    }

    #[test]
    fn only_so_many_are_remembered() {
        let continuations = Continuations::new(Clock::system());
        for number in 0..=MOST {
            continuations.keep(&number.to_string(), "a", found());
        }
        assert!(continuations.find("0", "a").is_none());
        assert!(continuations.find("1", "a").is_some());
        assert_eq!(continuations.known().by_id.len(), MOST);
    }
}
