//! Who made which reasoning, so that nobody is sent what only somebody else can read.
//!
//! A client of our server sends reasoning back as it got it, and does not know that another account may
//! be asked this time. What is noted is a digest of each opaque text and its account, never the text. What
//! was made before this process began, or longer ago than is remembered, is nobody's: it is sent, and
//! left out if the provider says that it cannot read it.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_transport::AccountKey;

/// Most texts that are remembered: some hundred kilobytes.
const MOST: usize = 8_192;

/// The makers of the reasoning that was seen. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Makers(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    hasher: RandomState,
    makers: HashMap<u64, AccountKey>,
    /// In the order in which they were made.
    order: VecDeque<u64>,
}

impl Makers {
    /// `account` made this text.
    pub(crate) fn note(&self, text: &str, account: &AccountKey) {
        let mut known = self.known();
        let digest = known.hasher.hash_one(text);
        if known.makers.insert(digest, account.clone()).is_none() {
            known.order.push_back(digest);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.makers.remove(&oldest);
        }
    }

    /// Whether somebody else than `account` is known to have made it.
    pub(crate) fn is_foreign(&self, text: &str, account: Option<&AccountKey>) -> bool {
        let known = self.known();
        let maker = known.makers.get(&known.hasher.hash_one(text));
        maker.is_some_and(|maker| Some(maker) != account)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_transport::EndpointKey;

    fn account(name: &str) -> AccountKey {
        let url = "https://h/v1".parse().unwrap();
        AccountKey::of(&EndpointKey::of(&url), name)
    }

    #[test]
    fn only_what_another_account_is_known_to_have_made_is_foreign() {
        let (makers, home, work) = (Makers::default(), account("home"), account("work"));
        makers.note("g1", &home);
        for (text, asked, is_foreign) in [
            ("g1", Some(&home), false),
            ("g1", Some(&work), true),
            ("g1", None, true),
            ("g2", Some(&work), false),
        ] {
            assert_eq!(makers.is_foreign(text, asked), is_foreign, "{text}");
        }
    }

    #[test]
    fn what_was_made_long_ago_is_forgotten() {
        let (makers, home, work) = (Makers::default(), account("home"), account("work"));
        for number in 0..=MOST {
            makers.note(&number.to_string(), &home);
            makers.note("0", &home);
        }
        assert!(!makers.is_foreign("1", Some(&work)));
        assert!(makers.is_foreign(&MOST.to_string(), Some(&work)));
        assert_eq!(makers.known().makers.len(), MOST);
    }
}
