//! Whom a request goes to, and whom after that: pure, so that a request which is encoded here and
//! one that is only passed on go the same way.
//!
//! A walk begins with everybody who can be asked, link by link and account by account. Those who
//! rest come last, but they come: nobody is refused an answer because of what happened a minute ago.
//! After a fault the reaction table alone says whether another account or another provider may help.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

use alipes_transport::{Alternatives, Fault, Reaction, may_help};

/// An account of one link of a chain, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    pub(crate) link: usize,
    pub(crate) account: usize,
}

/// What is known of a candidate before a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) who: Candidate,
    /// For how much longer it rests, after what it said itself ([`crate::rests::Rests`]).
    pub(crate) rests: Duration,
    /// For how much longer it is better not asked, after all that the transport remembers.
    pub(crate) left_alone: Duration,
    /// It is on this machine and needs no network.
    pub(crate) is_here: bool,
}

/// One request's way from candidate to candidate.
#[derive(Debug)]
pub(crate) struct Walk {
    current: Option<Candidate>,
    rest: VecDeque<Other>,
    /// Who is never asked, because the conversation holds what they cannot read.
    unread: Vec<Other>,
}

/// Somebody else, and whether that one is on this machine.
type Other = (Candidate, bool);

impl Walk {
    /// A walk over these, given in the order in which they are preferred.
    pub(crate) fn new(mut standings: Vec<Standing>) -> Self {
        standings.sort_by_key(|standing| !standing.rests.is_zero());
        if standings.iter().all(|known| !known.left_alone.is_zero()) {
            // The last one is asked for want of another: it shall be the least bad, and of equals
            // the first.
            standings.reverse();
            standings.sort_by_key(|known| Reverse(known.left_alone));
        }
        let left = standings.iter().map(|known| (known.who, known.is_here));
        let mut rest: VecDeque<Other> = left.collect();
        let current = rest.pop_front().map(|(first, _)| first);
        Self {
            current,
            rest,
            unread: Vec::new(),
        }
    }

    /// The same beside these, who could be asked if they could read the conversation.
    pub(crate) fn beside(self, unread: Vec<Other>) -> Self {
        Self { unread, ..self }
    }

    /// Who is to be asked now.
    pub(crate) fn current(&self) -> Option<Candidate> {
        self.current
    }

    /// Who is left behind the current one: whether the transport may hand a fault up. Whoever cannot read
    /// the conversation counts, because it can be said anew.
    pub(crate) fn alternatives(&self) -> Alternatives {
        let link = self.current.map(|current| current.link);
        let is_same = |(other, _): &&Other| Some(other.link) == link;
        let left = || self.rest.iter().chain(&self.unread);
        let mut others = left().filter(|other| !is_same(other));
        Alternatives {
            account: left().any(|other| is_same(&other)),
            here: others.clone().any(|(_, is_here)| *is_here),
            provider: others.next().is_some(),
        }
    }

    /// Whether somebody who cannot read the conversation might answer where the current one could not.
    pub(crate) fn is_unread(&self, fault: &Fault) -> bool {
        let failed = self.current;
        failed.is_some_and(|failed| self.unread.iter().any(may_answer(fault, failed)))
    }

    /// The current one cannot be told what is asked, and neither can another account of its. Gives whom to
    /// ask now; `None`: nobody else is left.
    pub(crate) fn pass_over(&mut self) -> Option<Candidate> {
        let passed = self.current.take()?;
        self.rest.retain(|(other, _)| other.link != passed.link);
        self.current = self.rest.pop_front().map(|(next, _)| next);
        self.current
    }

    /// The current one could not answer. Gives whom to ask now; `None`: the fault stands.
    pub(crate) fn after(&mut self, fault: &Fault) -> Option<Candidate> {
        let failed = self.current.take()?;
        self.rest.retain(may_answer(fault, failed));
        self.current = self.rest.pop_front().map(|(next, _)| next);
        self.current
    }
}

/// Who might answer where `failed` could not.
fn may_answer(fault: &Fault, failed: Candidate) -> impl Fn(&Other) -> bool {
    let account = may_help(fault, Reaction::NextAccount);
    let provider = may_help(fault, Reaction::NextProvider);
    let here = may_help(fault, Reaction::ProviderHere);
    move |(other, is_here)| match other.link == failed.link {
        true => account,
        false => provider || (here && *is_here),
    }
}

/// Whether somebody else may do better: then whom the fault condemns rests.
pub(crate) fn blames_the_candidate(fault: &Fault) -> bool {
    may_help(fault, Reaction::NextAccount) || may_help(fault, Reaction::NextProvider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_transport::Cause;

    fn fault(cause: Cause) -> Fault {
        Fault {
            cause,
            ..Fault::nobody_to_ask()
        }
    }

    fn standing(link: usize, account: usize) -> Standing {
        Standing {
            who: Candidate { link, account },
            rests: Duration::ZERO,
            left_alone: Duration::ZERO,
            is_here: link == 2,
        }
    }

    /// Two accounts, and behind them two more providers.
    fn everybody() -> Vec<Standing> {
        [(0, 0), (0, 1), (1, 0), (2, 0)]
            .map(|(link, account)| standing(link, account))
            .to_vec()
    }

    /// Who is asked, one after the other, if each fails in the same way.
    fn asked(mut walk: Walk, cause: Cause) -> Vec<(usize, usize)> {
        let fault = fault(cause);
        let mut asked = Vec::new();
        while let Some(Candidate { link, account }) = walk.current() {
            asked.push((link, account));
            walk.after(&fault);
        }
        asked
    }

    #[test]
    fn the_reaction_table_alone_says_who_is_next() {
        for (cause, expected) in [
            (Cause::UsageLimit, &[(0, 0), (0, 1), (1, 0), (2, 0)][..]),
            (Cause::Unauthorized, &[(0, 0), (0, 1), (1, 0), (2, 0)]),
            // A challenge condemns no account, so no other account is tried for it.
            (Cause::Challenge, &[(0, 0), (1, 0), (2, 0)]),
            (Cause::ServerError, &[(0, 0), (1, 0), (2, 0)]),
            (Cause::InvalidRequest, &[(0, 0)]),
            // Without a network only what is on this machine may help.
            (Cause::Offline, &[(0, 0), (2, 0)]),
        ] {
            assert_eq!(asked(Walk::new(everybody()), cause), expected, "{cause:?}");
        }
    }

    #[test]
    fn who_cannot_be_told_is_passed_over_with_all_accounts() {
        let mut walk = Walk::new(everybody());
        let links: Vec<usize> = std::iter::from_fn(|| walk.pass_over())
            .map(|who| who.link)
            .collect();
        assert_eq!(links, [1, 2]);
    }

    #[test]
    fn who_rests_is_asked_last() {
        let mut known = everybody();
        known[0].rests = Duration::from_secs(9);
        let order = asked(Walk::new(known), Cause::UsageLimit);
        assert_eq!(order, [(0, 1), (1, 0), (2, 0), (0, 0)]);
    }

    #[test]
    fn where_all_are_left_alone_the_least_bad_has_the_last_word() {
        let mut known = everybody();
        for (standing, seconds) in known.iter_mut().zip([5, 1, 9, 1]) {
            standing.left_alone = Duration::from_secs(seconds);
        }
        let order = asked(Walk::new(known), Cause::UsageLimit);
        assert_eq!(order, [(1, 0), (0, 0), (2, 0), (0, 1)]);
    }

    #[test]
    fn who_cannot_read_the_conversation_might_answer_only_what_the_reaction_table_says() {
        let beside = |unread| Walk::new(everybody()[..1].to_vec()).beside(unread);
        let other = |link, account| (Candidate { link, account }, link == 2);
        let (account, far, here) = (other(0, 1), other(1, 0), other(2, 0));
        for (cause, expected) in [
            (Cause::UsageLimit, [true, true, true]),
            (Cause::ServerError, [false, true, true]),
            (Cause::Offline, [false, false, true]),
            (Cause::InvalidRequest, [false, false, false]),
        ] {
            let fault = fault(cause);
            let might = [account, far, here].map(|other| beside(vec![other]).is_unread(&fault));
            assert_eq!(might, expected, "{cause:?}");
        }
        let told = [account, far, here].map(|other| {
            let told = beside(vec![other]).alternatives();
            (told.account, told.provider, told.here)
        });
        let expected = [
            (true, false, false),
            (false, true, false),
            (false, true, true),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_walk_tells_accounts_from_providers() {
        let mut walk = Walk::new(everybody());
        let both = walk.alternatives();
        assert!(both.account && both.provider);
        walk.after(&fault(Cause::UsageLimit));
        let providers = walk.alternatives();
        assert!(!providers.account && providers.provider);
        let two = everybody()[..2].to_vec();
        let accounts = Walk::new(two).alternatives();
        assert!(accounts.account && !accounts.provider);
    }
}
