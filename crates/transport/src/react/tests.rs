//! The table, row by row.

use super::*;

const BUDGET: Budget = Budget {
    replays: 7,
    replays_after_cut: 5,
};
const AT_ONCE: Reaction = Reaction::SameRoute {
    backoff: Duration::ZERO,
};

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

fn first(fault: &Fault, history: &AttemptHistory) -> Reaction {
    react(fault, history, BUDGET)[0]
}

#[test]
fn every_cause_ends_in_stop_and_is_told_in_words() {
    for cause in Cause::ALL {
        let reactions = react(
            &fault(Phase::Stream, *cause),
            &AttemptHistory::new(),
            BUDGET,
        );
        assert_eq!(reactions.last(), Some(&Reaction::Stop), "{cause:?}");
        assert_eq!(
            remedies(*cause).last(),
            Some(&"stops and tells"),
            "{cause:?}"
        );
    }
}

#[test]
fn a_cut_goes_once_the_same_way_then_the_other_then_to_the_next_provider() {
    let cut = fault(Phase::Stream, Cause::Cut);
    let fresh = react(&cut, &AttemptHistory::new(), BUDGET);
    assert_eq!(
        fresh[..3],
        [AT_ONCE, Reaction::OtherRoute, Reaction::NextProvider]
    );
    let once = history(&[(Cause::Cut, AT_ONCE)]);
    assert_eq!(first(&cut, &once), Reaction::OtherRoute);
    let both = history(&[(Cause::Cut, AT_ONCE), (Cause::Cut, Reaction::OtherRoute)]);
    assert_eq!(first(&cut, &both), Reaction::NextProvider);
}

#[test]
fn where_nothing_else_is_left_pauses_grow_within_the_budget() {
    let broken = fault(Phase::Headers, Cause::ServerError);
    let mut taken = vec![];
    let mut pauses = vec![];
    loop {
        let reactions = react(&broken, &history(&taken), BUDGET);
        let again = reactions
            .into_iter()
            .find(|r| matches!(r, Reaction::SameRoute { .. }));
        let Some(Reaction::SameRoute { backoff }) = again else {
            break;
        };
        pauses.push(backoff.as_millis());
        taken.push((Cause::ServerError, Reaction::SameRoute { backoff }));
    }
    assert_eq!(pauses, [0, 600, 1_200, 1_800, 2_000, 2_600, 4_000]);
}

#[test]
fn after_an_outage_of_three_or_seven_seconds_the_next_request_is_soon() {
    let mut late = [0; 2];
    for seed in 0..1_000 {
        let rng = Rng::seeded(seed);
        let mut at = Duration::ZERO;
        let pauses = PAUSES.map(Duration::from_millis);
        let tries = pauses.map(|pause| {
            at += drawn(pause, &rng);
            at
        });
        assert!(tries[5] >= Duration::from_secs(9) && tries[5] <= Duration::from_secs(13));
        for (late, (outage, soon)) in late.iter_mut().zip([(3_000, 600), (7_000, 1_200)]) {
            let outage = Duration::from_millis(outage);
            let next = tries.into_iter().find(|at| *at >= outage).unwrap();
            *late += usize::from(next > outage + Duration::from_millis(soon));
        }
    }
    assert!(late[0] <= 100 && late[1] <= 200, "{late:?} of 1,000");
}

#[test]
fn a_time_out_costs_double_and_cuts_have_a_budget_of_their_own() {
    let spend = |cause: Cause, limited: bool| {
        let mut history = AttemptHistory::new();
        let mut count = 0;
        let mut fault = fault(Phase::Stream, cause);
        if limited {
            let (limit, length) = ("output", Duration::from_secs(30));
            fault = fault.limited(alipes_base::Expired { limit, length });
        }
        loop {
            history.failed(&fault);
            let reactions = react(&fault, &history, BUDGET);
            let again = reactions
                .into_iter()
                .find(|r| matches!(r, Reaction::SameRoute { .. }));
            let Some(again) = again else { return count };
            history.reacted(again);
            count += 1;
        }
    };
    assert_eq!(spend(Cause::ServerError, false), 7);
    assert_eq!(spend(Cause::TimedOut, true), 4);
    assert_eq!(spend(Cause::Silent, true), 2, "three times patience is all");
    assert_eq!(spend(Cause::Stalled, true), 2);
    assert_eq!(spend(Cause::Cut, false), 5);
}

#[test]
fn a_refused_upgrade_is_not_repeated_first() {
    for cause in [
        Cause::UpgradeRefused,
        Cause::ServerError,
        Cause::Reset,
        Cause::TimedOut,
    ] {
        let refused = fault(Phase::Upgrade, cause);
        assert_eq!(
            first(&refused, &AttemptHistory::new()),
            Reaction::OtherRoute,
            "{cause:?}"
        );
    }
}

#[test]
fn an_unauthorised_request_is_refreshed_once() {
    let refused = fault(Phase::Headers, Cause::Unauthorized);
    assert_eq!(
        first(&refused, &AttemptHistory::new()),
        Reaction::RefreshCredential
    );
    let mut again = history(&[(Cause::Unauthorized, Reaction::RefreshCredential)]);
    again.failed(&refused);
    assert_eq!(first(&refused, &again), Reaction::NextAccount);
}

#[test]
fn a_server_that_says_when_is_taken_at_its_word() {
    let wait = Reaction::Wait {
        length: Duration::from_secs(7),
    };
    for cause in [Cause::Overloaded, Cause::ServerError] {
        let mut busy = fault(Phase::Headers, cause);
        busy.retry_after = Some(Duration::from_secs(7));
        let reactions = react(&busy, &AttemptHistory::new(), BUDGET);
        // Nobody waits before that whom somebody else could answer.
        assert_eq!(reactions[..2], [Reaction::NextProvider, wait], "{cause:?}");
    }
}

#[test]
fn the_next_provider_is_asked_before_a_long_wait() {
    let provider_comes_first = |cause, seconds| {
        let mut busy = fault(Phase::Headers, cause);
        busy.retry_after = Some(Duration::from_secs(seconds));
        let reactions = react(&busy, &AttemptHistory::new(), BUDGET);
        let at = |wanted: fn(&Reaction) -> bool| reactions.iter().position(wanted).unwrap();
        at(|reaction| *reaction == Reaction::NextProvider)
            < at(|reaction| matches!(reaction, Reaction::Wait { .. }))
    };
    for cause in [Cause::ServerError, Cause::Overloaded, Cause::EdgeTimeout] {
        assert!(!provider_comes_first(cause, 1), "{cause:?}");
        assert!(provider_comes_first(cause, 2), "{cause:?}");
    }
    assert!(!provider_comes_first(Cause::RateLimited, 30));
    assert!(provider_comes_first(Cause::RateLimited, 31));
}

#[test]
fn an_account_with_too_many_requests_is_left_for_another_before_it_is_waited_for() {
    let wait = |seconds| Reaction::Wait {
        length: Duration::from_secs(seconds),
    };
    let mut busy = fault(Phase::Headers, Cause::RateLimited);
    busy.retry_after = Some(Duration::from_secs(7));
    let reactions = react(&busy, &AttemptHistory::new(), BUDGET);
    let expected = [
        Reaction::NextAccount,
        wait(7),
        Reaction::NextProvider,
        Reaction::Stop,
    ];
    assert_eq!(reactions, expected);
    let thrice = history(&[(Cause::RateLimited, wait(7)); 3]);
    assert!(!react(&busy, &thrice, BUDGET).contains(&wait(7)));
    busy.retry_after = None;
    let once = history(&[(Cause::RateLimited, wait(7))]);
    assert!(react(&busy, &once, BUDGET).contains(&wait(2)));
}

#[test]
fn what_was_delivered_is_not_sent_again() {
    for cause in Cause::ALL {
        let mut broken = fault(Phase::Stream, *cause);
        broken.replay = Replay::Forbidden;
        for reaction in react(&broken, &AttemptHistory::new(), BUDGET) {
            let sends_nothing = matches!(reaction, Reaction::ShrinkContext | Reaction::Stop);
            assert!(sends_nothing, "{cause:?}: {reaction:?}");
        }
    }
}

#[test]
fn a_challenge_costs_one_other_route_and_never_a_refresh_or_a_repeat() {
    let challenged = fault(Phase::Upgrade, Cause::Challenge);
    let reactions = react(&challenged, &AttemptHistory::new(), BUDGET);
    assert_eq!(
        reactions,
        [Reaction::OtherRoute, Reaction::NextProvider, Reaction::Stop]
    );
    let other = history(&[(Cause::Challenge, Reaction::OtherRoute)]);
    assert_eq!(
        react(&challenged, &other, BUDGET),
        [Reaction::NextProvider, Reaction::Stop]
    );
}

#[test]
fn a_free_replay_is_free_once_and_never_endless() {
    let mut refused = fault(Phase::Connect, Cause::Refused);
    refused.replay = Replay::Free;
    let mut history = AttemptHistory::new();
    let mut replays = 0;
    loop {
        let reactions = react(&refused, &history, BUDGET);
        let again = reactions
            .into_iter()
            .find(|r| matches!(r, Reaction::SameRoute { .. }));
        let Some(again) = again else { break };
        history.failed(&refused);
        history.reacted(again);
        replays += 1;
        assert!(replays < 100, "endless");
    }
    assert_eq!(replays, 8);
}

#[test]
fn whatever_a_server_asks_for_the_budget_ends_it() {
    // Where there is no network, no server has asked.
    let asking = Cause::ALL.iter().filter(|cause| **cause != Cause::Offline);
    for cause in asking {
        for retry_after in [Duration::ZERO, Duration::from_secs(1)] {
            let mut asked = fault(Phase::Headers, *cause);
            asked.retry_after = Some(retry_after);
            let mut history = AttemptHistory::new();
            let mut replays = 0;
            loop {
                let again =
                    |r: &Reaction| matches!(r, Reaction::SameRoute { .. } | Reaction::Wait { .. });
                let Some(again) = react(&asked, &history, BUDGET).into_iter().find(again) else {
                    break;
                };
                history.failed(&asked);
                history.reacted(again);
                replays += 1;
                assert!(replays <= 8, "{cause:?} goes on for ever");
            }
        }
    }
}

#[test]
fn every_refused_upgrade_leaves_the_route_unless_the_account_is_refused() {
    for cause in Cause::ALL {
        let refused = fault(Phase::Upgrade, *cause);
        let other = first(&refused, &AttemptHistory::new()) == Reaction::OtherRoute;
        assert_eq!(other, !about_the_account(*cause), "{cause:?}");
    }
}

#[test]
fn offline_is_waited_out_without_a_word_to_anybody_else() {
    let offline = fault(Phase::Connect, Cause::Offline);
    let mut taken = vec![];
    let mut pauses = vec![];
    for _ in 0..40 {
        let mut now = history(&taken);
        now.failed(&offline);
        let reactions = react(&offline, &now, BUDGET);
        // A provider on this machine is no word to anybody else.
        let (here, reactions) = match reactions.split_first() {
            Some((Reaction::ProviderHere, rest)) => (true, rest),
            _ => (false, &reactions[..]),
        };
        assert_eq!(here, pauses.len() >= 3, "a handover is waited out");
        let [Reaction::SameRoute { backoff }, Reaction::Stop] = reactions[..] else {
            panic!("{reactions:?}");
        };
        pauses.push(backoff.as_secs());
        taken.push((Cause::Offline, Reaction::SameRoute { backoff }));
    }
    assert_eq!(pauses[..6], [1, 2, 4, 8, 15, 15]);
    assert_eq!(history(&taken).spent(), 0, "it costs no budget");
}

#[test]
fn the_node_is_suspected_from_its_second_failure_on() {
    let wait = Reaction::Wait {
        length: Duration::ZERO,
    };
    let failures = |causes: &[Cause]| {
        let steps: Vec<_> = causes.iter().map(|cause| (*cause, wait)).collect();
        history(&steps).failures_of_the_node()
    };
    let twice = [Cause::Silent, Cause::Reset, Cause::ServerError];
    assert_eq!((failures(&twice[..2]), failures(&twice)), (1, 2));
    assert_eq!(failures(&[Cause::Cut, Cause::RateLimited]), 0);
}
