//! What to do about a fault: one pure function over the fault and the history of its step.
//!
//! It returns every reaction that could help, best first. Each layer takes the first that is its own
//! and possible, and hands the rest up: this room repeats, changes the route and waits; the rooms
//! above change accounts and providers, shrink the context, or tell the user.

use std::time::Duration;

use crate::{AttemptHistory, Cause, Fault, Phase, Replay};

/// Something that may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The same route again, after a pause (zero: at once).
    SameRoute {
        /// The pause.
        after: Duration,
    },
    /// The endpoint's other route.
    OtherRoute,
    /// A newer token.
    RefreshCredential,
    /// Another account with this provider.
    NextAccount,
    /// The next provider of the chain.
    NextProvider,
    /// A shorter conversation.
    ShrinkContext,
    /// Nothing helps: tell the user.
    Stop,
}

/// The kinds of move that the table speaks of; `react` turns them into reactions with their times.
#[derive(Clone, Copy)]
enum Move {
    Again,
    Wait,
    Other,
    Refresh,
    Account,
    Provider,
    Shrink,
}

/// How often a route is repeated, and how often a wait is accepted, in one step.
const REPLAYS: usize = 1;
const WAITS: usize = 3;

/// The pause where a server says "not now" and no more; doubled with every wait.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The table.
fn moves(cause: Cause) -> &'static [Move] {
    use Move::{Account, Again, Other, Provider, Refresh, Shrink, Wait};
    match cause {
        Cause::StaleConnection | Cause::UnknownPreviousResponse => &[Again],
        Cause::ConnectionExpired => &[Again, Other],
        Cause::UpgradeRefused => &[Other, Provider],
        Cause::Challenge | Cause::Blocked | Cause::Region => &[Other, Provider],
        Cause::Unauthorized => &[Refresh, Account, Provider],
        Cause::Forbidden | Cause::UsageLimit | Cause::Quota => &[Account, Provider],
        Cause::NoCredential => &[Account, Provider],
        Cause::RateLimited => &[Wait, Account, Provider],
        Cause::Overloaded => &[Wait, Provider],
        Cause::ResolverFailed | Cause::Offline | Cause::Refused | Cause::Unreachable => {
            &[Again, Provider]
        }
        Cause::TimedOut | Cause::Reset | Cause::EdgeTimeout => &[Again, Other, Provider],
        Cause::ServerError | Cause::Malformed => &[Again, Other, Provider],
        Cause::Silent | Cause::Stalled | Cause::Cut | Cause::EdgeDead => &[Again, Other, Provider],
        Cause::ContextTooLong | Cause::TooLarge => &[Shrink],
        Cause::NameNotFound | Cause::Certificate | Cause::Intercepted | Cause::ClockSkew => {
            &[Provider]
        }
        Cause::ProxyRefused | Cause::ProxyAuth | Cause::CaptivePortal => &[Provider],
        Cause::NotAnApi | Cause::NoSuchEndpoint | Cause::ClientMissing | Cause::Redirected => {
            &[Provider]
        }
        Cause::ModelUnavailable | Cause::InvalidEncryptedContent | Cause::BufferedPath => {
            &[Provider]
        }
        Cause::InvalidRequest | Cause::Policy | Cause::Incomplete => &[],
        Cause::Cancelled | Cause::Deadline => &[],
    }
}

/// What may help against `fault`, best first; `Stop` is always the last.
#[must_use]
pub fn react(fault: &Fault, history: &AttemptHistory) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = moves(fault.cause)
        .iter()
        .filter_map(|step| reaction(*step, fault, history))
        .collect();
    // A route that cannot even be opened is left before it is tried again.
    if fault.phase == Phase::Upgrade {
        reactions.sort_by_key(|reaction| *reaction != Reaction::OtherRoute);
    }
    reactions.push(Reaction::Stop);
    reactions
}

fn reaction(step: Move, fault: &Fault, history: &AttemptHistory) -> Option<Reaction> {
    let replays = history.count_on(fault.route, is_same_route);
    let may_replay = fault.replay != Replay::Forbidden;
    match step {
        Move::Again => {
            let again = may_replay && replays < REPLAYS;
            again.then(|| Reaction::SameRoute {
                after: fault.retry_after.unwrap_or_default(),
            })
        }
        Move::Wait => {
            let waits = history.count(is_same_route);
            (may_replay && waits < WAITS).then(|| Reaction::SameRoute {
                after: fault.retry_after.unwrap_or(SHORT_WAIT * (1 << waits)),
            })
        }
        Move::Other => {
            let left = history.count(|reaction| *reaction == Reaction::OtherRoute) > 0;
            (may_replay && !left).then_some(Reaction::OtherRoute)
        }
        Move::Refresh => {
            // The first refusal counts; after a refresh the second one is an answer.
            let first = history.failures_by(Cause::Unauthorized) <= 1;
            (may_replay && first).then_some(Reaction::RefreshCredential)
        }
        Move::Account => Some(Reaction::NextAccount),
        Move::Provider => Some(Reaction::NextProvider),
        Move::Shrink => Some(Reaction::ShrinkContext),
    }
}

fn is_same_route(reaction: &Reaction) -> bool {
    matches!(reaction, Reaction::SameRoute { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Route;

    fn fault(phase: Phase, cause: Cause) -> Fault {
        let mut fault = Fault::new(phase, cause);
        fault.route = Route::WebSocket;
        fault
    }

    fn history(steps: &[(Cause, Reaction)]) -> AttemptHistory {
        let mut history = AttemptHistory::new();
        for (cause, reaction) in steps {
            history.failed(&fault(Phase::Stream, *cause));
            history.reacted(*reaction);
        }
        history
    }

    const AT_ONCE: Reaction = Reaction::SameRoute {
        after: Duration::ZERO,
    };

    #[test]
    fn every_cause_ends_in_stop() {
        for cause in Cause::ALL {
            let reactions = react(&fault(Phase::Stream, *cause), &AttemptHistory::new());
            assert_eq!(reactions.last(), Some(&Reaction::Stop), "{cause:?}");
        }
    }

    #[test]
    fn a_cut_is_repeated_once_then_goes_the_other_way() {
        let cut = fault(Phase::Stream, Cause::Cut);
        assert_eq!(react(&cut, &AttemptHistory::new())[0], AT_ONCE);
        let once = history(&[(Cause::Cut, AT_ONCE)]);
        assert_eq!(react(&cut, &once)[0], Reaction::OtherRoute);
        let both = history(&[(Cause::Cut, AT_ONCE), (Cause::Cut, Reaction::OtherRoute)]);
        assert_eq!(react(&cut, &both)[0], Reaction::NextProvider);
    }

    #[test]
    fn a_refused_upgrade_is_not_repeated() {
        for cause in [
            Cause::UpgradeRefused,
            Cause::ServerError,
            Cause::Reset,
            Cause::TimedOut,
        ] {
            let reactions = react(&fault(Phase::Upgrade, cause), &AttemptHistory::new());
            assert_eq!(reactions[0], Reaction::OtherRoute, "{cause:?}");
        }
    }

    #[test]
    fn an_unauthorised_request_is_refreshed_once() {
        let refused = fault(Phase::Headers, Cause::Unauthorized);
        let first = history(&[]);
        assert_eq!(react(&refused, &first)[0], Reaction::RefreshCredential);
        let mut again = history(&[(Cause::Unauthorized, Reaction::RefreshCredential)]);
        again.failed(&refused);
        assert_eq!(react(&refused, &again)[0], Reaction::NextAccount);
    }

    #[test]
    fn a_server_that_says_when_is_taken_at_its_word() {
        let mut busy = fault(Phase::Headers, Cause::RateLimited);
        busy.retry_after = Some(Duration::from_secs(7));
        let wait = Reaction::SameRoute {
            after: Duration::from_secs(7),
        };
        assert_eq!(react(&busy, &AttemptHistory::new())[0], wait);
        let thrice = history(&[(Cause::RateLimited, wait); 3]);
        assert_eq!(react(&busy, &thrice)[0], Reaction::NextAccount);
    }

    #[test]
    fn what_was_delivered_is_not_sent_again() {
        let mut cut = fault(Phase::Stream, Cause::Cut);
        cut.replay = Replay::Forbidden;
        assert_eq!(
            react(&cut, &AttemptHistory::new())[0],
            Reaction::NextProvider
        );
    }
}
