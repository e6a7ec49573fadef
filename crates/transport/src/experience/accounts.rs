//! What is known of accounts beyond their faults, for whoever chooses between several: how often each
//! was asked, and what is left of its plan. Endpoint memory carries it from process to process.

use std::time::{Duration, SystemTime};

use super::Experience;
use crate::memory::{Fact, Remembered};
use crate::{AccountKey, Cause, Session};

/// For how long it counts that an account was asked.
const COUNTED: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How often an account was asked of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimesAsked {
    /// So often.
    pub times: usize,
    /// When it was asked last.
    pub last: SystemTime,
}

/// What was left of an account's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLeft {
    /// In percent of its narrowest limit.
    pub percent: u8,
    /// How long ago that was said.
    pub age: Duration,
    /// For how much longer it counts.
    pub remaining: Duration,
}

/// An account that is better not asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRest {
    /// Why, where that was kept.
    pub cause: Option<Cause>,
    /// For how much longer.
    pub remaining: Duration,
}

impl Session {
    /// Whether the account it goes by is better not asked for now, after all that is known of it.
    #[must_use]
    pub fn account_rest(&self) -> Option<AccountRest> {
        let to = self.about.destination("");
        let known = self.about.transport.experience.account_left_alone(&to)?;
        Some(AccountRest {
            cause: known.reason.map(|reason| reason.cause),
            remaining: known.remaining,
        })
    }
}

impl Experience {
    /// The account is asked once more.
    pub fn asked(&self, account: &AccountKey) {
        let fact = asked(account);
        let before = self.facts.find(&fact).and_then(|known| known.limit);
        self.keep_number(fact, before.unwrap_or(0).saturating_add(1), COUNTED);
    }

    /// How often the account was asked; `None`: not of late.
    #[must_use]
    pub fn times_asked(&self, account: &AccountKey) -> Option<TimesAsked> {
        let known = self.facts.find(&asked(account))?;
        Some(TimesAsked {
            times: known.limit?,
            last: known.noted(),
        })
    }

    /// The account has `percent` of its plan left. That counts for `lasting`: a plan begins anew.
    pub fn note_quota(&self, account: &AccountKey, percent: u8, lasting: Duration) {
        self.keep_number(quota(account), percent.into(), lasting);
    }

    /// What is left of the account's plan, where that was said and still counts.
    #[must_use]
    pub fn quota_left(&self, account: &AccountKey) -> Option<QuotaLeft> {
        let known = self.facts.find(&quota(account))?;
        let age = self.clock.wall().duration_since(known.noted());
        Some(QuotaLeft {
            percent: u8::try_from(known.limit?).ok()?.min(100),
            age: age.unwrap_or_default(),
            remaining: known.remaining(self.clock.unix_ms()),
        })
    }

    fn keep_number(&self, fact: Fact, number: usize, lasting: Duration) {
        let mut known = Remembered::for_the_next(lasting, self.clock.unix_ms());
        known.limit = Some(number);
        self.facts.keep(fact, known);
    }
}

fn asked(account: &AccountKey) -> Fact {
    Fact::Asked {
        account: account.clone(),
    }
}

fn quota(account: &AccountKey) -> Fact {
    Fact::QuotaLeft {
        account: account.clone(),
    }
}
