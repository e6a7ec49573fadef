//! Which of a provider's accounts is asked first.
//!
//! A conversation stays with the account that has answered it: its encrypted reasoning and the
//! provider's cache belong to that one. So a strategy chooses when a conversation begins and where an
//! account has failed; only `in-order` goes back to an earlier account as soon as that is rested.

use std::cmp::Reverse;
use std::time::SystemTime;

/// How a provider's accounts are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// As the configuration lists them.
    #[default]
    InOrder,
    /// The one that was not asked for longest.
    RoundRobin,
    /// The one that was asked least often of late.
    LeastUsed,
    /// The one with the most left of its plan, as far as that is known.
    MostQuotaLeft,
}

/// What is known of an account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AccountRecord {
    /// The conversation's last answer was its own.
    pub(crate) answered_last: bool,
    pub(crate) times_asked: usize,
    pub(crate) last_asked: Option<SystemTime>,
    /// In percent. One that tells nothing counts as full: only asking it will tell.
    pub(crate) quota_left: Option<u8>,
}

impl Strategy {
    /// The names, as the configuration spells them.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("in-order", Self::InOrder),
        ("round-robin", Self::RoundRobin),
        ("least-used", Self::LeastUsed),
        ("most-quota-left", Self::MostQuotaLeft),
    ];

    /// The name, as the configuration spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InOrder => "in-order",
            Self::RoundRobin => "round-robin",
            Self::LeastUsed => "least-used",
            Self::MostQuotaLeft => "most-quota-left",
        }
    }

    /// The places of the accounts, the preferred one first; equals as they are listed.
    pub(crate) fn order(self, accounts: &[AccountRecord]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..accounts.len()).collect();
        let of = |place: &usize| accounts[*place];
        match self {
            Self::InOrder => {}
            Self::RoundRobin => places.sort_by_key(|at| of(at).last_asked),
            Self::LeastUsed => places.sort_by_key(|at| of(at).times_asked),
            Self::MostQuotaLeft => {
                places.sort_by_key(|at| Reverse(of(at).quota_left.unwrap_or(100)));
            }
        }
        if self != Self::InOrder {
            places.sort_by_key(|at| !of(at).answered_last);
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn record(times_asked: usize, seconds: u64, quota_left: Option<u8>) -> AccountRecord {
        AccountRecord {
            times_asked,
            last_asked: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
            quota_left,
            answered_last: false,
        }
    }

    #[test]
    fn each_strategy_prefers_what_its_name_says() {
        let never = AccountRecord::default();
        let known = [
            record(9, 50, Some(10)),
            record(2, 70, Some(80)),
            record(5, 10, Some(80)),
        ];
        for (strategy, expected) in [
            (Strategy::InOrder, [0, 1, 2]),
            (Strategy::RoundRobin, [2, 0, 1]),
            (Strategy::LeastUsed, [1, 2, 0]),
            (Strategy::MostQuotaLeft, [1, 2, 0]),
        ] {
            assert_eq!(strategy.order(&known), expected, "{strategy:?}");
        }
        for strategy in [
            Strategy::RoundRobin,
            Strategy::LeastUsed,
            Strategy::MostQuotaLeft,
        ] {
            assert_eq!(strategy.order(&[known[0], never])[0], 1, "{strategy:?}");
        }
    }

    #[test]
    fn a_conversation_stays_with_the_account_that_has_answered_it() {
        let mut known = [record(1, 1, Some(99)), record(9, 9, Some(1))];
        known[1].answered_last = true;
        for (name, strategy) in Strategy::NAMES {
            let stays = strategy != Strategy::InOrder;
            assert_eq!(strategy.order(&known)[0], usize::from(stays), "{name}");
            assert_eq!(strategy.as_str(), name);
        }
    }
}
